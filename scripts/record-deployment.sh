#!/usr/bin/env bash
# Tells the running API which commit it runs, for the delivery figures of /dora; nothing when it was told of it before, or
# when this folder is no git repository.
#
#   scripts/record-deployment.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

commits=$(git log --max-count=500 --format='%H %cI' 2>/dev/null) || exit 0
docker compose exec -T api node services/trading/src/delivery/record-main.ts <<<"$commits"
