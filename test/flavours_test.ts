/**
 * The flavours of the helper, as far as they can be looked at without running them: a compiled one carries its flags
 * and permissions in itself, and no code cache of it lies where anybody could plant one; and neither can be had by
 * accident. Any program does for the base of a compiled one that is not run.
 */
import assert from "node:assert/strict";
import { buildHelper } from "./flavour.ts";

const FLAGS = ["--jitless", "--single-threaded", "--lite-mode"];

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "wpam-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a compiled helper may use the network and nothing else, and takes no code from a cache", () =>
  inFolder(async (folder) => {
    const { code, out, err } = await buildHelper(folder, {
      FLAVOUR: "standalone",
      DENORT_BIN: "/bin/true",
    });
    assert.equal(code, 0, err);
    assert.match(out, /^helper +standalone: as asked$/m);
    const text = new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/wpam-auth`));
    const [baked] = /\{"argv":.*?\}(?=\n|\[|\0|[\x80-\xff])/.exec(text) ?? [];
    const facts = JSON.parse(baked!);
    const { prompt, ...permissions } = facts.permissions;
    const allowed = Object.entries(permissions).filter(([name, value]) =>
      name.startsWith("allow_") && value !== null
    );
    // The one for imports is all that deny_import, which wins, takes away again.
    assert.deepEqual(allowed, [["allow_net", []], ["allow_import", []]]);
    assert.deepEqual(permissions.deny_import, []);
    assert.equal(prompt, false);
    assert.equal(facts.code_cache_key, null);
    assert.deepEqual(facts.v8_flags.slice(-FLAGS.length), FLAGS);
    assert.deepEqual(facts.argv, []);
    assert.deepEqual(facts.env_vars_from_env_file, {});
    for (const name of ["unsafely_ignore_certificate_errors", "ca_data", "ca_stores", "location"]) {
      assert.equal(facts[name], null, name);
    }
  }));

Deno.test("a bundled helper has the same flags and permissions", () =>
  inFolder(async (folder) => {
    const { code, out } = await buildHelper(folder, { FLAVOUR: "bundle" });
    assert.equal(code, 0, out);
    const launcher = await Deno.readTextFile(`${folder}/wpam-auth`);
    const words = launcher.trim().split("\n").at(-1)!.split(" ");
    const granted = words.filter((word) => word.startsWith("--allow") || word.startsWith("--deny"));
    assert.deepEqual(granted, ["--allow-net", "--deny-import"]);
    assert.ok(words.includes(`--v8-flags=${FLAGS.join(",")}`) && words.includes("--no-code-cache"));
    assert.ok(words.includes("--no-prompt"));
  }));

Deno.test("a helper for a Node that is not here may read no file but its own, and has Deno's flags", () =>
  inFolder(async (folder) => {
    const { code, out } = await buildHelper(folder, { FLAVOUR: "node", NODE: "/none/bin/node" });
    assert.equal(code, 0, out);
    const launcher = await Deno.readTextFile(`${folder}/wpam-auth`);
    const words = launcher.trim().split("\n").at(-1)!.split(" ");
    assert.deepEqual(words.slice(0, 2), ["exec", '"$home/node"']);
    assert.equal(await Deno.readLink(`${folder}/node`), "/none/bin/node");
    assert.match(out, /^helper +node: not here, so for Node 22\.13 or newer, or 24$/m);
    const granted = words.filter((word) => /^"?--(allow|permission)/.test(word));
    assert.deepEqual(granted, ["--permission", '"--allow-fs-read=$home/wpam-auth.js"']);
    assert.deepEqual(FLAGS.filter((flag) => !words.includes(flag)), []);
  }));

Deno.test("FLAVOUR=node without Node says so in one line", () =>
  inFolder(async (folder) => {
    for (const NODE of ["no-such-node", "/bin/false"]) {
      const { code, out, err } = await buildHelper(folder, { FLAVOUR: "node", NODE });
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, /^FLAVOUR=node needs Node[^\n]+\n$/);
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("a helper for Deno has nothing in it that is for Node", () =>
  inFolder(async (folder) => {
    await buildHelper(folder, { FLAVOUR: "bundle" });
    assert.doesNotMatch(await Deno.readTextFile(`${folder}/wpam-auth.js`), /src\/node\.ts/);
  }));

Deno.test("FLAVOUR=standalone without denort says so in one line", () =>
  inFolder(async (folder) => {
    const { code, out, err } = await buildHelper(folder, {
      FLAVOUR: "standalone",
      DENO_DIR: `${folder}/none`,
    });
    assert.equal(code, 2);
    assert.match(err, /^FLAVOUR=standalone needs denort, [^\n]+ DENORT_BIN\n$/);
    assert.equal(out, "");
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));
