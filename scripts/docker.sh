#!/usr/bin/env bash
# Makes sure of a working Docker engine, Compose v2 (2.24 or newer, for `include` and COMPOSE_ENV_FILES) and Buildx, and says in one line
# each what was found or done. Safe to run again: what is there is used and nothing is changed.
#
#   scripts/docker.sh
#
# On Debian and Ubuntu, as root, what is missing is installed from the distribution; elsewhere one line says what to
# install. Where the distribution's Compose or Buildx is missing or too old (Debian 12), the two plugins are taken out of
# the Debian 13 packages pinned below, checked by their SHA-256: they need nothing but a C library of 2.34 or newer.
#
#   DEBIAN_MIRROR   where those two packages are fetched (default http://deb.debian.org/debian)
#   DOCKERD_WAIT    seconds to wait for the engine to answer after starting it (default 60)
set -euo pipefail

readonly compose_wanted=2.24.0
readonly plugin_directory=/usr/local/lib/docker/cli-plugins
readonly daemon_log=/var/log/dockerd.log
readonly mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
readonly wait_seconds=${DOCKERD_WAIT:-60}

# Debian 13's packages of the plugins: path below the mirror, and SHA-256 from Debian's signed package index.
plugin_package() {
  case $1 in # not an associative array: macOS has Bash 3.2
    compose.amd64) echo 'pool/main/d/docker-compose/docker-compose_2.26.1-4_amd64.deb 47681197cb2b1ab88206b42a1a92fc75f50d9530a6322d03494a473eed0408ea' ;;
    compose.arm64) echo 'pool/main/d/docker-compose/docker-compose_2.26.1-4_arm64.deb bbafaa666f3e7fa00ad36f2a8bab889f1c791ca8743d674e7267a3d07203869c' ;;
    buildx.amd64) echo 'pool/main/d/docker-buildx/docker-buildx_0.13.1+ds1-3_amd64.deb fcf8c48204d1603c8f209451d7827eb91bf30759578baf7704e9e1a87e5f1d7f' ;;
    buildx.arm64) echo 'pool/main/d/docker-buildx/docker-buildx_0.13.1+ds1-3_arm64.deb 6cf361ab892b55753b728adcbd1a99f0616711df853dba64a5297a4a676d96b0' ;;
  esac
}

say() { echo "docker: $*"; }
fail() {
  echo "docker: $*" >&2
  exit 1
}

is_debian() { command -v apt-get >/dev/null && [ -r /etc/debian_version ]; }
is_root() { [ "$(id -u)" -eq 0 ]; }
at_least() { printf '%s\n%s\n' "$2" "$1" | sort -V -C; } # at_least <version> <wanted>

# Stops with the remedy where we may not, or cannot, install $1 ourselves.
need_installer() {
  is_debian || fail "$1 is missing, and it can be installed for you on Debian and Ubuntu only. Install it (https://docs.docker.com/get-docker/) and run this again."
  is_root || fail "$1 is missing, and installing it needs root. Run 'sudo make up' once, or install it yourself (https://docs.docker.com/get-docker/)."
}

# Runs apt-get quietly and shows what it said only when it fails.
apt() {
  local output
  output=$(DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@" 2>&1) || {
    echo "$output" | tail -n 15 >&2
    return 1
  }
}

update_package_lists() {
  [ -z "${lists_updated:-}" ] || return 0
  apt update || say "warning: apt-get update failed for at least one source; going on with the package lists there are" >&2
  lists_updated=yes
}

# The version apt would install of $1, without epoch and Debian revision; empty when there is none.
candidate() {
  apt-cache policy "$1" 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" { sub(/^[0-9]+:/, "", $2); sub(/[-+].*/, "", $2); print $2 }'
}

# --- engine -----------------------------------------------------------------------------------------------------------

engine_version() { docker version --format '{{.Server.Version}}' 2>/dev/null; }
engine_answers() { command -v docker >/dev/null && [ -n "$(engine_version)" ]; }

wait_for_engine() {
  local until=$((SECONDS + $1))
  while [ "$SECONDS" -lt "$until" ]; do
    engine_answers && return 0
    sleep 0.5
  done
  return 1
}

install_engine() {
  need_installer 'the Docker engine'
  update_package_lists
  # Since Debian 13 the client is a package of its own, which docker.io only recommends.
  local packages=(docker.io iptables ca-certificates)
  [ -z "$(candidate docker-cli)" ] || packages+=(docker-cli)
  apt install --no-install-recommends "${packages[@]}" ||
    fail "installing ${packages[*]} failed (above). Check that this machine reaches its Debian mirror, then run this again."
}

