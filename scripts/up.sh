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

leave_grafana_out_if_missing
if [ "${GRAFANA:-1}" = 0 ]; then
  echo 'up: Grafana is left out, since its image can neither be pulled nor built here; airgap/README.md says how to add it'
fi
# Nothing is left to pull by now; Compose would try all the same for a service with no copies.
docker compose up --detach --pull never --remove-orphans
scripts/doctor.sh --wait
echo
scripts/urls.sh
