# Stands in for mongo:8.0: the embedded MongoDB-protocol server, with users, roles and a replica set's name before it,
# and the real mongosh.
FROM standin-embedded:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 libatomic1 && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 999 mongodb && useradd --uid 999 --gid 999 --home-dir /data/db mongodb \
    && mkdir -p /data/db && chown mongodb:mongodb /data/db \
    && ln -s /opt/mongosh/node_modules/.bin/mongosh /usr/local/bin/mongosh
COPY node /usr/local/bin/node
COPY node_modules /opt/mongosh/node_modules
COPY tests/support/mongo_rights.py /opt/standin/tests/support/mongo_rights.py
COPY tests/containers/dockerfiles/mongo_server.py tests/containers/dockerfiles/scram.py /opt/standin/tests/containers/dockerfiles/
RUN touch /opt/standin/tests/__init__.py /opt/standin/tests/support/__init__.py /opt/standin/tests/containers/__init__.py
COPY tests/containers/dockerfiles/mongo-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /data/db
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["mongod"]
EXPOSE 27017
