#!/usr/bin/env bash
# Checks that each third-party image is as the official one of its name is, as far as the compose files and the health
# checks lean on it: user, entrypoint, which tools it has, that it has no shell where the original has none, and what
# version its program says it is. It holds for the official images as well as for the stand-ins. Exits 1 with the
# differences. An image that is not there is a difference too, except Grafana's, which cannot be built everywhere.
#
#   airgap/check.sh [image…]
set -euo pipefail

# image | user | entrypoint | tools (- : has not even a shell) | how to ask the version | what the answer contains
readonly expectations='
node:24.21.0-trixie-slim | | docker-entrypoint.sh | node npm npx | --version | v24.21.0
postgres:17.12 | | docker-entrypoint.sh | postgres psql pg_isready pgbench gosu | postgres --version | (PostgreSQL) 17.
redis:8.0.5 | | docker-entrypoint.sh | redis-server redis-cli | redis-server --version | v=8.0.
prom/prometheus:v3.15.0 | nobody | /bin/prometheus | wget /bin/prometheus /bin/promtool | --version | version 3.15.0
prom/alertmanager:v0.31.1 | nobody | /bin/alertmanager | wget sh awk /bin/alertmanager /bin/amtool | --version | version 0.31.1
prom/node-exporter:v1.9.0 | nobody | /bin/node_exporter | wget /bin/node_exporter | --version | version 1.9.0
prom/blackbox-exporter:v0.26.0 | | /bin/blackbox_exporter | wget /bin/blackbox_exporter | --version | version 0.26.0
quay.io/prometheuscommunity/postgres-exporter:v0.17.1 | nobody | /bin/postgres_exporter | wget /bin/postgres_exporter | --version | version 0.17.1
oliver006/redis_exporter:v1.69.0 | 59000:59000 | /redis_exporter | - | --version | 1.69.0
grafana/loki:3.7.8 | 10001 | /usr/bin/loki | - | --version | version 3.7.8
jaegertracing/jaeger:2.13.0 | 10001 | /cmd/jaeger/jaeger-linux | wget sh | version | v2.13.0
otel/opentelemetry-collector-contrib:0.152.0 | 10001:10001 | /otelcol-contrib | - | --version | 0.152.0
grafana/k6:1.8.1 | 12345 | k6 | k6 sh | version | k6 v1.8.1
caddy:2.11.9 | | | caddy wget | caddy version | v2.11.9
ghcr.io/google/cadvisor:v0.60.3 | | /usr/bin/entrypoint.sh | wget /usr/bin/cadvisor /usr/bin/healthcheck.sh | --version | v0.60.3
grafana/grafana:12.4.10 | 472 | /run.sh | grafana wget | server --version | 12.4.
'

# differs <image> <what> <expected> <found>
differs() { echo "airgap check: $1: $2 should be '$3', is '$4'"; }

check_image() {
  local image=$1 user=$2 entrypoint=$3 tools=$4 version_command=$5 version=$6 found
  if ! docker image inspect "$image" >/dev/null 2>&1; then
    differs "$image" 'the image' present 'missing: run airgap/build.sh'
    return
  fi

  found=$(docker image inspect --format '{{.Config.User}}' "$image")
  [ "$found" = "$user" ] || differs "$image" user "$user" "$found"
  found=$(docker image inspect --format '{{join .Config.Entrypoint " "}}' "$image")
  [ "$found" = "$entrypoint" ] || differs "$image" entrypoint "$entrypoint" "$found"

  if [ "$tools" = - ]; then
    ! docker run --rm --network none --entrypoint /bin/sh "$image" -c : >/dev/null 2>&1 ||
      differs "$image" 'a shell' 'absent' 'present'
  else
    # shellcheck disable=SC2016 # for the container's shell
    found=$(docker run --rm --network none --entrypoint sh "$image" -c \
      'for tool in $0; do command -v "$tool" >/dev/null || echo "$tool"; done' "$tools" 2>&1 | paste -sd ' ')
    [ -z "$found" ] || differs "$image" 'tools missing' '' "$found"
  fi

  # shellcheck disable=SC2086 # a command and its argument
  found=$(docker run --rm --network none "$image" $version_command 2>&1 | head -c 2000 || true)
  case $found in
    *"$version"*) ;;
    *) differs "$image" "the answer to $version_command" "…$version…" "$(head -n 3 <<<"$found" | paste -sd ' ')" ;;
  esac
}

trim() {
  local value=$1
  value=${value#"${value%%[![:space:]]*}"}
  echo "${value%"${value##*[![:space:]]}"}"
}

results=$(mktemp)
trap 'rm -f "$results"' EXIT
checked=0
known=0
while IFS='|' read -r image user entrypoint tools version_command version; do
  image=$(trim "$image")
  [ -n "$image" ] || continue
  [ $# -eq 0 ] || [[ " $* " == *" $image "* ]] || continue
  known=$((known + 1))
  if [[ $image == grafana/grafana:* ]] && ! docker image inspect "$image" >/dev/null 2>&1; then
    echo "airgap check: $image is not there, not checked (airgap/README.md says how to add it)"
    continue
  fi
  checked=$((checked + 1))
  check_image "$image" "$(trim "$user")" "$(trim "$entrypoint")" "$(trim "$tools")" "$(trim "$version_command")" "$(trim "$version")" >>"$results" &
done <<<"$expectations"
[ "$known" -gt 0 ] || { echo "airgap check: no known image among: $*" >&2; exit 1; }
wait

if [ -s "$results" ]; then
  sort "$results" >&2
  exit 1
fi
echo "airgap check: $checked images are as the official ones are"
