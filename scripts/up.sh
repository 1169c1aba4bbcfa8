#!/usr/bin/env bash
# Brings everything up and ends only when every component answers: checks, Docker, images, start, doctor, addresses.
# What is already there is used; what is already running stays.
#
#   scripts/up.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

scripts/preflight.sh
scripts/docker.sh
scripts/images.sh

# Grafana is in no package registry: without an image registry it may be missing, and all the rest comes up without it.
services=$(docker compose config --services)
grafana=$(docker compose config --images | grep '^grafana/grafana:')
if ! docker image inspect "$grafana" >/dev/null 2>&1; then
  services=$(grep -vx grafana <<<"$services")
  echo "up: Grafana is left out, since $grafana can neither be pulled nor built here; airgap/README.md says how to add it"
fi

# shellcheck disable=SC2086 # a list of names
docker compose up -d --quiet-pull --remove-orphans $services
scripts/doctor.sh --wait
echo
scripts/urls.sh
