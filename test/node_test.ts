// The helper for Node, where there is no Deno (NetBSD): every story of the helper rung ends as it does under Deno. The
// reasons in the log that are others stand in test/node_differences.txt, and nothing else may differ; and what Node's
// permission model keeps from it. Another Node than the pinned one: NODE=/path/of/node. Called by `deno test`.

import assert from "node:assert/strict";
import { buildHelper } from "./flavour.ts";
import { findMissing, makeTest } from "./installed.ts";
import { playOnHelper } from "./rung_helper.ts";
import { playAll } from "./stage.ts";
import { readStories, type Story } from "./story.ts";

const folder = await Deno.makeTempDir({ prefix: "wpam-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const helper = `${folder}/wpam-auth`;
const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";
const pinned = new URL(`../tools/node_modules/node-linux-${arch}/bin/node`, import.meta.url);
const NODE = Deno.env.get("NODE") ?? pinned.pathname;
const here = await Deno.stat(NODE).then(() => null, () => `${NODE} is missing: make setup`);
const test = makeTest(findMissing("wpam-auth") ?? here);
if (here === null) {
  const { code, err } = await buildHelper(folder, { FLAVOUR: "node", NODE });
  assert.equal(code, 0, err);
}

/** The reasons that are others, by the names of their stories. */
const differences = new Map(
  [
    ...Deno.readTextFileSync(new URL("node_differences.txt", import.meta.url))
      .matchAll(/^([a-z0-9/-]+): (.+)\n {4}\S/gm),
  ].map(([, name, reason]) => [name!, reason!]),
);

/** Plays a story that is told as Node tells it; told as Deno does, it must fail. */
async function playDifferent(story: Story, reason: string): Promise<void> {
  await assert.rejects(playOnHelper(story, helper), /log line/, "no difference any more");
  const log = [...story.log];
  log.push(log.pop()!.replace(/reason=".*"$/, `reason="${reason}"`));
  await playOnHelper({ ...story, log }, helper);
}

test("stories on the helper rung under Node", async (t) => {
  const stories = readStories(new URL("scenarios/", import.meta.url), "helper");
  const names = new Set(stories.map(({ name }) => name));
  assert.deepEqual([...differences.keys()].filter((name) => !names.has(name)), [], "no such story");
  await playAll(t, stories, (story) => {
    const reason = differences.get(story.name);
    return reason === undefined ? playOnHelper(story, helper) : playDifferent(story, reason);
  });
});

/** Tries what a helper must not do, and prints what came of each. */
const PROBE = `
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
const [own] = process.argv.slice(1);
const tries = {
  readItself: () => readFileSync(own),
  readFile: () => readFileSync("/etc/passwd"),
  readBeside: () => readFileSync(own.replace(/\\.js$/, "")),
  readFolder: () => readdirSync("/"),
  writeFile: () => writeFileSync(own + ".new", ""),
  startProgram: () => { const { error } = spawnSync("/bin/true"); if (error) throw error; },
  startThread: () => new Worker("", { eval: true }),
  loadLibrary: () => process.dlopen({ exports: {} }, "/none.node"),
  makeCode: () => new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
};
for (const [name, run] of Object.entries(tries)) {
  let end = "done";
  try { run(); } catch (error) { end = error.code ?? error.name; }
  console.log(name, end);
}
`;

test("a helper under Node reads no file but its own, writes none, and starts nothing", async () => {
  const probe = await Deno.makeTempDir({ prefix: "wpam-" });
  try {
    await Deno.copyFile(helper, `${probe}/wpam-auth`);
    await Deno.symlink(NODE, `${probe}/node`);
    await Deno.writeTextFile(`${probe}/wpam-auth.js`, PROBE);
    // Through a link, as /usr or a version's folder may be one.
    await Deno.symlink(probe, `${probe}/link`);
    const { stdout, stderr } = await new Deno.Command(`${probe}/link/wpam-auth`, { clearEnv: true })
      .output();
    const [out, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(complaints, "");
    assert.deepEqual(
      Object.fromEntries(out!.trim().split("\n").map((line) => line.split(" "))),
      {
        readItself: "done",
        readFile: "ERR_ACCESS_DENIED",
        readBeside: "ERR_ACCESS_DENIED",
        readFolder: "ERR_ACCESS_DENIED",
        writeFile: "ERR_ACCESS_DENIED",
        startProgram: "ERR_ACCESS_DENIED",
        startThread: "ERR_ACCESS_DENIED",
        loadLibrary: "ERR_DLOPEN_DISABLED",
        makeCode: "ReferenceError",
      },
    );
  } finally {
    await Deno.remove(probe, { recursive: true });
  }
});
