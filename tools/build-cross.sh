#!/usr/bin/env bash
# tools/build-cross.sh TARGET FLAG...   builds wpam for another system into build/TARGET; the flags are for the compiler
# tools/build-cross.sh all FLAG...      builds for each of them and prints a table; a skip is a failure with STRICT=1 only
#
# TARGET is linux-arm64, freebsd, netbsd or openbsd. Where something is missing it says so in one line and ends with 2.
# Nothing but the pinned Deno of linux-arm64 is fetched. Run by make build-TARGET, after the build for this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1
shift

build_all() {
  local each why status=0
  printf '%-13s %s\n' "$(uname -s | tr A-Z a-z)-$(uname -m)" built
  for each in linux-arm64 freebsd netbsd openbsd; do
    if why=$("$0" "$each" "$@" 2>&1); then
      printf '%-13s %s\n' "$each" built
    elif [ $? = 2 ]; then
      printf '%-13s skipped: %s\n' "$each" "${why#"$each: "}"
      [ "${STRICT-}" != 1 ] || status=1
    else
      printf '%s\n%-13s FAILED\n' "$why" "$each"
      status=1
    fi
  done
  return $status
}

lack() {
  echo "$target: $1" >&2
  exit 2
}

has() { command -v "$1" >/dev/null; }

# Sets the compiler and what else it is told for a BSD: this one's own, or one for its base set, unpacked in SYSROOT.
choose_bsd() {
  local zig=$1 clang=$2 sysroot=$3
  if [ -n "${CROSS_CC-}" ]; then
    read -ra cc <<<"$CROSS_CC"
  elif [ "$(uname -s | tr A-Z a-z)" = "$target" ]; then
    cc=(cc) libraries=(-lpam)
  elif [ -n "$sysroot" ] && has clang && has ld.lld; then
    cc=(clang "--target=$clang" "--sysroot=$sysroot" -fuse-ld=lld -Wno-unused-command-line-argument)
    libraries=(-lpam)
  elif [ -z "$sysroot" ] && has zig; then
    # It has the system's libc, but no PAM: its headers are the test's, and the program that loads the module has the library.
    cc=(zig cc -target "$zig" -idirafter test/fake/openpam -Wno-unused-command-line-argument)
  else
    lack "neither zig 0.15, nor clang and lld with $(tr a-z A-Z <<<"$target")_SYSROOT, an unpacked base set"
  fi
}

cc=() libraries=() files=(wpam-auth wpam-auth.js wpam wpam.js)
case $target in
all)
  build_all "$@"
  exit
  ;;
linux-arm64)
  read -ra cc <<<"${CROSS_CC:-aarch64-linux-gnu-gcc}"
  set -- "$@" -mbranch-protection=standard
  has "${cc[0]}" && echo '#include <stdlib.h>' | "${cc[@]}" -E - >/dev/null 2>&1 ||
    lack "no compiler: apt-get install --no-install-recommends gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
  ;;
freebsd) choose_bsd x86_64-freebsd.14.0 x86_64-unknown-freebsd14 "${FREEBSD_SYSROOT-}" ;;
netbsd) choose_bsd x86_64-netbsd.10.1 x86_64-unknown-netbsd10 "${NETBSD_SYSROOT-}" ;;
openbsd) lack "OpenBSD logs people in by BSD Auth, not by PAM; a login style for it is planned" ;;
*)
  echo "no such target: $target" >&2
  exit 1
  ;;
esac
grep -qs '/deno" run' build/wpam-auth || lack "the helper here is no bundle with Deno: run FLAVOUR=bundle make build first"

out=build/$target
mkdir -p "$out"
"${cc[@]}" "$@" -shared -o "$out/pam_wpam.so" shim/*.c ${libraries[@]+"${libraries[@]}"}
cp "${files[@]/#/build/}" "$out"
# There is no Deno for it. Where pkgsrc puts Node, if not told otherwise.
[ "$target" != netbsd ] || FLAVOUR=node NODE=${NODE:-/usr/pkg/bin/node} tools/build-helper.sh "$out" >/dev/null
if [ "$target" = linux-arm64 ]; then
  deno=node_modules/@deno/linux-arm64-glibc/deno
  # Forced, because npm would not fetch what this machine cannot run.
  [ -x "tools/arm64/$deno" ] || (cd tools/arm64 && npm ci --force --ignore-scripts --no-audit --no-fund) >"$out/npm.log" 2>&1 ||
    lack "its Deno could not be fetched: see $out/npm.log"
  ln -f "tools/arm64/$deno" "$out/deno" 2>/dev/null || cp "tools/arm64/$deno" "$out/deno"
fi
printf '%-10s %s\n' "$target" "$out"
