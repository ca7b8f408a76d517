# Stands in for chrislusf/seaweedfs: the same version's program, from its PyPI package.
FROM standin-embedded:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends wget && rm -rf /var/lib/apt/lists/* \
    && ln -s /opt/embedded/bin/weed /usr/bin/weed && mkdir /data
VOLUME /data
ENTRYPOINT ["weed", "-logtostderr=true"]
