#!/usr/bin/env bash
# Builds build/wpam_VERSION_ARCHITECTURE.deb with debhelper, from a copy of the tree below build/deb: there debian/ is at
# the top, and the compiler has Debian's flags. The same sources give the same bytes, wherever and whenever: every date
# is SOURCE_DATE_EPOCH, or that of the last commit. Ends with 2 where something is missing. Run by make package-deb.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${VERSION:?run this as: make package-deb}"
for program in dpkg-buildpackage dh; do
  command -v "$program" >/dev/null || { echo "$program is missing: apt-get install dpkg-dev debhelper" >&2; exit 2; }
done

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
tree=build/deb/wpam-$VERSION
rm -rf build/deb
tools/copy-tree.sh "$tree"
mv "$tree/packaging/debian" "$tree/debian"
{ cat packaging/leave.sh; printf '\n#DEBHELPER#\n'; } >"$tree/debian/wpam.prerm"
cat >"$tree/debian/changelog" <<CHANGES
wpam ($VERSION) unstable; urgency=medium

  * What is new stands in /usr/share/doc/wpam/NEWS.md.gz.

 -- $(sed -n 's/^Maintainer: //p' packaging/debian/control)  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
CHANGES

# Without what make tells the makes below it: the copy is another project. What it needs make setup has seen to (-d).
(cd "$tree" && env -u MAKEFLAGS -u MAKELEVEL -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS \
  dpkg-buildpackage -us -uc -b -d) >build/deb/log 2>&1 || { tail -n 20 build/deb/log >&2; exit 1; }
rm -f build/wpam_*.deb
cp build/deb/wpam_"$VERSION"_*.deb build
printf '%-10s %s\n' package build/wpam_"$VERSION"_*.deb
