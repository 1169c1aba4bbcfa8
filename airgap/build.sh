#!/usr/bin/env bash
# Builds stand-ins for the third-party images, under their own names and tags, where no image registry can be reached:
# from Debian packages, Go modules and npm packages alone. See README.md beside this file.
#
#   airgap/build.sh                       every image that is missing
#   airgap/build.sh redis:8.0.5 …         only these, where missing
#   airgap/build.sh --list                the names
#
#   HOST_CA_BUNDLE    CA bundle of this machine, for a TLS-inspecting proxy (default: the system's)
#   DEBIAN_MIRROR     default http://deb.debian.org/debian
#   DEBIAN_SECURITY   default http://deb.debian.org/debian-security
#   GOPROXY, GOSUMDB  passed on to Go, with Go's own defaults
#   GRAFANA_TARBALL   path of grafana-12.4.x.linux-<architecture>.tar.gz; without it Grafana is left out
#   LOG_DIRECTORY     where the builds' output goes (default: a folder below ${TMPDIR:-/tmp})
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly debian=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
readonly debian_security=${DEBIAN_SECURITY:-http://deb.debian.org/debian-security}
readonly logs=${LOG_DIRECTORY:-${TMPDIR:-/tmp}/crows-nest-airgap}

# Image, folder and, where a folder makes several images, the target in its Dockerfile; in the order of building: what
# comes up first is built first, the longest compile last.
readonly images='
node:24.21.0-trixie-slim                                  node
postgres:17.12                                            postgres
redis:8.0.5                                               redis
prom/prometheus:v3.15.0                                   prometheus
prom/alertmanager:v0.31.1                                 alertmanager
otel/opentelemetry-collector-contrib:0.152.0              collector
jaegertracing/jaeger:2.13.0                               jaeger
prom/node-exporter:v1.9.0                                 exporters node-exporter
prom/blackbox-exporter:v0.26.0                            exporters blackbox-exporter
quay.io/prometheuscommunity/postgres-exporter:v0.17.1     exporters postgres-exporter
oliver006/redis_exporter:v1.69.0                          exporters redis-exporter
caddy:2.11.9                                              caddy
grafana/k6:1.8.1                                          k6
ghcr.io/google/cadvisor:v0.60.3                           cadvisor
grafana/loki:3.7.8                                        loki
grafana/grafana:12.4.10                                   grafana
'

# What the stand-ins are built on. They are of no interest once everything is built.
readonly base_image=crows-nest/airgap-base:trixie
readonly busybox_image=crows-nest/airgap-busybox:1.37
readonly go_image=crows-nest/airgap-go:1.26

say() { echo "airgap: $*"; }
fail() {
  echo "airgap: $*" >&2
  exit 1
}

list() { awk 'NF { print $1 }' <<<"$images"; }
folder_of() { awk -v image="$1" '$1 == image { print $2 }' <<<"$images"; }
target_of() { awk -v image="$1" '$1 == image { print $3 }' <<<"$images"; }
exists() { docker image inspect "$1" >/dev/null 2>&1; }

# The CA bundle of this machine; the place differs between distributions.
find_ca_bundle() {
  local candidate
  for candidate in "${HOST_CA_BUNDLE:-}" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt \
    /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -n "$candidate" ] && [ -r "$candidate" ]; then
      echo "$candidate"
      return
    fi
  done
  echo /dev/null # the builds then use Debian's own bundle
}

# Runs a command with its output in a log; on failure shows the end of it and stops.
logged() {
  local name=$1 log
  log=$logs/${name//[\/:]/_}.log
  shift
  "$@" >"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    fail "building $name failed (last lines above, all of it in $log). Where it says that a host cannot be reached, check the network, or set DEBIAN_MIRROR, GOPROXY or npm's registry; then run this again: what was compiled is kept."
  }
}

# BuildKit keeps its caches for Go's modules and compiled packages between builds, so a build that was cut off goes on.
# The CA bundle is a secret of the build: RUN sees it as a file, no layer has it.
build_folder() {
  local image=$1 folder=$2
  shift 2
  docker buildx build --progress=plain --tag "$image" --secret "id=ca,src=$ca_bundle" \
    --build-arg "GOPROXY=${GOPROXY:-https://proxy.golang.org,direct}" --build-arg "GOSUMDB=${GOSUMDB:-sum.golang.org}" \
    "$@" "$here/$folder"
}

