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
# The official image is compiled with protected mode off, since a container's ports are open only to whom Docker lets in.
# Debian's is not, so it is switched off here, unless the configuration file or an option speaks of it.
if [ "${1:-}" = redis-server ] && ! { [ -f "${2:-}" ] && grep -q '^ *protected-mode' "$2"; }; then
  case " $* " in
    *' --protected-mode '* | *' --version '* | *' -v '* | *' --help '* | *' -h '* | *' --test-memory '*) ;;
    *) set -- "$@" --protected-mode no ;;
  esac
fi
exec "$@"
