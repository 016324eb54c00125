#!/usr/bin/env bash
# Builds the login helper, wpam-auth, from src/main.ts into build/ or the folder given: one binary (standalone), or a
# launcher with Deno and one JavaScript file beside it (bundle). Both may use the network and nothing else.
# FLAVOUR=standalone|bundle forces one. FLAVOUR=node is for systems without Deno: a link to NODE (the one in PATH) lies
# beside the launcher, and the module looks before each login whether that is safe. Never type-checks (make types does) and
# never downloads. Run by make build.
set -euo pipefail
: "${DENO:?run this as: make build}" "${ESBUILD:?}" "${DENO_DIR:?}"
cd "$(dirname "$0")/.."
out=${1:-build}
[ -x "$DENO" ] || { echo "Deno is not here yet: run make setup first." >&2; exit 1; }

# No code cache: that of a compiled program lies in the temp directory, where anybody could plant one for root's logins.
flags=(--no-config --no-lock --no-remote --no-npm --cached-only --no-prompt --no-code-cache
  '--v8-flags=--jitless,--single-threaded,--lite-mode' --allow-net --deny-import)

# Where `deno compile` takes its base binary from, in its own order; nothing if it would have to download it.
denort() {
  local version
  read -r _ version _ < <("$DENO" --version)
  if [ -n "${DENORT_BIN-}" ]; then
    echo "denort from DENORT_BIN"
  elif [ -e "${DENO%/*}/denort" ]; then
    echo "denort beside deno"
  elif [ -e "$DENO_DIR/dl/release/v$version/denort-$(uname -m)-unknown-linux-gnu.zip" ]; then
    echo "denort already downloaded"
  fi
}

found=$(denort)
case ${FLAVOUR-} in
standalone | bundle | node) why="as asked" ;;
"")
  FLAVOUR=bundle why="no denort here to compile with"
  [ -z "$found" ] || FLAVOUR=standalone why=$found
  ;;
*)
  echo "FLAVOUR is standalone, bundle, node or empty, not '$FLAVOUR'" >&2
  exit 2
  ;;
esac

# deno compile would fetch it, and no lock says what that must be.
if [ "$FLAVOUR" = standalone ] && [ -z "$found" ]; then
  echo "FLAVOUR=standalone needs denort, the base of Deno's compiled programs: give its path as DENORT_BIN" >&2
  exit 2
fi

node_lacks() {
  echo "FLAVOUR=node needs Node 20 or newer: $1" >&2
  exit 2
}

# Finds Node and what it takes, for not every one takes the same. Before 25 its permission model leaves the network open
# and need not be told to; with --jitless some complain on standard error about WebAssembly, unless it is switched off.
# Of one for another system only the path is known: it must be 22.13 or newer, or 24.
choose_node() {
  local model
  node=$(command -v "${NODE:-node}") || node=${NODE-}
  [[ $node = /* ]] || node_lacks "put it into the PATH, or give its path as NODE"
  flags=(--permission --jitless --no-warnings)
  why="not here, so for Node 22.13 or newer, or 24"
  if [ -e "$node" ]; then
    why=$node
    for model in "--permission --allow-net" --permission --experimental-permission; do
      read -ra flags <<<"$model --jitless --no-warnings"
      ! "$node" "${flags[@]}" -e 0 2>/dev/null || break
    done
    "$node" "${flags[@]}" -e 0 >/dev/null 2>&1 || node_lacks "$node is none"
    ! "$node" --no-expose-wasm -e 0 2>/dev/null || flags+=(--no-expose-wasm)
  fi
  flags+=(--single-threaded --lite-mode --v8-pool-size=0 --use-openssl-ca)
}

bundle() {
  "$ESBUILD" src/main.ts --bundle --format=esm --platform=neutral --external:node:* --charset=utf8 \
    --legal-comments=inline --log-level=warning --outfile="$out/wpam-auth.js" "$@"
}

[ "$FLAVOUR" != node ] || choose_node
rm -f "$out/wpam-auth" "$out/wpam-auth.js" "$out/deno" "$out/node"
if [ "$FLAVOUR" = standalone ]; then
  "$DENO" compile --quiet --no-check "${flags[@]}" --output "$out/wpam-auth" src/main.ts
elif [ "$FLAVOUR" = node ]; then
  bundle --target=node20 --inject:src/node.ts
  ln -s "$node" "$out/node"
  cat >"$out/wpam-auth" <<LAUNCHER
#!/bin/sh
# Started by pam_wpam.so as an unprivileged user: the network, and no file but its own.
unset PWD OLDPWD SHLVL
# Node ends no sooner than a name server has answered or been given up, and the module waits two seconds for that.
export RES_OPTIONS='timeout:1 attempts:2'
home=\$(cd "\${0%/*}" && pwd -P) || exit
exec "\$home/node" ${flags[*]} "--allow-fs-read=\$home/wpam-auth.js" "\$home/wpam-auth.js"
LAUNCHER
  chmod 755 "$out/wpam-auth"
else
  bundle --target=esnext
  ln "$DENO" "$out/deno" 2>/dev/null || cp "$DENO" "$out/deno"
  cat >"$out/wpam-auth" <<LAUNCHER
#!/bin/sh
# Started by pam_wpam.so as an unprivileged user: the network, and nothing else.
unset PWD OLDPWD SHLVL
exec "\${0%/*}/deno" run ${flags[*]} "\${0%/*}/wpam-auth.js"
LAUNCHER
  chmod 755 "$out/wpam-auth"
fi
printf '%-10s %s: %s\n' helper "$FLAVOUR" "$why"
