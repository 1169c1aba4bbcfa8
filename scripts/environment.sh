# Sourced by the other scripts: where we are, and the host's certificate authorities.
# shellcheck shell=bash
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# The settings: this file, which may be missing. A variable of the shell wins, as it does for Compose.
readonly env_file=${COMPOSE_ENV_FILES:-.env}

# The value of setting $1: the shell's, else the file's. Fails when neither sets it.
value_of() {
  if [ -n "${!1+set}" ]; then
    printf '%s' "${!1}"
  else
    [ -f "$env_file" ] && grep -qE "^$1=" "$env_file" &&
      grep -E "^$1=" "$env_file" | tail -n 1 | sed -E "s/^$1=//; s/^(['\"])(.*)\1\$/\2/" | tr -d '\n'
  fi
}

# Image builds hand these to npm, go and apt as a build secret, for networks whose proxy inspects TLS. They are never
# part of an image. Where none is named in .env and the host keeps none in the usual places, builds use what they find.
if [ -z "${HOST_CA_BUNDLE:-}" ]; then
  named=$(value_of HOST_CA_BUNDLE || true)
  for bundle in "$named" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -r "$bundle" ] && [ -s "$bundle" ]; then
      # A copy within the repository: newer Docker reads no build secret from outside of it.
      mkdir -p .cache
      cp -f "$bundle" .cache/ca.pem
      export HOST_CA_BUNDLE=$PWD/.cache/ca.pem
      break
    fi
  done
fi

# Where Docker keeps images and data, and how many megabytes are free there.
docker_directory() {
  local directory
  directory=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null || true)
  if [ -d "$directory" ]; then echo "$directory"; else echo /var/lib; fi
}
free_disk_mb() { df -Pm "$(docker_directory)" | awk 'NR == 2 { print $4 }'; }

# Grafana is in no package registry, so without an image registry its image may be missing; then it is left out, and all
# the rest comes up without it. To be asked once the images are there.
leave_grafana_out_if_missing() {
  local image
  image=$(docker compose config --images | grep '^grafana/grafana:')
  docker image inspect "$image" >/dev/null 2>&1 || export GRAFANA=0 GRAFANA_PULL=never
}

readonly node_image=node:24.21.0-trixie-slim
