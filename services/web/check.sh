#!/bin/sh
# Whether Caddy can run with this configuration, and whether it is formatted: adapts and provisions it as the running gateway
# would, without listening. Says what is wrong only when something is.
set -eu
cd "$(dirname "$0")"

caddy() {
  docker run --rm --pull never --network none --tmpfs /logs -v "$PWD/Caddyfile:/etc/caddy/Caddyfile:ro" caddy:2.11.9 caddy "$@"
}

if ! output=$(caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile 2>&1); then
  printf '%s\n' "$output" >&2
  exit 1
fi
if ! caddy fmt /etc/caddy/Caddyfile > /dev/null; then
  echo 'services/web/Caddyfile is not formatted: caddy fmt --overwrite services/web/Caddyfile' >&2
  exit 1
fi
echo 'services/web/Caddyfile: valid and formatted'
