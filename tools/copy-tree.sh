#!/usr/bin/env bash
# tools/copy-tree.sh FOLDER   copies the sources into a new folder, in which `make build` works with the tools of this tree
#
# Never copies what was built or fetched: tools and libraries are links, so nothing may be set up there. Used by
# package-deb.sh, package-rpm.sh, reproduce.sh and test/older.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1/build"
tar -c --exclude=./build --exclude=./.git --exclude=node_modules . | tar -x -m -C "$1"
ln -s "$PWD/tools/node_modules" "$1/tools/node_modules"
ln -s "$PWD/build/deno-dir" "$1/build/deno-dir"