start_by_systemd() { [ -d /run/systemd/system ] && systemctl enable --now docker >/dev/null 2>&1 && wait_for_engine "$wait_seconds"; }
start_by_init() { [ ! -d /run/systemd/system ] && [ -x /etc/init.d/docker ] && /etc/init.d/docker start >/dev/null 2>&1 && wait_for_engine 15; }
start_directly() {
  # After a machine went down under a running engine, these may name another program's process by now, and the engine
  # would refuse to start.
  [ "$(cat "/proc/$(cat /var/run/docker.pid 2>/dev/null)/comm" 2>/dev/null)" = dockerd ] || rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid
  # Where one is running already and only slow to answer, a second one sees its pid file and ends.
  setsid nohup dockerd >>"$daemon_log" 2>&1 </dev/null &
  wait_for_engine "$wait_seconds"
}

# Starts the engine by the first means that works and leaves its name in $started_by.
start_engine() {
  is_root || fail "the Docker engine is installed but not running, and starting it needs root. Run 'sudo systemctl start docker' (or 'sudo make up' once)."
  if start_by_systemd; then
    started_by=systemd
  elif start_by_init; then
    started_by='its init script'
  elif start_directly; then
    started_by="running dockerd (log: $daemon_log)"
  else
    tail -n 5 "$daemon_log" >&2 || true
    fail "the Docker engine did not start within $wait_seconds s (last lines of $daemon_log above)."
  fi
}

ensure_engine() {
  if engine_answers; then
    say "engine $(engine_version) is running, using it"
    return
  fi
  if command -v docker >/dev/null; then
    local complaint
    complaint=$(docker version 2>&1 >/dev/null || true)
    case $complaint in
      *'permission denied'*) fail "the Docker engine runs, but $(id -un) may not use its socket. Run 'sudo usermod -aG docker $(id -un)' and log in again, or use 'sudo make up'." ;;
    esac
    # A client that is told to use an engine elsewhere must not make us install one here.
    local host
    host=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)}
    case $host in
      '' | unix:///var/run/docker.sock) ;;
      *) fail "the Docker engine at $host does not answer. Start it (Docker Desktop, for example), or unset DOCKER_HOST / 'docker context use default'." ;;
    esac
  fi
  local done_so_far='is installed'
  if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
    install_engine
    done_so_far='installed from the distribution'
  fi
  engine_answers || start_engine # installing the package may have started it
  say "engine $(engine_version) $done_so_far and started${started_by:+ by $started_by}"
}

# --- plugins ----------------------------------------------------------------------------------------------------------

# The version of a CLI plugin (compose or buildx), empty when there is none.
plugin_version() {
  docker "$1" version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1 || true
}

plugin_usable() {
  local version
  version=$(plugin_version "$1")
  [ -n "$version" ] && at_least "$version" "$2"
}

# Takes the plugin $1 out of its Debian 13 package. apt's own downloader is used since curl and wget may be missing.
take_plugin_from_package() {
  local name=$1 architecture path sum
  architecture=$(dpkg --print-architecture)
  read -r path sum <<<"$(plugin_package "$name.$architecture")"
  [ -n "${path:-}" ] || fail "no $name plugin is known for $architecture. Install docker-$name-plugin from https://docs.docker.com/engine/install/ and run this again."
  workdir=$(mktemp -d)
  trap 'rm -rf "$workdir"' EXIT
  /usr/lib/apt/apt-helper download-file "$mirror/$path" "$workdir/package.deb" "SHA256:$sum" >"$workdir/log" 2>&1 || {
    tail -n 5 "$workdir/log" >&2
    fail "fetching $mirror/$path failed (above). Check the network, or set DEBIAN_MIRROR to a mirror that this machine reaches."
  }
  echo "$sum  $workdir/package.deb" | sha256sum --quiet --check - || fail "$path does not have the pinned SHA-256; nothing was installed."
  dpkg-deb --extract "$workdir/package.deb" "$workdir/root"
  install -D -m 0755 "$workdir/root/usr/libexec/docker/cli-plugins/docker-$name" "$plugin_directory/docker-$name"
  rm -rf "$workdir"
}

# ensure_plugin <compose|buildx> <lowest version> <distribution package>…
ensure_plugin() {
  local name=$1 wanted=$2 package how=''
  shift 2
  if plugin_usable "$name" "$wanted"; then
    say "$name $(plugin_version "$name") is there, using it"
    return
  fi
  need_installer "Docker's $name plugin ($wanted or newer)"
  update_package_lists
  for package in "$@"; do
    if at_least "$(candidate "$package")" "$wanted" && apt install --no-install-recommends "$package" && plugin_usable "$name" "$wanted"; then
      how="installed from the distribution's package $package"
      break
    fi
  done
  if [ -z "$how" ]; then
    take_plugin_from_package "$name"
    how="taken out of Debian 13's package into $plugin_directory"
  fi
  plugin_usable "$name" "$wanted" || fail "$name was installed but 'docker $name version' does not work; remove $plugin_directory/docker-$name and run this again."
  say "$name $(plugin_version "$name") $how"
}

ensure_engine
ensure_plugin compose "$compose_wanted" docker-compose-v2 docker-compose
# The lowest Buildx that Compose 2.26's builds and our `--secret` and cache mounts were tried with.
ensure_plugin buildx 0.12.0 docker-buildx
