#!/usr/bin/env bash
# test/fuzz/build.sh FLAGS...   builds the fuzz targets build/fuzz/session and build/fuzz/module with clang
#
# The shim's files are compiled against the played world of world.c. What they call beyond it must be listed here as
# touching nothing outside of the program; any other call ends the build. Called by the Makefile.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p build/fuzz
if [ ! -e "$(clang -print-file-name=libclang_rt.fuzzer-"$(uname -m)".a 2>/dev/null)" ]; then
  exit # test/fuzz.sh says so
fi
flags=("$@" -g -fno-omit-frame-pointer -U_FORTIFY_SOURCE -fno-sanitize-recover=all)
sanitizers=address,undefined

harmless='explicit_bzero|localtime_r|mem[a-z]+|sig(empty|fill)set|snprintf|str[a-z]+|__errno_location|__xpg_strerror_r'
played='world_[a-z_]+|pam_[a-z_]+'
inserted='__(asan|ubsan|sanitizer|sancov)_[a-z0-9_]+|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail'

objects=()
for file in shim/*.c; do
  objects+=("build/fuzz/$(basename "$file" .c).o")
  clang "${flags[@]}" -fsanitize=fuzzer-no-link,$sanitizers -include test/fuzz/calls.h -c -o "${objects[-1]}" "$file"
done
own=$(nm --defined-only --format=just-symbols "${objects[@]}" | sort -u)
if calls=$(nm --undefined-only --format=just-symbols "${objects[@]}" | sort -u | grep -vxF "$own" |
  grep -vxE "(__(start|stop)___sancov_[a-z]+|$harmless|$played|$inserted|.*:)?"); then
  echo "test/fuzz/world.c does not play what the shim calls:" $calls >&2
  exit 1
fi
# The fuzzer is to see what is new in the shim, not in its world.
for file in test/fuzz/{world,oracle,session,module}.c; do
  clang "${flags[@]}" -fsanitize=$sanitizers -c -o "build/fuzz/played_$(basename "$file" .c).o" "$file"
done
for target in session module; do
  clang -fsanitize=fuzzer,$sanitizers -o build/fuzz/$target build/fuzz/played_{$target,world,oracle}.o "${objects[@]}"
done
