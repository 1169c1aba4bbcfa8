#!/usr/bin/env bash
# Entrypoint of the stand-in for the official postgres image. It understands the part of that image's interface that is
# in common use: POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD (each also
# as …_FILE), PGDATA, and the scripts in /docker-entrypoint-initdb.d, which run once, when the data directory is new.
set -Eeuo pipefail

fail() {
  echo "postgres: $*" >&2
  exit 1
}

# from_file NAME DEFAULT: sets NAME from NAME, or from the file that NAME_FILE names (Docker secrets), else to DEFAULT.
from_file() {
  local name=$1 file_name=$1_FILE value=$2
  [ -z "${!name:-}" ] || [ -z "${!file_name:-}" ] || fail "both $name and $file_name are set; set one of them"
  if [ -n "${!name:-}" ]; then
    value=${!name}
  elif [ -n "${!file_name:-}" ]; then
    [ -r "${!file_name}" ] || fail "$file_name names ${!file_name}, which cannot be read"
    value=$(<"${!file_name}")
  fi
  export "$name=$value"
  unset "$file_name"
}

# `docker run postgres -c log_statement=all` means arguments for the server.
if [ "${1:0:1}" = '-' ]; then set -- postgres "$@"; fi
# Another command than the server (psql, pgbench, bash), or a question to it, needs none of what follows.
if [ "$1" != postgres ] || [[ " $* " =~ \ (--help|-\?|--version|-V|-C|--describe-config)\  ]]; then exec "$@"; fi

# Before the change of user, so that a secret that only root may read can be used.
from_file POSTGRES_PASSWORD ''
from_file POSTGRES_USER postgres
from_file POSTGRES_DB "$POSTGRES_USER"
from_file POSTGRES_INITDB_ARGS ''
from_file POSTGRES_HOST_AUTH_METHOD scram-sha-256

if [ "$(id -u)" -eq 0 ]; then
  # Only what is not ours yet: a read-only bind mount below must not stop the start.
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 00700 "$PGDATA" || true
  find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
  chmod 03775 /var/run/postgresql || true
  find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  exec gosu postgres "${BASH_SOURCE[0]}" "$@"
fi

initialise() {
  [ -n "$POSTGRES_PASSWORD" ] || [ "$POSTGRES_HOST_AUTH_METHOD" = trust ] ||
    fail 'the data directory is empty and no superuser password is given: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE'
  # shellcheck disable=SC2086 # POSTGRES_INITDB_ARGS is a list of arguments
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS}
  printf '\nhost all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD" >>"$PGDATA/pg_hba.conf"
}

# While the scripts run the server listens on its Unix socket alone, so that nobody meets a half-made database.
with_private_server() {
  # "postgres", the first word, is pg_ctl's own to say; the options go through a shell, hence %q.
  PGUSER=$POSTGRES_USER pg_ctl --pgdata="$PGDATA" --wait -o "$(printf '%q ' "${@:2}" -c listen_addresses= -p 5432)" start
  create_database
  run_scripts
  PGUSER=$POSTGRES_USER pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
}

run_sql() { PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$POSTGRES_USER" "$@"; }

create_database() {
  [ "$POSTGRES_DB" != postgres ] || return 0
  run_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
}

run_scripts() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) run_sql --dbname "$POSTGRES_DB" --file "$file" ;;
      *.sql.gz) gunzip -c "$file" | run_sql --dbname "$POSTGRES_DB" ;;
      *.sql.xz) xzcat "$file" | run_sql --dbname "$POSTGRES_DB" ;;
      *.sql.zst) zstd -dc "$file" | run_sql --dbname "$POSTGRES_DB" ;;
      *) continue ;;
    esac
    echo "postgres: ran $file"
  done
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initialise
  PGPASSWORD=$POSTGRES_PASSWORD with_private_server "$@"
  echo 'postgres: database initialised, ready for start up'
fi
unset POSTGRES_PASSWORD # not for the server's environment
exec "$@"
