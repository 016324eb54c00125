/**
 * The arrows between the folders: who may import whom, and which files may touch the world.
 */
import assert from "node:assert/strict";

const top = new URL("../../", import.meta.url);

/** What the installer may take from the helper, so that it reads and asks exactly as a login does. */
const SHARED = ["config", "api", "secret", "log", "policy", "offline"];

/** The only files of each folder that may use the network, files, processes or standard streams. */
const WORLDLY: Record<string, string[]> = {
  // node.ts is Deno's place where there is none: nothing imports it, the build puts it there.
  src: ["main.ts", "api.ts", "insecure.ts", "node.ts"],
  // network.ts looks at the way to Werbot stage by stage; loopback.ts and pam.ts call libc and libpam.
  installer: ["main.ts", "host.ts", "transaction.ts", "loopback.ts", "network.ts", "pam.ts"],
};

async function readSources(folder: string): Promise<{ name: string; text: string }[]> {
  const sources = [];
  for await (const { name } of Deno.readDir(new URL(folder, top))) {
    if (!name.endsWith(".ts")) continue;
    sources.push({ name, text: await Deno.readTextFile(new URL(`${folder}/${name}`, top)) });
  }
  return sources;
}

function imports(text: string): string[] {
  return [...text.matchAll(/(?:from |import\()"([^"]+)"/g)].map((match) => match[1]!);
}

const folders = [];
for await (const { name, isDirectory } of Deno.readDir(top)) {
  if (isDirectory && name in WORLDLY) folders.push(name);
}

for (const folder of folders) {
  Deno.test(`${folder}/ imports only what it may`, async () => {
    for (const { name, text } of await readSources(folder)) {
      for (const from of imports(text)) {
        const shared = /^\.\.\/src\/([a-z_]+)\.ts$/.exec(from)?.[1];
        const ours = /^\.\/[a-z_]+\.ts$/.test(from);
        const lent = folder === "installer" && shared !== undefined && SHARED.includes(shared);
        const library = folder === "installer" && /^[a-z@]/.test(from);
        const builtIn = from.startsWith("node:") && WORLDLY[folder]!.includes(name);
        assert.ok(ours || lent || library || builtIn, `${folder}/${name} imports ${from}`);
      }
    }
  });

  Deno.test(`${folder}/ touches the world in few files`, async () => {
    for (const { name, text } of await readSources(folder)) {
      const code = text.replace(/"[^"\n]*"|\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      const worldly = /\bDeno\.|\bfetch\(|\bprocess\./.test(code);
      assert.ok(!worldly || WORLDLY[folder]!.includes(name), `${folder}/${name} uses Deno itself`);
    }
  });
}

Deno.test("src/ loads no module of Node's before it is called for", async () => {
  for (const { name, text } of await readSources("src")) {
    assert.ok(!imports(text).includes("./node.ts"), `${name} imports what is for Node alone`);
    if (name === "node.ts") continue;
    assert.doesNotMatch(text, /^import (?!type )[^;]*"node:/m, `${name} imports at its top`);
    // Node's too: the first call loads its timers.
    assert.doesNotMatch(
      text,
      /\bset(Timeout|Interval|Immediate)\(/,
      `${name} has a timer of Node's`,
    );
  }
});
