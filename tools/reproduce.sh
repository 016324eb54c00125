#!/usr/bin/env bash
# Builds twice, in different folders, at different times, with another umask, time zone and language, and compares every
# byte of module, bundles, manual pages and packages. Leaves nothing behind. Run by make reproduce.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${VERSION:?run this as: make reproduce}"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build FOLDER UMASK TIMEZONE LANGUAGE
build() {
  tools/copy-tree.sh "$1"
  (
    umask "$2"
    cd "$1"
    env -u MAKEFLAGS -u MAKELEVEL TZ="$3" LC_ALL="$4" make build "${packages[@]}" FLAVOUR=bundle
  ) >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
  (cd "$1/build" && find pam_wpam.so wpam wpam.js wpam-auth wpam-auth.js share -type f ! -name made -exec sha256sum {} + &&
    find . -maxdepth 1 '(' -name '*.deb' -o -name '*.rpm' ')' -exec sha256sum {} +) | sort -k 2 >"$1.sums"
}

packages=()
! command -v dh >/dev/null || packages+=(package-deb)
! command -v rpmbuild >/dev/null || packages+=(package-rpm)
build "$work/one" 022 UTC C
sleep 2
build "$work/another/place" 027 Asia/Kolkata C.UTF-8
diff "$work/one.sums" "$work/another/place.sums" || { echo "These differ." >&2; exit 1; }
sed 's/^\([0-9a-f]\{16\}\)[0-9a-f]*  /\1  /' "$work/one.sums"
echo "Both builds are the same, byte for byte."
