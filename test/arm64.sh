#!/usr/bin/env bash
# test/arm64.sh   plays test/arm64.ts: logins with the module and the helper of build/linux-arm64, under emulation
#
# It needs qemu-user and Debian's libpam for arm64, which it fetches once, by apt, into build/arm64. Called by
# `make test-arm64`, which builds first; as root, because the logins are in test/sandbox.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DENO:?run this as: make test-arm64}"
why=$(test/sandbox.sh --check) || { echo "$why"; exit 1; }
command -v qemu-aarch64 >/dev/null || { echo "qemu-aarch64 is missing: apt-get install qemu-user"; exit 1; }
root=$PWD/build/arm64/root

# apt with lists of its own: the machine goes on knowing nothing of arm64.
apt_arm64() {
  apt-get -q -o Dir::State::lists="$root.lists" -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
    -o APT::Sandbox::User=root "$@"
}

if [ ! -d "$root" ]; then
  rm -rf "$root.new" "$root.lists"
  mkdir -p "$root.new" "$root.lists/partial" "$root.debs"
  apt_arm64 update >"$root.log"
  (cd "$root.debs" && apt_arm64 download libc6 libgcc-s1 libpam0g libpam-modules libaudit1 libcap-ng0 libcrypt1 >>"$root.log")
  for deb in "$root".debs/*.deb; do dpkg-deb -x "$deb" "$root.new"; done
  mv "$root.new" "$root"
fi

# Linked by its path, because there are no headers and no name without a version for arm64.
library=$(ls "$root"/lib/aarch64-linux-gnu/libpam.so.0)
aarch64-linux-gnu-gcc -std=c11 -D_GNU_SOURCE -o build/arm64/pam_app test/pam_app.c "$library" \
  -Wl,--allow-shlib-undefined
test/untouched.sh test/sandbox.sh "$DENO" test -A --no-check test/arm64.ts
