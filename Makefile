# Builds and checks wpam from the pinned tools of tools/. Only `make setup` fetches anything, and only `make install` writes
# outside the checkout: it copies, and configures nothing. `make help` lists what a person or .ci/run can ask for.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VERSION := $(shell sed -n 's/^ *"version": "\(.*\)".*/\1/p' deno.json)
SYSTEM := $(shell uname -s)
MACHINE := $(shell uname -m)
# As npm names this machine.
PLATFORM := $(shell echo $(SYSTEM) | tr A-Z a-z)-$(patsubst x86_64,x64,$(patsubst amd64,x64,$(patsubst aarch64,arm64,$(MACHINE))))

# npm has Deno for Linux and macOS; elsewhere the system's own is taken, as is whichever is given as DENO=.
NPM_DENO := $(if $(filter Linux,$(SYSTEM)),-glibc/deno)$(if $(filter Darwin,$(SYSTEM)),/deno)
export DENO := $(if $(NPM_DENO),$(CURDIR)/tools/node_modules/@deno/$(PLATFORM)$(NPM_DENO),$(or $(shell command -v deno),deno))
export ESBUILD := $(CURDIR)/tools/node_modules/@esbuild/$(PLATFORM)/bin/esbuild
export DENO_DIR := $(CURDIR)/build/deno-dir
export DENO_NO_PACKAGE_JSON := 1
export DENO_NO_UPDATE_CHECK := 1

# Variables of the machine that would change what Deno does. Setup keeps them: it must work wherever npm does.
CLEAN := env $(foreach v,RUST_BACKTRACE NODE_OPTIONS DENO_TLS_CA_STORE NODE_EXTRA_CA_CERTS \
	http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY,-u $(v))
RUN := $(CLEAN) $(DENO)

HARD := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fPIC -fvisibility=hidden
HARD += $(if $(filter x86_64,$(MACHINE)),-fcf-protection)
HARD += $(if $(filter aarch64 arm64,$(MACHINE)),-mbranch-protection=standard)
WARN := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes -Werror
LINK := -Wl,-z,relro,-z,now,-z,noexecstack,-z,defs
EXPORTS := -Wl,--version-script=shim/pam_wpam.map
# The linker of macOS knows none of these, and does most of it by itself.
ifeq ($(SYSTEM),Darwin)
LINK := -Wno-unused-command-line-argument
EXPORTS :=
endif
# Compiled into the module: a helper elsewhere would not be found. Apple seals /usr.
PREFIX := /usr$(if $(filter Darwin,$(SYSTEM)),/local)
HOME_DIR := $(PREFIX)/lib/wpam/$(VERSION)
DEFINE := -D_GNU_SOURCE -DWPAM_VERSION='"$(VERSION)"' -DWPAM_HELPER='"$(HOME_DIR)/wpam-auth"'
COMPILE = $(CPPFLAGS) -std=c11 $(HARD) $(WARN) $(DEFINE) $(CFLAGS)
# A laptop may do with one compiler, CI may not.
COMPILERS := $(if $(CI),gcc clang,$(foreach c,gcc clang,$(if $(shell command -v $(c) 2>&-),$(c))))

SHIM := $(wildcard shim/*.c)
HEADERS := $(wildcard shim/*.h)
TEST_C := $(wildcard test/*.c test/*/*.c)
# The shim and the scripted application once more, under OpenPAM's names and numbers.
OPENPAM_C := $(SHIM) test/pam_app.c test/fake/openpam/libpam.c
OPENPAM := -Itest/fake/openpam
TIDY := $(wildcard shim/* test/*.sh test/*/*.sh test/*/*.h tools/*.sh .ci/run test/fake/openpam/*.c test/fake/openpam/*/*.h) $(TEST_C)

# $(call step,NAME,COMMAND,NOTE): one line and what the command says after a dash when it goes well, else all of it.
step = @if out=$$({ $(2); } 2>&1); then printf '%-10s ok%s\n' $(1) '$(if $(3), ($(3)))'; printf '%s\n' "$$out" | grep '^- ' || :; \
	else printf '%s\n' "$$out"; printf '%-10s FAILED\n' $(1); exit 1; fi

# $(call sandboxed,COMMAND): in the sandbox, or outside with the reason; the tests skip what they then cannot do.
# Either way it fails if the machine is not as it was.
sandboxed = @if why=$$(test/sandbox.sh --check); then test/untouched.sh test/sandbox.sh $(1); \
	else echo "$$why"; test/untouched.sh $(1); fi

