#!/usr/bin/env bash
# Prints every address with what it is for, and the logins.
#
#   scripts/urls.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

if [ -z "$(docker compose ps --quiet)" ]; then
  echo "urls: nothing is running. Start it with 'make up'." >&2
  exit 1
fi

# url <service> <port inside> <what it is for>; says nothing of a service that does not run
url() {
  local address
  address=$(docker compose port "$1" "$2" 2>/dev/null) || return 0
  [ -n "$address" ] && [ "$address" != ':0' ] || return 0
  printf '  http://%-22s %s\n' "${address/127.0.0.1/localhost}" "$3"
}

echo 'Open'
url web 80 'start here: every address, and whether it answers'
url grafana 3000 'Grafana: dashboards; reading needs no login'
url outside 8025 'the inbox: what Slack, PagerDuty, SMS and mail would have shown'
url prometheus 9090 'Prometheus: metrics and alert rules'
url alertmanager 9093 'Alertmanager: alerts and silences'
url jaeger 16686 'Jaeger: traces'
url loki 3100 'Loki: logs, through Grafana or its API'
url web 3000 'the trading API'
if grep -qx grafana <<<"$(docker compose ps --services --status running 2>/dev/null)"; then
  echo "Log in to Grafana, to edit, as admin with $(docker compose exec -T grafana cat /secrets/grafana_admin_password)"
fi
