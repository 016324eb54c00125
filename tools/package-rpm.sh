#!/usr/bin/env bash
# Builds build/wpam-VERSION-RELEASE.ARCHITECTURE.rpm with rpmbuild, from a copy of the tree below build/rpm. The same sources
# give the same bytes, wherever and whenever: every date is SOURCE_DATE_EPOCH, or that of the last commit, and no host is
# named. Ends with 2 where rpmbuild is missing. Run by make package-rpm.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${VERSION:?run this as: make package-rpm}"
command -v rpmbuild >/dev/null || { echo "rpmbuild is missing: apt-get install rpm, or dnf install rpm-build" >&2; exit 2; }

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
top=$PWD/build/rpm
rm -rf "$top"
tree=$top/wpam-$VERSION
tools/copy-tree.sh "$tree"
cat >>"$tree/packaging/rpm/wpam.spec" <<CHANGES

%changelog
* $(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y') The wpam authors - %{version}-%{release}
- What is new stands in NEWS.md.
CHANGES

defines=()
define() { defines+=(--define "$1 $2"); }
define _topdir "$top"
define _rpmdir "$top"
define _build_name_fmt '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm'
define use_source_date_epoch_as_buildtime 1
define clamp_mtime_to_source_date_epoch 1
define _buildhost localhost
# Which distribution's rpmbuild it was is nobody's business either.
define _vendor pc

# Without what make tells the makes below it: the copy is another project. What it needs make setup has seen to (--nodeps).
(cd "$tree" && env -u MAKEFLAGS -u MAKELEVEL -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS \
  rpmbuild -bb --build-in-place --nodeps "${defines[@]}" packaging/rpm/wpam.spec) >"$top/log" 2>&1 ||
  { tail -n 20 "$top/log" >&2; exit 1; }
rm -f build/wpam-*.rpm
cp "$top"/wpam-"$VERSION"-*.rpm build
printf '%-10s %s\n' package build/wpam-"$VERSION"-*.rpm
