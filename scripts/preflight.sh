#!/usr/bin/env bash
# Checks, before anything is started, what `make up` needs: the settings, free ports, memory and disk. Says everything
# that is wrong, one line each with its remedy, and changes nothing.
#
#   scripts/preflight.sh
#
set -euo pipefail
source "$(dirname "$0")/environment.sh"

# Measured with `make status`: the containers together hold under 1.4 GB. Images and a day's data need the disk.
readonly needed_memory_mb=${NEEDED_MEMORY_MB:-2000}
readonly needed_disk_mb=${NEEDED_DISK_MB:-5000}

problems=0
problem() {
  echo "✗ $*" >&2
  problems=$((problems + 1))
}

# The running containers of this very stack.
our_containers() {
  docker ps --quiet --filter "label=com.docker.compose.project=$(value_of COMPOSE_PROJECT_NAME || echo crows-nest)" 2>/dev/null || true
}

# The settings there are: those of .env.example.
known_settings() { grep -oE '^[A-Z_]+=' .env.example | tr -d '='; }

readonly weekday='(sunday|monday|tuesday|wednesday|thursday|friday|saturday)'

# What setting $1 must look like, as $pattern, and how to say so, as $expected.
rule_for() {
  case $1 in
    *_PORT) pattern='^[0-9]{1,5}$' expected='a port from 1 to 65535' ;;
    BIND_ADDRESS) pattern='^[0-9]{1,3}(\.[0-9]{1,3}){3}$' expected='an IPv4 address such as 127.0.0.1' ;;
    GRAFANA_PULL) pattern='^(missing|never)$' expected='missing or never' ;;
    GRAFANA) pattern='^[01]$' expected='1, or 0 to leave it out' ;;
    *_URL) pattern='^(https?://.+)?$' expected='an address such as https://grafana.example.org, or empty' ;;
    TRAFFIC) pattern='^[0-9]$' expected='how many copies of the traffic run, 0 to 9' ;;
    SUBSCRIPTION_PERIOD_SECONDS) pattern='^[1-9][0-9]{0,7}$' expected='whole seconds, at most 31622400 (366 days)' ;;
    MARKET_SEED) pattern='^[0-9]{1,9}$' expected='a whole number' ;;
    ENVIRONMENT) pattern='^[a-z][a-z0-9-]{0,31}$' expected='a short name in small letters such as demo' ;;
    LOG_LEVEL) pattern='^(error|warn|info|http|debug)$' expected='error, warn, info, http or debug' ;;
    DEBUG) pattern='^(-?app:[A-Za-z0-9_:*-]+([ ,]+-?app:[A-Za-z0-9_:*-]+)*)?$' expected='namespaces such as app:* or app:market,app:outbox, or empty' ;;
    GRAFANA_ANONYMOUS) pattern='^(true|false)$' expected='true or false' ;;
    FAULTS) pattern='^(on|off)$' expected='on or off' ;;
    DEBUG_REQUESTS) pattern='^(true|false)$' expected='true or false' ;;
    TRACES_EXPORTER) pattern='^(jaeger|otlp|none)$' expected='jaeger, otlp or none' ;;
    TRACES_SAMPLER_ARG) pattern='^(0(\.[0-9]+)?|1(\.0+)?)$' expected='a number from 0 to 1' ;;
    SENTRY_DSN) pattern='^(https?://[^@/]+@.+/[0-9]+)?$' expected='a DSN such as https://KEY@HOST/PROJECT, or empty' ;;
    METRICS_RETENTION) pattern='^[0-9]+[smhd]$' expected='a duration such as 15d' ;;
    LOGS_RETENTION | TRACES_RETENTION) pattern='^[0-9]+[smh]$' expected='a duration such as 168h' ;;
    GRAFANA_ADMIN_PASSWORD) pattern='^(.{8,})?$' expected='at least 8 characters, or empty to have one generated' ;;
    HOST_CA_BUNDLE) pattern='^\.?/' expected='the path of a file with certificates, beginning with / or ./' ;;
    PAGERDUTY_ROUTING_KEY) pattern='^([A-Za-z0-9]{32})?$' expected='the key of an Events API v2 integration, 32 letters and digits, or empty' ;;
    SLACK_BOT_TOKEN) pattern='^(xox[a-z]-[A-Za-z0-9-]+)?$' expected='a token such as xoxb-…, or empty' ;;
    SMTP_SMARTHOST) pattern='^([A-Za-z0-9.-]+:[0-9]{1,5})?$' expected='a mail server with its port such as smtp.example.org:587, or empty' ;;
    SMTP_REQUIRE_TLS) pattern='^(true|false)?$' expected='true or false' ;;
    SMTP_FROM) pattern='^([^{},]*<?[^@ <>{},]+@[^@ <>{},]+>?)?$' expected='one mail address such as alerts@example.org, or empty' ;;
    SMTP_TO) pattern='^([^@ {},]+@[^@ {},]+(, ?[^@ {},]+@[^@ {},]+)*)?$' expected='mail addresses with commas between, such as on-call@example.org, or empty' ;;
    SNS_REGION) pattern='^([a-z]{2}(-[a-z]+)+-[0-9])?$' expected='a region such as eu-central-1, or empty' ;;
    SMS_PHONE_NUMBER) pattern='^(\+[1-9][0-9]{6,14})?$' expected="a number with + and the country's code such as +15550100, or empty" ;;
    BUSINESS_HOURS_ZONE) pattern='^([A-Za-z_]+(/[A-Za-z0-9_+-]+)*)?$' expected='a zone such as Europe/Berlin, or empty' ;;
    BUSINESS_HOURS_DAYS) pattern="^($weekday(:$weekday)?)?\$" expected='days such as monday:friday, or empty' ;;
    BUSINESS_HOURS_START | BUSINESS_HOURS_END) pattern='^((([01][0-9]|2[0-3]):[0-5][0-9])|24:00)?$' expected='a time from 00:00 to 24:00, or empty' ;;
    *) pattern='' expected='anything' ;;
  esac
}

