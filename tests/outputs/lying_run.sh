#!/bin/sh
# lying_run.sh FOLDER: says as soon as it begins that it has ended well, and all of that at once.
mkdir -p "$1"
printf '{"schema":"runhook/run","schema_version":1,"session":"lie","pid":%d,"outcome":{"kind":"completed"},"end":"now","exit_status":0}\n' \
  $$ >"$1/run.json.1.1.new"
mv "$1/run.json.1.1.new" "$1/run.json"
exec sleep 10
