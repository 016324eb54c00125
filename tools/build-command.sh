#!/usr/bin/env bash
# Builds the command, build/wpam, from installer/main.ts: a launcher, one JavaScript file, and the pinned Deno beside it. A
# bundle in both flavours: the command is no part of a login, and this way it needs no second copy of the runtime.
# Never type-checks (make types does) and never downloads. Run by make build.
set -euo pipefail
: "${DENO:?run this as: make build}" "${ESBUILD:?}"
cd "$(dirname "$0")/.."
[ -x "$DENO" ] || { echo "Deno is not here yet: run make setup first." >&2; exit 1; }

# All of it, because without --allow-all Deno reads nothing below /proc: listeners, mounts, the login that it runs in.
flags=(--no-config --no-lock --no-remote --no-npm --cached-only --no-prompt --no-code-cache --allow-all)

# The libraries come from tools/, at the versions of deno.json; where a link leads makes no difference to the bundle.
NODE_PATH=tools/node_modules "$ESBUILD" installer/main.ts --bundle --format=esm --platform=neutral \
  --preserve-symlinks --external:node:* --target=esnext --charset=utf8 --legal-comments=inline --log-level=warning --outfile=build/wpam.js
[ -e build/deno ] || ln "$DENO" build/deno 2>/dev/null || cp "$DENO" build/deno
cat >build/wpam <<LAUNCHER
#!/bin/sh
# An administrator's command. The caller's settings for Deno are not for it, and Deno leaves no cache behind.
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS DENO_CERT RUST_BACKTRACE
export DENO_DIR=/dev/null/x DENO_LOG=off DENO_NO_UPDATE_CHECK=1 DENO_TLS_CA_STORE=system
# Deno runs in no folder that has been removed.
readlink -f . >/dev/null || cd /
self=\$(readlink -f -- "\$0") || exit
exec "\${self%/*}/deno" run ${flags[*]} "\${self%/*}/wpam.js" "\$@"
LAUNCHER
chmod 755 build/wpam
printf '%-10s %s\n' command "launcher, bundle and Deno"
