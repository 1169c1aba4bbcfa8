#!/usr/bin/env bash
# Every container with its state, health, memory and CPU, and what they use together.
#
#   scripts/status.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

ids=$(docker compose ps --all --quiet)
if [ -z "$ids" ]; then
  echo "status: nothing is running. Start it with 'make up'."
  exit 0
fi

docker compose ps --all --format 'table {{.Service}}\t{{.Status}}'
echo
running=$(docker compose ps --quiet)
[ -n "$running" ] || exit 0
# shellcheck disable=SC2086 # a list of ids
docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.CPUPerc}}' $running | sort | awk '
  function mb(text) {
    number = text + 0
    if (text ~ /GiB$/) return number * 1024
    if (text ~ /KiB$|kB$/) return number / 1024
    if (text ~ /MiB$/) return number
    return number / 1048576
  }
  BEGIN { printf "%-36s %9s %9s %7s\n", "CONTAINER", "MEMORY", "LIMIT", "CPU" }
  { printf "%-36s %6.0f MB %6.0f MB %7s\n", $1, mb($2), mb($4), $5; memory += mb($2); cpu += $5 }
  END { printf "%-36s %6.0f MB %9s %6.1f%%\n", "together", memory, "", cpu }'
