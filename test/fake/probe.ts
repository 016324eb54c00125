// Stands in for the helper's own program and tries what a login must not be able to do: a line of the log each, with
// what came of it. Then it asks, so that it can be looked at from outside, and refuses. It harms nothing if it succeeds.
// Bundled and started by test/confinement_test.ts, as the module starts wpam-auth.js.

import { encodeFrame, type Frame, FrameReader } from "../../src/frame.ts";

/** Everything that needs a permission which a login has no use for. */
const ATTEMPTS: Readonly<Record<string, () => unknown>> = {
  "read-a-file": () => Deno.readTextFileSync("/etc/passwd"),
  "read-a-file-by-node": async () => (await import("node:fs")).readFileSync("/etc/passwd"),
  "read-the-settings": () => Deno.readTextFileSync("/etc/wpam/wpam.conf"),
  "read-its-environment": () => Deno.readTextFileSync("/proc/self/environ"),
  "list-a-folder": () => [...Deno.readDirSync("/")],
  "look-at-a-file": () => Deno.statSync("/etc/passwd"),
  "write-a-file": () => Deno.writeTextFileSync("/tmp/wpam-probe", "x"),
  "make-a-folder": () => Deno.mkdirSync("/tmp/wpam-probe"),
  "remove-a-file": () => Deno.removeSync("/tmp/wpam-probe"),
  "run-a-program": () => new Deno.Command("/bin/true").outputSync(),
  "run-a-program-by-node": async () =>
    (await import("node:child_process")).execFileSync("/bin/true"),
  "signal-the-module": () => Deno.kill(Deno.ppid, "SIGCONT"),
  "read-a-variable": () => Deno.env.get("HOME"),
  "ask-for-the-host-name": () => Deno.hostname(),
  "load-a-library": () => Deno.dlopen("libc.so.6", {}),
  "load-code-from-a-file": () => load("file:///etc/passwd"),
  "load-code-from-the-network": () => load("http://127.0.0.1:1/code.js"),
  "speak-on-a-local-socket": () => Deno.connect({ transport: "unix", path: "/run/socket" }),
  "ask-for-a-permission": async () => {
    const { state } = await Deno.permissions.request({ name: "read" });
    if (state !== "granted") throw new Deno.errors.NotCapable(state);
  },
  "compile-machine-code": () => {
    if (!("WebAssembly" in globalThis)) throw new Deno.errors.NotCapable("no compiler");
  },
};

/** Not with the name in place: what stands in the program itself needs no permission. */
function load(name: string): Promise<unknown> {
  return import(name);
}

const reader = new FrameReader();
const arrived: Frame[] = [];
const buffer = new Uint8Array(65536);

async function receive(): Promise<Frame> {
  while (arrived.length === 0) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) Deno.exit(1);
    arrived.push(...reader.push(buffer.subarray(0, count)));
  }
  return arrived.shift()!;
}

async function send(type: string, payload: string): Promise<void> {
  await Deno.stdout.write(encodeFrame(type, payload));
}

let nonce = "";
for (let frame = await receive(); frame.type !== "B"; frame = await receive()) {
  if (frame.type === "N") nonce = new TextDecoder().decode(frame.payload);
}
for (const [name, attempt] of Object.entries(ATTEMPTS)) {
  let outcome = "done";
  try {
    await attempt();
  } catch (error) {
    outcome = error instanceof Error ? `${error.name}: ${error.message}` : `${error}`;
  }
  const refused = /^NotCapable|Requires \w+ access|ERR_ACCESS_DENIED/.test(outcome);
  await send("l", `INFO: attempt ${name} ${refused ? "refused" : outcome.replace(/\s+/g, " ")}`);
}
await send("e", "Look at me: ");
await receive();
await send("v", `denied ${nonce} WARN: login denied by the probe`);
Deno.exit(0);
