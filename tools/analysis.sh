#!/usr/bin/env bash
# tools/analysis.sh FLAGS...   looks for faults in shim/ and in build/pam_wpam.so without running them
#
# FLAGS are those that the module is compiled with. A tool that this machine lacks is named and left out; under CI that
# is a failure. It changes nothing but build/. Called by the Makefile.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
module=build/pam_wpam.so
failed=0

# demand WHAT CMD...: runs a check; its output is shown when it fails.
demand() {
  local what=$1 out
  shift
  out=$("$@" 2>&1) && return
  printf '%s: not so\n%s\n' "$what" "$out"
  failed=1
}

# with TOOL CMD...: the same, where the tool is to be had.
with() {
  if command -v "$1" >/dev/null; then
    demand "$1 has nothing to say" "${@:2}"
  else
    echo "- left out: $1 is not installed"
    [ "${CI-}" != true ] || failed=1
  fi
}

definitions=()
for flag; do
  case $flag in -D*) definitions+=("$flag") ;; esac
done

analyse() {
  local file
  for file in shim/*.c; do gcc "$@" -fanalyzer -c -o /dev/null "$file" || return; done
}

with clang-tidy clang-tidy --quiet shim/*.c -- "$@"
# It takes no notice of a union that is written through one member and read through another.
with cppcheck cppcheck -q --enable=warning,style,performance,portability --std=c11 --error-exitcode=1 \
  --suppress=missingIncludeSystem --suppress=unusedStructMember "${definitions[@]}" shim/*.c
with gcc analyse "$@"

# is TEXT WANTED: compares, and prints what is there.
is() {
  echo "$1"
  [ "$1" = "$2" ]
}

has() { grep -qE "$2" <<<"$1"; }
lacks() { ! grep -E "$2" <<<"$1"; }

dynamic=$(readelf -dW "$module") segments=$(readelf -lW "$module")
imports=$(nm -D --undefined-only --format=just-symbols "$module")
exports=$(nm -D --defined-only --format=just-symbols "$module" | sort | xargs)
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic" | sort | xargs)
demand "three functions are exported" is "$exports" "pam_sm_acct_mgmt pam_sm_authenticate pam_sm_setcred"
demand "libpam and libc are all that is linked" is "$needed" "libc.so.6 libpam.so.0"
demand "all symbols are bound at the start" has "$dynamic" BIND_NOW
demand "what is bound is read-only" has "$segments" GNU_RELRO
demand "no text is relocated" lacks "$dynamic" TEXTREL
demand "the stack is not executable" has "$segments" 'GNU_STACK .* RW '
demand "the stack is guarded" has "$imports" '^__stack_chk_fail'
demand "library calls are checked" has "$imports" '^__(memcpy|read|snprintf)_chk'
strip -o build/stripped.so "$module" && size=$(stat -c %s build/stripped.so)
rm -f build/stripped.so
demand "the module has less than 60 KB ($size)" test "$size" -lt 61440
exit $failed
