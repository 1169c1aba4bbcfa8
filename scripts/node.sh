#!/usr/bin/env bash
# Installs the development packages, Node 24 itself among them, where package-lock.json asks for others than there are.
# The host's npm does it, of whatever version; a host without one lets the Node image do it.
#
#   scripts/node.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

[ package-lock.json -nt node_modules/.package-lock.json ] || exit 0

echo 'node: installing the development packages'
if command -v npm >/dev/null; then
  npm ci --no-audit --no-fund --loglevel=error
else
  scripts/docker.sh
  docker image inspect "$node_image" >/dev/null 2>&1 || docker pull --quiet "$node_image" 2>/dev/null || airgap/build.sh "$node_image"
  docker run --rm --network host --user "$(id -u):$(id -g)" --env HOME=/tmp --env npm_config_cafile=/ca.pem \
    --volume "${HOST_CA_BUNDLE:-/dev/null}:/ca.pem:ro" --volume "$PWD:/work" --workdir /work \
    "$node_image" npm ci --no-audit --no-fund --loglevel=error
fi
touch node_modules/.package-lock.json
