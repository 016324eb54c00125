#!/usr/bin/env bash
# test/distros.sh [SUITE...]   the logins of test/install_test.ts, and the lives of the packages (test/deb.ts, test/rpm.ts),
# on whole Debian systems, with their own sshd, libpam and rpm
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

test/older.sh deb rpm

for suite; do
  tree=$PWD/build/distros/$suite
  if [ ! -x "$tree/usr/bin/rpm" ]; then
    echo "$suite: fetching"
    rm -rf "$tree" "$tree.new"
    debootstrap --variant=minbase --include=openssh-server,openssh-client,procps,rpm "$suite" "$tree.new" >"$tree.log" ||
      { tail "$tree.log"; exit 1; }
    mv "$tree.new" "$tree"
  fi
  echo "$suite: $(chroot "$tree" /usr/sbin/sshd -V 2>&1)"
  WPAM_TREE=$tree test/sandbox.sh "$DENO" test -A --no-check --filter '/confirm|taken back in time/' test/install_test.ts
  WPAM_TREE=$tree test/sandbox.sh "$DENO" test -A --no-check test/deb.ts test/rpm.ts
done
