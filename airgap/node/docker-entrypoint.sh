#!/bin/sh
set -e
# `docker run node app.js` and `docker run node --version` mean node; `docker run node bash` means bash.
if [ "${1#-}" != "$1" ] || ! command -v "$1" >/dev/null 2>&1 || { [ -f "$1" ] && ! [ -x "$1" ]; }; then
  set -- node "$@"
fi
exec "$@"
