#!/usr/bin/env bash
# Makes sure that every image of the compose files is on this machine: what is missing is pulled; where no image
# registry answers, airgap/ builds it from package registries under the same name. Then builds our own.
#
#   scripts/images.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

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
  [ "${#to_build[@]}" -eq 0 ] || airgap/build.sh "${to_build[@]}"
fi

echo 'images: building our own (cached parts are not built again)'
docker compose build --quiet
