/**
 * The middle rung once more with the builds for arm64: libpam, module, Deno and helper all run under qemu-aarch64.
 *
 * The kernel here starts no program for arm64, so that one link of the chain is another one than on such a machine:
 * the `deno` beside the helper is a script that gives the real one to the emulator. Not part of `make test`; run by
 * test/arm64.sh, inside test/sandbox.sh.
 */
import assert from "node:assert/strict";
import { findParts, type Parts } from "./installed.ts";
import { playOnPam } from "./rung_pam.ts";
import { playAll } from "./stage.ts";
import { OUTCOMES, readStories } from "./story.ts";

const BUILD = new URL("../build", import.meta.url).pathname;
const ROOT = `${BUILD}/arm64/root`;
// Below /run, where the user wpam can read it too, wherever the checkout lies.
const HOME = "/run/wpam-test/arm64";
const QEMU = "exec qemu-aarch64 -L";

async function install(): Promise<Parts> {
  await Deno.mkdir(HOME, { mode: 0o755 });
  await new Deno.Command("cp", { args: ["-rL", `${ROOT}/lib`, `${HOME}/lib`] }).output();
  for (const name of ["pam_wpam.so", "wpam-auth", "wpam-auth.js"]) {
    await Deno.copyFile(`${BUILD}/linux-arm64/${name}`, `${HOME}/${name}`);
  }
  await Deno.copyFile(`${BUILD}/linux-arm64/deno`, `${HOME}/deno.arm64`);
  const script = (name: string, text: string) =>
    Deno.writeTextFile(`${HOME}/${name}`, `#!/bin/sh\n${text} "$@"\n`, { mode: 0o755 });
  // To show a program its own /proc/self/maps the emulator writes a file, which the helper's limits forbid.
  await script("deno", `trap '' XFSZ\n${QEMU} ${HOME} ${HOME}/deno.arm64`);
  await script("pam_app", `${QEMU} ${HOME} ${BUILD}/arm64/pam_app`);
  const paths = { module: "pam_wpam.so", helper: "wpam-auth", app: "pam_app" };
  const parts = Object.entries(paths).map(([part, name]) => [part, `${HOME}/${name}`]);
  return { ...findParts(), ...Object.fromEntries(parts), emulated: true };
}

/** Tells which machine a program is for: the number in its ELF header. */
function readMachine(path: string): number {
  return Deno.readFileSync(path)[18]!;
}

/** At least one story for each outcome, and one for each way that logins go. */
const WANTED = [
  "account/check",
  "account/undecided",
  "answers/approved",
  "answers/client-leaves",
  "answers/exhausted",
  "answers/good",
  "answers/wrong",
  "api/refused",
  "offline/table/unreachable-listed-key",
  "offline/table/unreachable-listed-none-right",
  "settings/writable",
  "tls/other-ca",
  "tls/unverified",
];

Deno.test("stories with the builds for arm64", async (t) => {
  const parts = await install();
  for (const name of ["pam_wpam.so", "deno.arm64"]) {
    assert.equal(readMachine(`${HOME}/${name}`), 183);
  }
  const stories = readStories(new URL("scenarios/", import.meta.url), "pam")
    .filter(({ name }) => WANTED.includes(name));
  assert.deepEqual(WANTED.filter((name) => !stories.some((one) => one.name === name)), []);
  assert.deepEqual(OUTCOMES.filter((one) => !stories.some(({ outcome }) => outcome === one)), []);
  // One at a time: emulated, a helper takes seconds to its first word.
  await playAll(t, stories, (story) => playOnPam(story, parts), 1);
});
