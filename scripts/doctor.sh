#!/usr/bin/env bash
# Asks every component whether it is well and says what to do about what is not. Exits 1 when something is wrong.
#
#   scripts/doctor.sh           as it is now
#   scripts/doctor.sh --wait    gives it two minutes to become well first
set -euo pipefail
source "$(dirname "$0")/environment.sh"

containers=$(docker compose ps --all --format json)
if [ -z "$containers" ]; then
  echo "doctor: nothing is running. Start it with 'make up'." >&2
  exit 1
fi

if [ "${1:-}" = --wait ]; then
  while [ "$SECONDS" -lt 120 ] && grep -qE '"Health":"starting"|"State":"(created|restarting)"' <<<"$containers"; do
    sleep 1
    containers=$(docker compose ps --all --format json)
  done
fi

# The questions are asked from inside the compose network, where every component has its own name and port, by a
# container that can reach nothing else of this machine.
project=$(sed -n 's/.*"Project":"\([^"]*\)".*/\1/p;q' <<<"$containers")
services=$(docker compose config --services)
# shellcheck disable=SC2086 # a list of names
docker run --rm --interactive --network "${project}_default" --read-only --cap-drop ALL \
  --volume "$PWD/doctor:/doctor:ro" "$node_image" node /doctor/main.ts "$@" $services <<<"$containers"