# A small Debian 13: what debian:trixie-slim is, made by mmdebstrap and imported as it comes out.
build_base() {
  mmdebstrap --quiet --variant=minbase --include=ca-certificates \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-include=/usr/share/locale/locale.alias' \
    --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' \
    --aptopt='DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; }' \
    --aptopt='Dir::Cache::pkgcache ""' --aptopt='Dir::Cache::srcpkgcache ""' \
    trixie "$work/base.tar" \
    "deb $debian trixie main" "deb $debian trixie-updates main" "deb $debian_security trixie-security main"
  docker import --change 'CMD ["bash"]' \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$work/base.tar" "$base_image"
  rm "$work/base.tar"
}

# Grafana is in no package registry: its image is made of the official tarball, where there is one.
build_grafana() {
  local tarball=$GRAFANA_TARBALL context=$work/grafana
  mkdir -p "$context"
  cp "$here"/grafana/* "$context"
  cp "$tarball" "$context/grafana.tar.gz"
  docker buildx build --progress=plain --tag "$1" "$context"
}

# Makes sure of an internal image that others are built on.
need() {
  local image=$1 started=$SECONDS
  shift
  exists "$image" && return
  logged "$image" "$@"
  say "$image (what the others are built on) … built in $((SECONDS - started)) s"
}

check_engine() {
  docker version >/dev/null 2>&1 || fail "the Docker engine does not answer. Run scripts/docker.sh."
  docker buildx version >/dev/null 2>&1 || fail "Docker's buildx plugin is missing. Run scripts/docker.sh."
}

# What makes the base image; it is wanted on this machine only until there is one.
ensure_mmdebstrap() {
  exists "$base_image" || command -v mmdebstrap >/dev/null && return
  command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] ||
    fail "mmdebstrap is missing, which makes the base image. Install it (Debian, Ubuntu: sudo apt-get install mmdebstrap debian-archive-keyring) and run this again."
  say "installing mmdebstrap, which makes the base image"
  logged apt-update apt-get update -q
  DEBIAN_FRONTEND=noninteractive logged mmdebstrap apt-get install -y -q --no-install-recommends mmdebstrap debian-archive-keyring
}

# One request to Debian's mirror, before anything is started: without it every build would fail halfway.
check_network() {
  local url=$debian/dists/trixie/InRelease
  /usr/lib/apt/apt-helper download-file "$url" "$work/InRelease" >/dev/null 2>&1 ||
    fail "no network: $url cannot be fetched, and without an image registry everything is built from Debian, Go and npm packages. Check the network or set DEBIAN_MIRROR; nothing was started."
}

build_image() {
  local image=$1 folder target
  folder=$(folder_of "$image")
  need "$base_image" build_base
  case $folder in
    node | postgres | redis) ;;
    grafana) need "$busybox_image" build_folder "$busybox_image" busybox ;;
    *)
      need "$busybox_image" build_folder "$busybox_image" busybox
      need "$go_image" build_folder "$go_image" go
      ;;
  esac
  if [ "$folder" = grafana ]; then
    logged "$image" build_grafana "$image"
  else
    target=$(target_of "$image")
    logged "$image" build_folder "$image" "$folder" ${target:+--target "$target"}
  fi
}

main() {
  if [ "${1:-}" = --list ]; then
    list
    return
  fi
  local wanted=("$@") missing=() image number=0 started
  [ ${#wanted[@]} -gt 0 ] || mapfile -t wanted < <(list)
  for image in "${wanted[@]}"; do
    [ -n "$(folder_of "$image")" ] ||
      fail "unknown image '$image'. Known are: $(list | paste -sd ' ')"
  done
  check_engine
  for image in "${wanted[@]}"; do
    if exists "$image"; then
      continue
    elif [ "$(folder_of "$image")" = grafana ] && [ ! -r "${GRAFANA_TARBALL:-}" ]; then
      [ -z "${GRAFANA_TARBALL:-}" ] || fail "GRAFANA_TARBALL names $GRAFANA_TARBALL, which cannot be read"
      say "$image left out: Grafana is in no package registry. To add it, download grafana-12.4.x.linux-$(dpkg --print-architecture).tar.gz from grafana.com/grafana/download where you can, and run GRAFANA_TARBALL=/path/to/it airgap/build.sh $image"
    else
      missing+=("$image")
    fi
  done
  say "${#wanted[@]} images wanted, ${#missing[@]} to build"
  [ ${#missing[@]} -gt 0 ] || return 0
  check_network
  mkdir -p "$logs"
  ensure_mmdebstrap
  for image in "${missing[@]}"; do
    number=$((number + 1))
    started=$SECONDS
    echo "[$number/${#missing[@]}] $image … building (log: $logs/${image//[\/:]/_}.log)"
    build_image "$image"
    echo "[$number/${#missing[@]}] $image … built in $((SECONDS - started)) s"
  done
}

ca_bundle=$(find_ca_bundle)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
main "$@"; exit # on one line: bash reads a script as it runs, and this one may be edited meanwhile
