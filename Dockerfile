# One small image for all five services, and one with the model repository for Triton.
#
#   docker build -t screenalytics .
#   docker build --target triton -t screenalytics-triton .
#
# A release pins the bases by digest:
#   --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:...
#   --build-arg TRITON_IMAGE=nvcr.io/nvidia/tritonserver:24.10-py3@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG TRITON_IMAGE=nvcr.io/nvidia/tritonserver:24.10-py3

# Packages and our own code in one virtual environment, without pip in it, without the packages' own tests and headers
# (a sixth of it), and with stand-ins for the two GPL encoders that some wheels bring along (docs/licences.md).
FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
RUN python -m venv /opt/builder && python -m venv --without-pip /opt/screenalytics
COPY deploy/docker/without_gpl.py deploy/docker/without_gpl.py
COPY deploy/docker/build.lock requirements-service.lock ./
RUN /opt/builder/bin/pip install --require-hashes --only-binary :all: -r build.lock
RUN /opt/builder/bin/pip --python /opt/screenalytics/bin/python install \
        --require-hashes --only-binary :all: -r requirements-service.lock \
    && python deploy/docker/without_gpl.py /opt/screenalytics/lib/python3.11/site-packages
COPY pyproject.toml README.md ./
COPY contracts contracts
COPY chassis chassis
COPY services services
COPY screenalytics screenalytics
COPY console/dist screenalytics/console_dist
RUN /opt/builder/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/builder/bin/pip --python /opt/screenalytics/bin/python install --no-deps --no-index /wheels/*.whl \
    && find /opt/screenalytics/lib -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf /opt/screenalytics/lib/python3.11/site-packages/pyarrow/include \
    && /opt/screenalytics/bin/python -m compileall -q /opt/screenalytics/lib

# The converted models, each file checked against the registry's hashes.
FROM ${PYTHON_IMAGE} AS models
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/models
COPY requirements-run.lock ./
RUN /opt/models/bin/pip install --require-hashes --only-binary :all: -r requirements-run.lock
COPY contracts contracts
COPY chassis chassis
COPY services services
COPY screenalytics screenalytics
COPY models models
COPY deploy/triton deploy/triton
RUN PYTHONPATH=. /opt/models/bin/python deploy/triton/build_repository.py /models

# Triton with the models inside: the CPU and the GPU serve from the same repository.
FROM ${TRITON_IMAGE} AS triton
COPY --from=models /models /models
COPY models/build_engines.sh /usr/local/bin/build-engines
USER 1000:1000
EXPOSE 8000 8001 8002
CMD ["tritonserver", "--model-repository=/models", "--disable-auto-complete-config", \
     "--model-control-mode=explicit", "--load-model=dlib_resnet", "--load-model=face_detector", \
     "--load-model=face_finder", "--load-model=person_detector", "--load-model=sface", \
     "--strict-readiness=true", "--exit-timeout-secs=20"]

# Last, so that it is what a build without a target makes.
FROM ${PYTHON_IMAGE} AS service
RUN rm -rf /usr/local/lib/python3.11/site-packages/* /usr/local/lib/python3.11/ensurepip /usr/local/bin/pip* \
    && groupadd --gid 10001 screenalytics \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin screenalytics
COPY --from=build /opt/screenalytics /opt/screenalytics
ENV PATH=/opt/screenalytics/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SCREENALYTICS_HTTP__HOST=0.0.0.0 \
    SCREENALYTICS_HTTP__PORT=8080 \
    SCREENALYTICS_AUTH__MODE=keys
WORKDIR /tmp
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["screenalytics"]
CMD ["--help"]
