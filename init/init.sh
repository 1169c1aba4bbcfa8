#!/bin/sh
# Runs once before everything else, and can run again at any time: makes each volume writable for the user that its
# service runs as, and makes the passwords, so that a plain `docker compose up` needs no .env and no secret is in the
# repository. Runs as root in the busybox of the Prometheus image, which is pulled anyway.
set -eu

# The users are those of the images. A new volume belongs to root.
chown 65534:65534 /volumes/prometheus /volumes/alertmanager
chown 472:0 /volumes/grafana
chown 10001:10001 /volumes/loki /volumes/jaeger /volumes/collector

# Every service writes its own files here and the collector reads them all; as in /tmp, nobody removes another's.
chmod 1777 /volumes/logs
# PostgreSQL makes its files but not the folder.
mkdir -p /volumes/logs/postgres
chown 999:999 /volumes/logs/postgres
chmod 755 /volumes/logs/postgres
# Redis would make its file readable by nobody else.
touch /volumes/logs/redis.log
chown 999:999 /volumes/logs/redis.log
chmod 644 /volumes/logs/redis.log

# A file is named for its container, and a container that is made anew takes a new one: what nobody has written to for
# a week, as long as Loki keeps lines, goes.
find /volumes/logs -type f -name '*.log*' ! -name '*.audit.log*' -mtime +7 -exec rm -f {} +
# An audit log goes as a whole, and not while it may still be written to, if rarely: with its older files gone, what is left
# would look as if somebody had cut it off. What was put aside as evidence stays.
find /volumes/logs -maxdepth 1 -type f -name '*.audit.log' -mtime +30 -exec sh -c 'for log; do rm -f "$log" "$log".[0-9]; done' - {} +

# write_secret <name> <value>: whole or not at all, so that a start that is cut off leaves no half password. Readable by
# every user, because the services that need it run as different ones; only they have the volume.
write_secret() {
  printf '%s' "$2" >"/volumes/secrets/.$1"
  chmod 444 "/volumes/secrets/.$1"
  mv -f "/volumes/secrets/.$1" "/volumes/secrets/$1"
}

# 32 letters and digits: 190 bits.
random_password() { head -c 4096 /dev/urandom | tr -dc 'A-Za-z0-9' | head -c 32; }

# What is there is kept: the database was made with it, and a service reads its token once.
[ -s /volumes/secrets/postgres_password ] || write_secret postgres_password "$(random_password)"
# What Alertmanager and `make up` show when they tell the API of incidents and deployments.
[ -s /volumes/secrets/delivery_token ] || write_secret delivery_token "$(random_password)"

# What the exchange proves itself with to the card gateway, and what the gateway signs its webhooks with.
for name in gateway_key gateway_webhook_secret; do
  [ -s "/volumes/secrets/$name" ] || write_secret "$name" "$(random_password)"
done

# What the customer who walks the synthetic journeys registered with, and logs in with.
[ -s /volumes/secrets/synthetic_password ] || write_secret synthetic_password "$(random_password)"

# What Grafana reads the trading database with, as a role that sees its reports alone; made where there is none, too, because
# Grafana wants the file.
[ -s /volumes/secrets/reporting_password ] || write_secret reporting_password "$(random_password)"

# What the user sets wins. Grafana takes it when its volume is new; later: grafana cli admin reset-admin-password.
if [ -n "${GRAFANA_ADMIN_PASSWORD:-}" ]; then
  write_secret grafana_admin_password "$GRAFANA_ADMIN_PASSWORD"
elif [ ! -s /volumes/secrets/grafana_admin_password ]; then
  write_secret grafana_admin_password "$(random_password)"
fi
