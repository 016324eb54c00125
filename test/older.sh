#!/usr/bin/env bash
# test/older.sh deb|rpm...   builds packages to upgrade from into build/older: one that calls itself 0.0.9, and of an rpm
# its second release too; nothing else in them differs. Called by test/packages.sh and test/distros.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
tree=build/older/tree
rm -rf build/older
tools/copy-tree.sh $tree
sed -i 's/"version": "[^"]*"/"version": "0.0.9"/' $tree/deno.json
sed -i 's/VERSION = "[^"]*"/VERSION = "0.0.9"/' $tree/installer/version.ts

# pack KIND
pack() {
  make --silent -C $tree "package-$1"
  mv $tree/build/wpam?0.0.9*."$1" build/older
}

for kind; do
  pack "$kind"
  [ "$kind" = rpm ] || continue
  sed -i 's/^Release: 1$/Release: 2/' $tree/packaging/rpm/wpam.spec
  pack rpm
done
rm -rf $tree
