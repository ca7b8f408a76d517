#!/bin/sh
# Makes deploy/compose/local/: one file of secrets for each container, so that none holds another's. Nothing there is overwritten.
#   sh deploy/compose/make-secrets.sh [FOLDER]
set -eu
folder=${1:-$(dirname "$0")/local}
mkdir -p "$folder"
chmod 700 "$folder"
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
new() { [ ! -e "$folder/$1" ] && (umask 077 && : >"$folder/$1"); }
put() { printf '%s\n' "$2" >>"$folder/$1"; }

if ! new mongo.env; then
  echo "$folder holds secrets already; nothing was changed" >&2
  exit 0
fi
root=$(secret)
put mongo.env "MONGO_INITDB_ROOT_USERNAME=root"
put mongo.env "MONGO_INITDB_ROOT_PASSWORD=$root"
put mongo.env "MONGO_REPLICA_KEY=$(secret)"
new mongo-init.env
put mongo-init.env "MONGO_INITDB_ROOT_USERNAME=root"
put mongo-init.env "MONGO_INITDB_ROOT_PASSWORD=$root"
new s3.env
put s3.env "AWS_ACCESS_KEY_ID=$(secret)"
put s3.env "AWS_SECRET_ACCESS_KEY=$(secret)"
new s3-init.env
new grafana.env
put grafana.env "GF_SECURITY_ADMIN_PASSWORD=$(secret)"
for user in ingest detector embedder grouper identity webhooks api tools setup; do
  name=$(printf '%s' "$user" | tr '[:lower:]' '[:upper:]')
  password=$(secret)
  new "$user.env"
  put mongo-init.env "MONGO_PASSWORD_$name=$password"
  put "$user.env" "SCREENALYTICS_MONGO__URI=mongodb://screenalytics-$user:$password@mongo:27017/?replicaSet=rs0&authSource=screenalytics"
  [ "$user" = setup ] && continue
  access=$(secret) key=$(secret)
  put s3-init.env "S3_ACCESS_KEY_$name=$access"
  put s3-init.env "S3_SECRET_KEY_$name=$key"
  put "$user.env" "SCREENALYTICS_S3__ACCESS_KEY=$access"
  put "$user.env" "SCREENALYTICS_S3__SECRET_KEY=$key"
done
echo "secrets are in $folder"
