# Stands in for apache/kafka: the same version's jars, from Maven Central.
FROM standin-debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home appuser && mkdir -p /var/lib/kafka/data && chown appuser /var/lib/kafka/data
COPY jars /opt/kafka/libs
COPY tests/containers/dockerfiles/kafka-broker-api-versions.sh /opt/kafka/bin/kafka-broker-api-versions.sh
COPY tests/containers/dockerfiles/kafka-entrypoint.sh /opt/kafka/bin/entrypoint.sh
USER appuser
VOLUME /var/lib/kafka/data
ENTRYPOINT ["/opt/kafka/bin/entrypoint.sh"]
EXPOSE 9092
