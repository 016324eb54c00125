#!/usr/bin/env bash
# Fetches what building and testing need and this machine lacks, and says in one line each what it found or did.
# Never installs or starts a service: a missing sshd is unpacked below build/sshd, for test/sandbox.sh alone.
# Run by `make setup`, which sets DENO, ESBUILD and DENO_DIR. Only system packages need root; without it they are named.
set -euo pipefail
: "${DENO:?run this as: make setup}" "${ESBUILD:?}" "${DENO_DIR:?}"
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive
mkdir -p build

say() { printf '%-10s %s\n' "$1" "$2"; }

# quietly WHAT CMD...: the command's output is shown only if it fails, and is one sentence if the network is missing.
# Bash ignores `set -e` inside CMD, so the functions given to it end at the first failure themselves.
quietly() {
  local what=$1 log
  shift
  log=$("$@" 2>&1) && return
  if grep -qE 'EAI_AGAIN|ENOTFOUND|ENETUNREACH|ECONNREFUSED|ETIMEDOUT|Temporary failure|failed to lookup|Could not (resolve|connect)' <<<"$log"; then
    say "$what" "NOT fetched: no network. Connect this machine and run make setup again."
  else
    printf '%s\n' "$log" >&2
    say "$what" "NOT fetched: see above."
  fi
  return 1
}

apt_get() { apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=60 "$@"; }

# Failing to refresh is left to the next apt command to report: the lists at hand may do.
refresh() {
  [ -n "${refreshed-}" ] || apt_get update >/dev/null 2>&1 || true
  refreshed=1
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# The sanitizers and libFuzzer of the clang that is here, or that apt would install.
runtime_package() {
  local major
  if ! major=$(clang -dumpversion 2>/dev/null); then
    may_install && refresh
    major=$(apt-cache depends clang 2>/dev/null | sed -n 's/^ *Depends: clang-//p')
  fi
  if [ -n "$major" ]; then echo "libclang-rt-${major%%.*}-dev"; else echo clang; fi
}

missing=()
# need PACKAGE COMMAND-OR-FILE...
need() {
  local package=$1 thing
  shift
  for thing; do
    if [ ! -e "$thing" ] && ! command -v "$thing" >/dev/null; then
      missing+=("$package")
      return
    fi
  done
}

# Without apt there is building alone: the tests need Debian or Ubuntu.
if ! command -v apt-get >/dev/null; then
  need cc cc
  need "PAM's headers" "$(xcrun --show-sdk-path 2>/dev/null || :)/usr/include/security/pam_modules.h"
  need npm npm
  [[ " ${ALSO-} " != *" packages "* ]] || need rpm-build rpmbuild
  [ "${DENO#"$PWD/"}" != "$DENO" ] || need deno "$DENO"
else
  need gcc gcc
  need binutils nm readelf strip
  need clang clang
  need "$(runtime_package)" "$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a" 2>/dev/null || echo none)"
  need clang-tidy clang-tidy
  need cppcheck cppcheck
  need valgrind valgrind
  need libc6-dev /usr/include/stdlib.h
  need libpam0g-dev /usr/include/security/pam_modules.h
  need npm npm
  need openssh-client ssh ssh-keygen
  need iproute2 ip
  need e2fsprogs chattr lsattr
  need util-linux unshare setpriv
  need mount mount
  need passwd useradd chpasswd
  need procps pgrep pkill
  need perl-base perl
  need strace strace
  need sudo sudo
  # What only some targets need, which name it.
  for also in ${ALSO-}; do
    case $also in
    cross)
      need gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
      need libc6-dev-arm64-cross /usr/aarch64-linux-gnu/include/stdlib.h
      ;;
    packages)
      need dpkg-dev dpkg-buildpackage
      need debhelper dh
      need rpm rpmbuild
      ;;
    systems) need debootstrap debootstrap ;;
    emulator) need qemu-user qemu-aarch64 ;;
    esac
  done
fi

