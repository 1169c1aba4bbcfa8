#!/usr/bin/env bash
# Makes sure that every image of the compose files is on this machine: what is missing is pulled; where no image
# registry answers, airgap/ builds it from package registries under the same name. Then builds our own.
#
#   scripts/images.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

# Everything from nothing: 12.4 GB of Go's caches, 1.4 GB of images.
readonly build_disk_mb=15000

# What the compose files run, and what our own images are built on.
wanted=$(docker compose --profile '*' config --images && sed -n 's/^FROM \([^ ]*\).*/\1/p' services/*/Dockerfile)
missing=()
for image in $(sort -u <<<"$wanted"); do
  case $image in
    crows-nest/*) continue ;;
    grafana/*) [ "$(value_of GRAFANA || true)" != 0 ] || continue ;;
  esac
  docker image inspect "$image" >/dev/null 2>&1 || missing+=("$image")
done

# The registry that an image's name means: the part before the first slash where that is a host's name.
registry_of() {
  case ${1%%/*} in
    *.*) echo "${1%%/*}" ;;
    *) echo 'Docker Hub' ;;
  esac
}

if [ "${#missing[@]}" -eq 0 ]; then
  echo 'images: all third-party images are here'
else
  echo "images: ${#missing[@]} are missing: ${missing[*]}"
  to_build=()
  silent='' # the registries that have not answered; there is no use in waiting for one of them again
  for image in "${missing[@]}"; do
    registry=$(registry_of "$image")
    if ! grep -qxF "$registry" <<<"$silent"; then
      complaint=$(timeout 900 docker pull --quiet "$image" 2>&1) && continue
      echo "images: pulling $image failed: $(tail -n 1 <<<"$complaint")"
      case $complaint in
        *'manifest unknown'* | *'not found'* | *toomanyrequests*) ;;
        *) silent+=$'\n'$registry ;;
      esac
    fi
    to_build+=("$image")
  done
  if [ "${#to_build[@]}" -gt 5 ] && [ "$(free_disk_mb)" -lt "$build_disk_mb" ]; then
    echo "images: $(free_disk_mb) MB of disk are free under $(docker_directory), $build_disk_mb MB are needed to build ${#to_build[@]} images. Free some: 'docker system df' shows what Docker holds." >&2
    exit 1
  fi
  [ "${#to_build[@]}" -eq 0 ] || airgap/build.sh "${to_build[@]}"
fi

echo 'images: building our own (cached parts are not built again)'
docker compose build --quiet
