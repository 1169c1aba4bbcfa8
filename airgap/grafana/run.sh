#!/bin/sh
# Starts Grafana as the official image does: settings from GF_… variables (read by Grafana itself), secrets from the files
# that GF_…__FILE variables name, logs on the console, and the places of GF_PATHS_….
set -e

fail() {
  echo "grafana: $*" >&2
  exit 1
}

[ -r "$GF_PATHS_CONFIG" ] || fail "GF_PATHS_CONFIG=$GF_PATHS_CONFIG cannot be read"
[ -w "$GF_PATHS_DATA" ] || fail "GF_PATHS_DATA=$GF_PATHS_DATA cannot be written by $(id -u); give the volume to user 472"
mkdir -p "$GF_PATHS_PLUGINS"

for name in $(env | sed -n 's/^\(GF_[A-Za-z0-9_]*\)__FILE=..*/\1/p'); do
  eval "value=\${$name:-} file=\${${name}__FILE}"
  [ -z "$value" ] || fail "both $name and ${name}__FILE are set; set one of them"
  [ -r "$file" ] || fail "${name}__FILE names $file, which cannot be read"
  export "$name=$(cat "$file")"
  unset "${name}__FILE"
done

export HOME="$GF_PATHS_HOME"
exec grafana server --homepath="$GF_PATHS_HOME" --config="$GF_PATHS_CONFIG" --packaging=docker "$@" \
  cfg:default.log.mode=console \
  cfg:default.paths.data="$GF_PATHS_DATA" \
  cfg:default.paths.logs="$GF_PATHS_LOGS" \
  cfg:default.paths.plugins="$GF_PATHS_PLUGINS" \
  cfg:default.paths.provisioning="$GF_PATHS_PROVISIONING"