if [ ${#missing[@]} = 0 ]; then
  say packages "all here"
elif ! command -v apt-get >/dev/null; then
  say packages "missing ${missing[*]}"
  while read -r manager packages; do
    ! command -v "$manager" >/dev/null || say packages "an administrator can run: $manager $packages"
  done <<SYSTEMS
dnf install gcc pam-devel npm
zypper install gcc pam-devel npm
pacman -S gcc pam npm
apk add gcc musl-dev linux-pam-dev npm deno
pkg install npm deno
brew install node
SYSTEMS
elif may_install; then
  refresh
  if quietly packages apt_get install "${missing[@]}"; then say packages "installed ${missing[*]}"; fi
else
  say packages "missing; an administrator can run: apt-get install --no-install-recommends ${missing[*]}"
fi

# unpack FOLDER PACKAGE...: downloads what installing the packages anew would install here, and runs none of it.
unpack() {
  local folder=$1 new=$1.new deb dir
  shift
  rm -rf "$folder" "$new"
  mkdir -p "$new/archives/partial"
  apt_get -o Dir::Cache::archives="$PWD/$new/archives" -o APT::Sandbox::User=root --download-only --reinstall install "$@" || return
  for dir in bin sbin lib lib64; do # as on the machine, where these are links
    mkdir -p "$new/usr/$dir"
    ln -s "usr/$dir" "$new/$dir"
  done
  for deb in "$new"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$new" || return
  done
  rm -rf "$new/archives"
  mv "$new" "$folder"
}

# Unpacked even where there is one: tests begin with the files of the package, not with what this machine made of them.
own=$([ ! -x /usr/sbin/sshd ] || echo /usr/sbin/sshd)
if [ -x build/sshd/usr/sbin/sshd ]; then
  say sshd "unpacked below build/sshd"
elif may_install; then
  refresh
  if quietly sshd unpack build/sshd openssh-server; then
    say sshd "now unpacked below build/sshd"
  elif [ -n "$own" ]; then
    say sshd "$own, with this machine's settings, instead"
  fi
elif [ -n "$own" ]; then
  say sshd "$own"
else
  say sshd "missing; as root on Debian or Ubuntu, make setup unpacks one below build/sshd"
fi

# For make bench: the modules that it compares ours with, and the program that calls them all.
if [[ " ${ALSO-} " != *" peers "* ]]; then
  :
elif [ -d build/peers ]; then
  say peers "unpacked below build/peers"
elif may_install; then
  refresh
  if quietly peers unpack build/peers pamtester libpam-google-authenticator libpam-duo; then
    say peers "now unpacked below build/peers"
  fi
else
  say peers "missing; as root on Debian or Ubuntu, make bench unpacks them below build/peers"
fi

# npm calls it a success when an optional package could not be fetched; only its verbose log then knows why.
fetch_tools() {
  local version
  version=$(npm --version)
  [ "${version%%.*}" -ge 7 ] || { echo "npm $version is too old for tools/package-lock.json: 7 or newer is needed."; return 1; }
  (cd tools && npm ci --ignore-scripts --no-audit --no-fund --fetch-retry-mintimeout=1000 --loglevel=verbose) || return
  [ -x "$DENO" ] && [ -x "$ESBUILD" ]
}

# Where npm works, Deno must too: it takes the machine's certificates as well as its own.
fetch_libraries() { DENO_TLS_CA_STORE=system,mozilla "$DENO" install; }

stamp=build/setup.stamp
locks=$(cat tools/package-lock.json deno.json deno.lock | cksum)
if [ -x "$DENO" ] && [ -x "$ESBUILD" ] && [ -d "$DENO_DIR" ] && [ "$locks" = "$(cat $stamp 2>/dev/null)" ]; then
  say toolchain "all here"
else
  quietly toolchain fetch_tools
  quietly libraries fetch_libraries
  echo "$locks" >$stamp
  say toolchain "fetched as pinned in tools/package-lock.json and deno.lock"
fi
