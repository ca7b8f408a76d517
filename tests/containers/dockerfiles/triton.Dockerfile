# Stands in for nvcr.io/nvidia/tritonserver: the server's PyPI package with our backend where the real one brings ONNX Runtime.
FROM standin-embedded:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home triton-server && mkdir /opt/tritonserver
WORKDIR /opt/standin
COPY contracts contracts
COPY chassis chassis
COPY services services
COPY screenalytics screenalytics
COPY models models
COPY tests/containers/dockerfiles/tritonserver.py /usr/local/bin/tritonserver
RUN PYTHONPATH=/opt/standin /opt/embedded/bin/python /usr/local/bin/tritonserver --stage
WORKDIR /opt/tritonserver
EXPOSE 8000 8001 8002
