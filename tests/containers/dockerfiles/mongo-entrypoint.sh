#!/bin/bash
# As the official image does: the data belongs to the server's user, and the server runs as that user.
set -e
if [ "$(id -u)" = 0 ]; then
  chown -R mongodb:mongodb /data/db
  exec setpriv --reuid=mongodb --regid=mongodb --init-groups "$0" "$@"
fi
shift
exec env PYTHONPATH=/opt/standin HOME=/data/db /opt/embedded/bin/python -m tests.containers.dockerfiles.mongo_server "$@"