check_settings() {
  local name pattern expected value line number=0
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    case $line in '' | '#'*) continue ;; esac
    name=${line%%=*}
    if ! [[ $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; then
      problem "$env_file line $number is not NAME=value: '$line'. Correct or remove it."
    elif [[ $name == OTEL_TRACES_EXPORTER || $name == OTEL_TRACES_SAMPLER_ARG ]]; then
      problem "$env_file line $number sets $name, which is called ${name#OTEL_} here. Rename it."
    elif [[ $name != COMPOSE_* ]] && ! known_settings | grep -qx "$name"; then
      problem "$env_file line $number sets $name, which nothing reads. See .env.example for the names there are."
    fi
  done < <(cat "$env_file" 2>/dev/null)
  for name in $(known_settings); do
    value=$(value_of "$name") || continue
    rule_for "$name"
    if ! [[ $value =~ $pattern ]] || { [[ $name == *_PORT ]] && ! [ "$((10#$value))" -ge 1 -a "$((10#$value))" -le 65535 ]; }; then
      [[ $name =~ PASSWORD|SENTRY_DSN|TOKEN|ROUTING_KEY|WEBHOOK_URL|HEARTBEAT_URL ]] && value='not shown'
      problem "$name is '$value', but must be $expected. Correct it in $env_file, or remove the line to have the default."
    fi
  done
}

# Settings that only make sense together, of those who hear of alerts.
check_receivers() {
  local zone start end first last
  # Alertmanager would say so for each mail that it cannot send, and to nobody who reads.
  if [ -n "$(value_of SMTP_USERNAME)" ]; then
    [ -n "$(value_of SMTP_PASSWORD)" ] || problem "SMTP_USERNAME needs SMTP_PASSWORD. Set it in $env_file."
    [ "$(value_of SMTP_REQUIRE_TLS)" = true ] || problem "SMTP_USERNAME needs SMTP_REQUIRE_TLS=true, for a login is only sent over TLS. Set it in $env_file."
  fi
  zone=$(value_of BUSINESS_HOURS_ZONE || true)
  if [ -n "$zone" ] && [ -d /usr/share/zoneinfo ] && ! [ -f "/usr/share/zoneinfo/$zone" ]; then
    problem "BUSINESS_HOURS_ZONE is '$zone', which is no zone of the time zone database. See /usr/share/zoneinfo for the names there are, and correct it in $env_file."
  fi
  start=$(value_of BUSINESS_HOURS_START | grep . || echo 09:00)
  end=$(value_of BUSINESS_HOURS_END | grep . || echo 17:00)
  [[ $start < $end ]] || problem "BUSINESS_HOURS_START is $start, which is not before BUSINESS_HOURS_END, $end. Correct one of them in $env_file."
  IFS=: read -r first last <<<"$(value_of BUSINESS_HOURS_DAYS || true)"
  if [ -n "$last" ] && ! [[ $weekday =~ $first.*$last || $first == "$last" ]]; then
    problem "BUSINESS_HOURS_DAYS is '$first:$last', but the week goes from sunday to saturday, and $last comes before $first in it. Correct it in $env_file."
  fi
}

# What needs no login is for who is on this machine.
check_open_doors() {
  local address
  address=$(value_of BIND_ADDRESS || echo 127.0.0.1)
  [[ $address != 127.* ]] || return 0
  [[ $(value_of GRAFANA_ANONYMOUS || echo true) == false ]] ||
    problem "BIND_ADDRESS is '$address' and GRAFANA_ANONYMOUS is true: whoever reaches this machine could read every log line and trace. Set GRAFANA_ANONYMOUS=false in $env_file."
  [[ $(value_of FAULTS || echo on) == off ]] ||
    problem "BIND_ADDRESS is '$address' and FAULTS is on: whoever reaches this machine could break the trading system. Set FAULTS=off in $env_file."
}

# name=port of every port that is published, with the defaults of .env.example where nothing else is said.
ports() {
  local name default
  grep -oE '^[A-Z_]+_PORT=[0-9]+' .env.example | while IFS='=' read -r name default; do
    echo "$name=$(value_of "$name" || echo "$default")"
  done
}

# Whether something listens on port $1 of this machine, asked by connecting to it: no tool beyond bash is needed.
listens() {
  local address
  address=$(value_of BIND_ADDRESS || echo 127.0.0.1)
  (exec 3<>"/dev/tcp/${address/#0.0.0.0/127.0.0.1}/$1") 2>/dev/null
}

check_ports() {
  local name port seen='' ours
  # The ports of a stack that is already up are its own, and are not in the way of starting it again.
  ours=$(our_containers | xargs -r docker inspect --format '{{range .NetworkSettings.Ports}}{{range .}}{{println .HostPort}}{{end}}{{end}}' 2>/dev/null || true)
  while IFS='=' read -r name port; do
    if grep -qx "$port" <<<"$seen"; then
      problem "$name is $port, which another setting uses as well. Give each a port of its own in $env_file."
    elif listens "$port" && ! grep -qx "$port" <<<"$ours"; then
      problem "port $port ($name) is in use by another program. Stop it ('ss -ltnp | grep :$port' names it), or set $name to a free port in $env_file."
    fi
    seen+=$'\n'$port
  done < <(ports)
}

check_memory() {
  [ -r /proc/meminfo ] || return 0 # Docker Desktop has memory of its own; its settings say how much
  [ -z "$(our_containers)" ] || return 0 # what runs already holds the memory it needs
  local available
  available=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
  [ "$available" -ge "$needed_memory_mb" ] ||
    problem "$available MB of memory are free, $needed_memory_mb MB are needed. Close other programs, or use a larger machine."
}

check_disk() {
  local available
  available=$(free_disk_mb)
  [ "$available" -ge "$needed_disk_mb" ] ||
    problem "$available MB of disk are free under $(docker_directory), $needed_disk_mb MB are needed. Free some: 'docker system df' shows what Docker holds."
}

check_settings
# Only what each may be can be compared: ports once they are numbers, an address once it is one.
if [ "$problems" -eq 0 ]; then
  check_receivers
  check_ports
  check_open_doors
fi
check_memory
check_disk

[ "$problems" -eq 0 ] || exit 1
