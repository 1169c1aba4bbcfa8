#!/bin/sh
# Entrypoint of the stand-in for the official redis image: options or a configuration file alone mean the server, and a
# server started as root goes on as redis, with the data in the working directory its own.
set -e
case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis '{}' +
  exec setpriv --reuid redis --regid redis --clear-groups -- "$0" "$@"
fi
# Files of the data set are nobody else's business, unless the umask was set on purpose.
if [ "$(umask)" = 0022 ]; then umask 0077; fi
exec "$@"
