#!/usr/bin/env bash
# Checks every component's configuration by the component's own tool, out of the very image that will run it, and the
# alert rules by their unit tests. One line each; what a failing tool says is shown; exit code 1 if any failed.
#
#   scripts/check-config.sh              all checks
#   scripts/check-config.sh prometheus   only those whose name begins so
set -uo pipefail
source "$(dirname "$0")/environment.sh"

readonly wanted=${1:-}
failed=0
ran=0

# check <name> <command…>
check() {
  local name=$1 output
  shift
  [[ $name == "$wanted"* ]] || return 0
  ran=$((ran + 1))
  if output=$("$@" 2>&1); then
    echo "ok    $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    echo "${output:-(no output)}" | tail -n 60 | sed 's/^/      /'
  fi
}

# The image of a service, as the compose file pins it.
image() { awk -v service="  $1:" '$0 == service { found = 1 } found && $1 == "image:" { print $2; exit }' docker-compose.monitoring.yml; }

# in_image <service> <docker options…> -- <arguments…>: the image's own program, without network, as the service runs.
in_image() {
  local service=$1 options=()
  shift
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  shift
  docker run --rm --pull=never --network=none --read-only --tmpfs=/tmp "${options[@]}" "$(image "$service")" "$@"
}

# Where the configurations are: here, or where the drills put their fast form (drills/README.md).
configuration=$PWD
promtool() {
  in_image prometheus -v "$configuration/prometheus:/etc/prometheus:ro" -w /etc/prometheus --entrypoint=/bin/promtool \
    -e ENVIRONMENT=demo -e GRAFANA_URL=http://grafana -e RUNBOOKS_URL=http://runbooks -- "$@"
}

# What alertmanager.yml takes of .env, with the defaults of .env.example. Exported, so that no secret is on a command line.
alertmanager_settings=$(grep -v '^ *#' alertmanager/alertmanager.yml | grep -oE '\$\{[A-Z_]+\}' | tr -d '${}' | sort -u)
for name in $alertmanager_settings; do
  export "$name=$(value_of "$name" | grep . || sed -n "s/^$name=//p" .env.example)"
done
# On /tmp/alertmanager.yml: the configuration as Alertmanager is given it.
amtool() {
  in_image alertmanager -v "$PWD/alertmanager:/etc/alertmanager:ro" --entrypoint=/bin/sh \
    $(printf -- '--env=%s ' $alertmanager_settings) -- /etc/alertmanager/start.sh /bin/amtool "$@"
}

# Who hears of which alert: alertmanager/tests/routes.txt, a line each. Prints the lines that are not so.
check_routes() {
  local routes labels expected actual wrong=0
  routes=$(grep -Ev '^(#|$)' alertmanager/tests/routes.txt)
  while IFS='>' read -r labels expected; do
    read -ra labels <<<"$labels"
    actual=$(amtool config routes test --config.file=/tmp/alertmanager.yml "${labels[@]}" </dev/null) || actual="failed: $actual"
    [ "$actual" = "${expected// /}" ] && continue
    echo "${labels[*]}: expected ${expected// /}, but it goes to $actual"
    wrong=1
  done <<<"$routes"
  [ -n "$routes" ] && [ "$wrong" -eq 0 ]
}

# The links and texts of every receiver, rendered for alertmanager/tests/alert.json.
check_templates() {
  local actual
  actual=$(amtool template render --template.glob='/etc/alertmanager/templates/*.tmpl' \
    --template.data=/etc/alertmanager/tests/alert.json --template.text="$(cat alertmanager/tests/every-template.tmpl)") || {
    echo "$actual"
    return 1
  }
  diff <(cat alertmanager/tests/expected.txt) <(echo "$actual")
}

# Loki has no tool for its rules: it starts, and says within seconds whether it could read them.
check_loki_rules() {
  local container said code=1
  container=$(docker run --detach --pull=never --network=none --read-only --tmpfs=/tmp --tmpfs=/loki:uid=10001 -v "$PWD/loki:/etc/loki:ro" \
    "$(image loki)" -config.file=/etc/loki/loki.yml -config.expand-env=true -log.level=info) || return 1
  for _ in {1..60}; do
    said=$(docker logs "$container" 2>&1 | grep -E 'updating rule file|unable to list rules') && break
    sleep 0.5
  done
  if grep -q 'unable to list rules' <<<"$said"; then echo "$said"; elif [ -n "$said" ]; then code=0; else docker logs "$container"; fi
  docker rm --force "$container" >/dev/null
  return "$code"
}

check 'prometheus: configuration and rules' promtool check config --lint=all --lint-fatal prometheus.yml
check 'prometheus: alert tests' promtool test rules $(cd prometheus && ls tests/*.yml)
check 'alertmanager: configuration' amtool check-config /tmp/alertmanager.yml
check 'alertmanager: routes' check_routes
check 'alertmanager: templates' check_templates
check 'blackbox: configuration' in_image blackbox-exporter -v "$PWD/blackbox:/etc/blackbox:ro" -- \
  --config.file=/etc/blackbox/blackbox.yml --config.check
check 'loki: configuration' in_image loki -v "$PWD/loki:/etc/loki:ro" -- \
  -config.file=/etc/loki/loki.yml -config.expand-env=true -verify-config
check 'loki: rules' check_loki_rules
check 'jaeger: configuration' in_image jaeger -v "$PWD/jaeger:/etc/jaeger:ro" -e TRACES_RETENTION=72h -- \
  validate --config=/etc/jaeger/jaeger.yml
check 'collector: configuration' in_image collector -v "$PWD/collector:/etc/collector:ro" --tmpfs=/collector:mode=1777 --tmpfs=/logs -- \
  validate --config=/etc/collector/collector.yml
check 'collector: configuration with Elasticsearch' in_image collector -v "$PWD/collector:/etc/collector:ro" --tmpfs=/collector:mode=1777 --tmpfs=/logs \
  -e ELASTICSEARCH_URL=http://elasticsearch:9200 -e ELASTICSEARCH_API_KEY= -- \
  validate --config=/etc/collector/collector.yml --config=/etc/collector/elastic.yml
configuration=$PWD/.cache/drill
check 'drills: the fast form can be generated' env PATH="$PWD/node_modules/.bin:$PATH" node -e "import('./drills/fast.ts').then(({ generate }) => generate())"
check 'drills: configuration and rules of Prometheus in their fast form' promtool check config --lint=all --lint-fatal prometheus.yml
check 'compose: monitoring half alone' docker compose -f docker-compose.monitoring.yml config --quiet
check 'compose: everything' docker compose config --quiet
check 'compose: with Elasticsearch' env ELASTICSEARCH_URL=http://elasticsearch:9200 \
  docker compose -f docker-compose.yml -f docker-compose.elastic.yml config --quiet
check 'compose: with the fast form of the drills' \
  docker compose -f docker-compose.yml -f drills/docker-compose.fast.yml config --quiet

if [ "$ran" -eq 0 ]; then
  echo "check-config: no check begins with '$wanted'" >&2
  exit 2
fi
exit $((failed > 0))