# The tests in which the C parts can be watched; one dot a story.
WATCHED = $(RUN) test -A --cached-only --reporter=dot test/pam_test.ts test/unit/shim_test.ts

# Under valgrind, which takes a second to begin, only the stories in which the module itself has something to do.
VALGRIND := hostile/ answers/ settings/ log/ account/

.PHONY: help setup build demo fake test sanitize fuzz coverage bench soak test-distros check format lint types c-warnings analysis clean FORCE

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 19

setup: ## fetch what building and testing need (as root also system packages; no service)
	@tools/setup.sh

build: build/pam_wpam.so build/wpam-auth build/wpam build/share/made ## build module, helper and command (FLAVOUR=standalone|bundle|node)

demo: setup build build/pam_app ## show a login in a throw-away sandbox (KEEP=1 leaves it open)
	$(call sandboxed,$(RUN) run -A --cached-only test/demo.ts)

fake: setup ## run the fake Werbot server by hand (ARGS=--help tells how)
	@$(RUN) run -A --cached-only test/fake/main.ts $(ARGS)

test: setup build build/pam_app build/frame_test build/openpam/pam_app build/openpam/pam_wpam.so ## run the tests, with real logins where this machine allows a sandbox
	$(call sandboxed,$(RUN) test -A --cached-only --sanitize-ops --sanitize-resources test/)

sanitize: setup build build/asan/pam_wpam.so build/asan/pam_app build/asan/frame_test build/valgrind build/fuzz/session ## play the stories with the C parts under ASan, UBSan and valgrind
	$(call sandboxed,env WATCHER=asan $(WATCHED))
	$(if $(CI)$(shell command -v valgrind 2>&-),$(call sandboxed,env WATCHER=valgrind $(WATCHED) -- $(VALGRIND)),@echo "- left out: valgrind is not installed")
	$(call step,corpus,test/fuzz.sh replay)

fuzz: setup build/fuzz/session ## feed the shim whatever a fuzzer makes up, for FUZZ_SECONDS (30)
	$(call step,$@,test/fuzz.sh run)

coverage: setup build build/pam_app build/openpam/pam_app ## tell which lines of shim/ and src/ no test reaches, and why
	@$(CLEAN) test/untouched.sh test/coverage.sh $(COMPILE)

# The peers that setup then fetches are what wpam is compared with.
bench: export ALSO := peers
bench: setup build build/bench/run build/bench/distance build/bench/pam_two_prompts.so ## measure what a login costs, in under 10 minutes (ROUNDS=40; WRITE=1 rewrites docs/performance.md)
	$(call sandboxed,$(RUN) run -A --cached-only test/bench/main.ts)

soak: setup build ## the long runs: 2,000 logins in a row, the installer killed at every step on all systems (not part of check)
	$(call sandboxed,env SOAK=1 $(RUN) test -A --cached-only test/load_test.ts test/kill_test.ts)

test-distros: export ALSO := packages systems
test-distros: setup build package ## install, by hand and as a package, and log in on Debian 12 and 13, as root and with a network (not part of check)
	@$(CLEAN) test/untouched.sh test/distros.sh

check: format lint types c-warnings analysis test sanitize fuzz ## the five checks below, the tests, and the C parts watched and fuzzed

format: setup ## layout of TypeScript, C and shell files
	$(call step,$@,$(RUN) fmt --check && ! grep -nP '[ \r]$$|\t' $(TIDY))

lint: setup ## Deno's linter
	$(call step,$@,$(RUN) lint)

types: setup ## TypeScript types
	$(call step,$@,$(RUN) check src installer packaging test)

c-warnings: setup ## C without a warning under gcc and clang
	$(call step,$@,for cc in $(COMPILERS); do for f in $(SHIM) $(TEST_C); do $$cc $(COMPILE) -c -o /dev/null $$f || exit; done; \
		for f in $(OPENPAM_C); do $$cc $(COMPILE) $(OPENPAM) -fsyntax-only $$f || exit; done; done; $(OTHER_KERNELS),$(COMPILERS))

# The branches for kernels that are not here: clang alone bears to be told so. SO_NOSIGPIPE is a name of theirs.
OTHER_KERNELS = $(if $(filter clang,$(COMPILERS)),for k in FreeBSD NetBSD APPLE; do for f in $(SHIM); do \
	clang $(COMPILE) $(OPENPAM) -U__linux__ -D__$${k}__ -DSO_NOSIGPIPE=0 -fsyntax-only $$f || exit; done; done,:)

