#!/usr/bin/env bash
# test/distros.sh [SUITE...]   the logins of test/install_test.ts, and the life of the package (test/deb.ts), on whole
# Debian systems, with their own sshd and libpam
#
# Debian 12 (bookworm) and 13 (trixie) unless told otherwise. Each is fetched once, into build/distros, by the network, and
# then only read: the tests run on copies, inside test/sandbox.sh. Called by `make test-distros`, as root.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DENO:?run this as: make test-distros}"
[ $# -gt 0 ] || set -- bookworm trixie
why=$(test/sandbox.sh --check) || { echo "$why"; exit 1; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing: install it first."; exit 1; }
mkdir -p build/distros

# The package, and for the upgrade one that calls itself older; nothing else in it differs.
rm -rf build/distros/before build/distros/*.deb
tools/copy-tree.sh build/distros/before
sed -i 's/"version": "[^"]*"/"version": "0.0.9"/' build/distros/before/deno.json
sed -i 's/VERSION = "[^"]*"/VERSION = "0.0.9"/' build/distros/before/installer/version.ts
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) make --silent -C build/distros/before package-deb
mv build/distros/before/build/*.deb build/distros
cp build/wpam_*.deb build/distros

for suite; do
  tree=$PWD/build/distros/$suite
  if [ ! -d "$tree" ]; then
    echo "$suite: fetching"
    rm -rf "$tree.new"
    debootstrap --variant=minbase --include=openssh-server,openssh-client,procps "$suite" "$tree.new" >"$tree.log" ||
      { tail "$tree.log"; exit 1; }
    mv "$tree.new" "$tree"
  fi
  echo "$suite: $(chroot "$tree" /usr/sbin/sshd -V 2>&1)"
  WPAM_TREE=$tree test/sandbox.sh "$DENO" test -A --no-check --filter '/confirm|taken back in time/' test/install_test.ts
  WPAM_TREE=$tree test/sandbox.sh "$DENO" test -A --no-check test/deb.ts
done
