#!/usr/bin/env bash
# Makes sure that every image of the compose files is on this machine: what is missing is pulled; where no image
# registry answers, airgap/ builds it from package registries under the same name. Then builds our own.
#
#   scripts/images.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

# Everything from nothing: 12.4 GB of Go's caches, 1.4 GB of images.
readonly build_disk_mb=15000

missing=()
for image in $(docker compose --profile '*' config --images | sort -u) "$node_image"; do
  case $image in crows-nest/*) continue ;; esac
  docker image inspect "$image" >/dev/null 2>&1 || missing+=("$image")
done

if [ "${#missing[@]}" -eq 0 ]; then
  echo 'images: all third-party images are here'
else
  echo "images: ${#missing[@]} are missing: ${missing[*]}"
  to_build=()
  for image in "${missing[@]}"; do
    # Once the registry has not answered there is no use in waiting for it again.
    if [ "${#to_build[@]}" -eq 0 ] && timeout 600 docker pull --quiet "$image" 2>/tmp/pull.$$; then
      continue
    fi
    [ "${#to_build[@]}" -gt 0 ] || echo "images: pulling $image failed ($(tail -n 1 /tmp/pull.$$)); building from package registries instead"
    to_build+=("$image")
  done
  rm -f /tmp/pull.$$
  if [ "${#to_build[@]}" -gt 5 ] && [ "$(free_disk_mb)" -lt "$build_disk_mb" ]; then
    echo "images: $(free_disk_mb) MB of disk are free under $(docker_directory), $build_disk_mb MB are needed to build ${#to_build[@]} images. Free some: 'docker system df' shows what Docker holds." >&2
    exit 1
  fi
  [ "${#to_build[@]}" -eq 0 ] || airgap/build.sh "${to_build[@]}"
fi

echo 'images: building our own (cached parts are not built again)'
docker compose build --quiet
