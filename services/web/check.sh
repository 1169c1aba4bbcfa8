#!/bin/sh
# Whether Caddy can run with this configuration: adapts and provisions it, as the running gateway would, without listening.
set -eu
cd "$(dirname "$0")"
exec docker run --rm --network none --tmpfs /logs \
  -v "$PWD/Caddyfile:/etc/caddy/Caddyfile:ro" \
  caddy:2.11.9 caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile
