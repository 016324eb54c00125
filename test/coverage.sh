#!/usr/bin/env bash
# test/coverage.sh FLAGS...   tells how much of shim/ and src/ the tests reach: see coverage.ts for what it prints
#
# Builds the module, once for each PAM, so that it counts its lines, and a helper that runs from its source; plays the
# stories with them, and the unit tests. What fails there is for `make test` to tell: here what was reached counts.
# FLAGS are those that the module is compiled with. Called by the Makefile, as root for all of it.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DENO:?run this as: make coverage}" "${DENO_DIR:?}"
counts=build/coverage
rm -rf $counts
mkdir -p $counts/openpam
# The child of a login writes there when it is no longer root.
chmod 777 $counts $counts/openpam

flags=("$@" -g -O0 -U_FORTIFY_SOURCE --coverage -fno-builtin-execve)
link=(-Wl,--wrap=setrlimit,--wrap=execve,--wrap=_exit -Wl,--version-script=shim/pam_wpam.map)
gcc "${flags[@]}" -shared -o $counts/pam_wpam.so shim/*.c test/coverage.c "${link[@]}" -lpam
gcc "${flags[@]}" -Itest/fake/openpam -shared -o $counts/openpam/pam_wpam.so shim/*.c test/coverage.c "${link[@]}"
gcc "${flags[@]}" -o $counts/frame_test test/unit/frame_test.c shim/frame.c shim/platform.c -lpam
cat >$counts/wpam-auth <<LAUNCHER
#!/bin/sh
export DENO_DIR='$DENO_DIR'
exec '$DENO' run --quiet --no-config --no-lock --no-prompt --coverage='$PWD/$counts/ts' --allow-net '$PWD/src/main.ts'
LAUNCHER
chmod 755 $counts/wpam-auth

export WATCHER=coverage
count() { "$@" >>$counts/log 2>&1 || true; }
if why=$(test/sandbox.sh --check); then
  count test/sandbox.sh "$DENO" test -A --no-check --cached-only --reporter=dot test/unit/shim_test.ts \
    test/{pam,openpam,matrix,offline,crowd,confinement}_test.ts
else
  echo "$why"
fi
count "$DENO" test -A --no-check --cached-only --reporter=dot --coverage=$counts/ts test/unit/ test/helper_test.ts
"$DENO" run -A --no-check test/coverage.ts
