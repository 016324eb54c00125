# What leaves this checkout: builds for other systems, files below DESTDIR, packages. Read by the Makefile, whose variables
# it uses. Nothing here is part of `make check`: these need programs that only they have `make setup` fetch, or that they name.

.PHONY: install uninstall reproduce package package-deb package-rpm test-packages build-linux build-linux-arm64 build-freebsd build-netbsd build-openbsd build-all test-arm64

# Where the PAM modules are, for packages: the module then lies there and not among the files of wpam, which `wpam install`
# copies it from else.
PAMDIR :=

install: build ## copy what was built below DESTDIR/usr (or PREFIX=/usr/local); `wpam install` then sets it up
	@install -d -m 755 "$(DESTDIR)$(HOME_DIR)" "$(DESTDIR)$(PREFIX)/bin" $(if $(PAMDIR),"$(DESTDIR)$(PAMDIR)")
	@install -C -m 755 build/wpam "$(DESTDIR)$(HOME_DIR)"
	@install -C -m $$([ -e build/wpam-auth.js ] && echo 755 || echo 711) build/wpam-auth "$(DESTDIR)$(HOME_DIR)"
	@install -C -m 644 build/wpam.js $$(ls build/wpam-auth.js 2>&-) "$(DESTDIR)$(HOME_DIR)"
	@install -C -m 644 build/pam_wpam.so "$(DESTDIR)$(or $(PAMDIR),$(HOME_DIR))"
	$(if $(PAMDIR),@ln -sfn "$(PAMDIR)/pam_wpam.so" "$(DESTDIR)$(HOME_DIR)/pam_wpam.so")
	@install -C -m 711 build/deno "$(DESTDIR)$(HOME_DIR)"
	@rm -f "$(DESTDIR)$(HOME_DIR)/node"; [ ! -L build/node ] || cp -P build/node "$(DESTDIR)$(HOME_DIR)"
	@ln -sfn ../lib/wpam/$(VERSION)/wpam "$(DESTDIR)$(PREFIX)/bin/wpam"
	@cd build/share && find $(SHARED) -type f | while read -r file; do \
		install -d -m 755 "$(DESTDIR)$(PREFIX)/share/$${file%/*}" && \
		install -C -m 644 "$$file" "$(DESTDIR)$(PREFIX)/share/$$file" || exit; done
	@echo "$(DESTDIR)$(HOME_DIR) is complete. Nothing is set up yet. Next, as root: wpam install"

# What the build has put into build/share.
SHARED := man bash-completion zsh fish

uninstall: build/share/made ## remove what `make install` copied, with the same DESTDIR, PREFIX and PAMDIR
	@if grep -qs pam_wpam "$(DESTDIR)"/etc/pam.d/* "$(DESTDIR)/etc/pam.conf" || [ -e "$(DESTDIR)/var/lib/wpam/installed.json" ]; then \
		echo "wpam is set up on this machine, and without its files nobody could log in. First, as root: wpam uninstall"; exit 1; fi
	@rm -rf "$(DESTDIR)$(HOME_DIR)"
	@rmdir "$(DESTDIR)$(PREFIX)/lib/wpam" 2>&- || :
	$(if $(PAMDIR),@rm -f "$(DESTDIR)$(PAMDIR)/pam_wpam.so")
	@[ -e "$(DESTDIR)$(PREFIX)/bin/wpam" ] || rm -f "$(DESTDIR)$(PREFIX)/bin/wpam"
	@cd build/share && find $(SHARED) -type f | while read -r file; do rm -f "$(DESTDIR)$(PREFIX)/share/$$file"; done
	@echo "The files of wpam are gone. Settings and log, if there were any, stay."

# For other machines: all but what only this one's compiler knows, and no libpam, which the program has that loads the module.
CROSS = CROSS_CC='$(if $(filter-out default,$(origin CC)),$(CC))' tools/build-cross.sh
CROSS_FLAGS = $(filter-out -fcf-protection -mbranch-protection=standard,$(COMPILE)) $(LINK:%,-z,defs=%) $(EXPORTS)

build-linux: $(if $(filter Linux,$(SYSTEM)),build) ## the same on Linux
	@[ $(SYSTEM) = Linux ] || { echo "linux: this is $(SYSTEM); on Linux make build does it" >&2; exit 2; }

# Setup then fetches a compiler for arm64, as root.
build-linux-arm64 build-all: export ALSO := cross

build-linux-arm64: setup build ## build for Linux on arm64, into build/linux-arm64
	@$(CROSS) linux-arm64 $(CROSS_FLAGS)

build-freebsd: build ## build for FreeBSD on amd64, into build/freebsd
	@$(CROSS) freebsd $(CROSS_FLAGS)

build-netbsd: build ## build for NetBSD on amd64, into build/netbsd
	@$(CROSS) netbsd $(CROSS_FLAGS)

build-openbsd: build ## tell why there is nothing to build for OpenBSD
	@$(CROSS) openbsd $(CROSS_FLAGS)

build-all: setup build ## build for all systems, and tell which were skipped and why (STRICT=1 fails then)
	@tools/build-cross.sh all $(CROSS_FLAGS)

test-arm64: export ALSO := cross emulator
test-arm64: setup build-linux-arm64 ## log in with the build for arm64 under qemu-user, as root and with a network
	@$(CLEAN) test/arm64.sh

# Setup then fetches what builds packages, as root. Each by itself names it: they are also made in copies of this tree.
package reproduce: export ALSO := packages

package: setup $(if $(shell command -v apt-get 2>&-),package-deb) package-rpm ## make the packages (without apt, the RPM package alone)

package-deb: build ## make build/wpam_VERSION_ARCHITECTURE.deb, for Debian and Ubuntu
	@VERSION=$(VERSION) tools/package-deb.sh

package-rpm: build ## make build/wpam-VERSION-RELEASE.ARCHITECTURE.rpm, for Fedora, RHEL, SUSE and the like
	@VERSION=$(VERSION) tools/package-rpm.sh

test-packages: package ## have manual pages, completions, filters and packages read by the programs that they are for
	@$(CLEAN) test/packages.sh

reproduce: setup build ## build twice, in different places, and compare every byte
	@VERSION=$(VERSION) tools/reproduce.sh
