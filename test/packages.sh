#!/usr/bin/env bash
# test/packages.sh   runs test/packages.ts and, in a sandbox, test/rpm.ts, or names the programs that are missing for them
#
# Called by make test-packages.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DENO:?run this as: make test-packages}"
missing=()
for program in mandoc man zsh fish fail2ban-regex logrotate lintian rpm rpmlint; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if [ ${#missing[@]} != 0 ]; then
  echo "Missing: ${missing[*]}. On Debian: apt-get install --no-install-recommends mandoc man-db zsh fish fail2ban logrotate lintian rpm rpmlint" >&2
  exit 2
fi
"$DENO" test -A --no-check test/packages.ts
why=$(test/sandbox.sh --check) || { echo "$why"; exit 1; }
test/older.sh rpm
test/untouched.sh test/sandbox.sh "$DENO" test -A --no-check test/rpm.ts