analysis: setup build/pam_wpam.so ## clang-tidy, cppcheck and gcc's analyzer on the module, and what is in it
	$(call step,$@,tools/analysis.sh $(COMPILE))

include packaging/packages.mk

clean: ## remove build/
	@rm -rf build

# The C parts as they ship, and in build/asan once more with sanitizers.
build/asan/%: CFLAGS += -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -U_FORTIFY_SOURCE
# The sanitizer must find libcrypt before pam_unix loads it, or it calls nothing in its place.
build/asan/%: LINK := -Wl,--no-as-needed -lcrypt

build/pam_wpam.so build/asan/pam_wpam.so: $(SHIM) $(HEADERS) shim/pam_wpam.map build/settings
	$(call step,module,$(CC) $(COMPILE) -shared -o $@ $(SHIM) $(LINK) $(EXPORTS) $(LDFLAGS) -lpam)

build/pam_app build/asan/pam_app: test/pam_app.c build/settings
	$(call step,pam_app,$(CC) $(COMPILE) -o $@ $< $(LINK) $(LDFLAGS) -lpam)

build/openpam/pam_wpam.so: $(SHIM) $(HEADERS) shim/pam_wpam.map $(wildcard test/fake/openpam/*/*.h) build/settings
	@mkdir -p build/openpam
	$(call step,openpam,$(CC) $(COMPILE) $(OPENPAM) -shared -o $@ $(SHIM) $(LINK:%,-z,defs=%) $(EXPORTS) $(LDFLAGS))

build/openpam/pam_app: test/pam_app.c test/fake/openpam/libpam.c $(wildcard test/fake/openpam/*/*.h) build/settings
	@mkdir -p build/openpam
	$(call step,openpam,$(CC) $(COMPILE) $(OPENPAM) -fvisibility=default -rdynamic -o $@ $(filter %.c,$^) $(LINK) $(LDFLAGS))

build/bench/%: test/bench/%.c build/settings
	@mkdir -p build/bench
	$(call step,$*,$(CC) $(COMPILE) -o $@ $< $(LINK) $(LDFLAGS))

build/bench/pam_%.so: test/bench/%.c build/settings
	@mkdir -p build/bench
	$(call step,$*,$(CC) $(COMPILE) -shared -o $@ $< $(LINK) $(LDFLAGS) -lpam)

build/frame_test build/asan/frame_test: test/unit/frame_test.c shim/frame.c shim/platform.c $(HEADERS) build/settings
	$(call step,frame_test,$(CC) $(COMPILE) -o $@ $(filter %.c,$^) $(LINK) $(LDFLAGS) -lpam)

build/fuzz/session: $(wildcard test/fuzz/*.[ch] test/fuzz/build.sh) $(SHIM) $(HEADERS) build/settings
	$(call step,targets,test/fuzz/build.sh $(COMPILE))

build/valgrind: test/valgrind.sh build/pam_wpam.so build/pam_app build/frame_test
	@mkdir -p $@ && install -m 755 $< $@/pam_app && install -m 755 $< $@/frame_test && ln -sf ../pam_wpam.so $@ && touch $@

build/wpam-auth: $(wildcard src/*.ts) tools/build-helper.sh tools/package-lock.json build/settings
	@$(CLEAN) tools/build-helper.sh

# After the helper, whose build clears away the Deno beside it.
build/wpam: $(wildcard installer/*.ts src/*.ts) tools/build-command.sh tools/package-lock.json build/wpam-auth build/settings
	@$(CLEAN) tools/build-command.sh

# Manual pages and completions, from the code's own tables.
build/share/made: $(wildcard packaging/*.ts packaging/man/* installer/*.ts src/*.ts) deno.json
	$(call step,manual,rm -rf build/share && $(RUN) run -A --no-check --cached-only packaging/main.ts build/share && touch $@)

# Changes only when a setting does, so that what depends on it is built anew.
build/settings: export SETTINGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(HOME_DIR) $(FLAVOUR) $(DENORT_BIN) $(NODE)
build/settings: FORCE
	@mkdir -p build/asan
	@printf '%s\n' "$$SETTINGS" | cmp -s - $@ || printf '%s\n' "$$SETTINGS" >$@
