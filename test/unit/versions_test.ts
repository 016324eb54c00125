/**
 * One version of everything: what deno.json pins is what the build puts into the command, and what wpam calls
 * itself.
 */
import assert from "node:assert/strict";
import { VERSION } from "../../installer/version.ts";

const read = (path: string) =>
  JSON.parse(Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url)));
const deno = read("deno.json");

Deno.test("wpam calls itself what deno.json calls it", () => {
  assert.equal(VERSION, deno.version);
});

Deno.test("the command is built from the libraries that the tests use", () => {
  const tools: Record<string, string> = read("tools/package.json").dependencies;
  const { packages } = read("tools/package-lock.json");
  assert.ok(Object.keys(tools).length > 0);
  for (const [name, version] of Object.entries(tools)) {
    assert.equal(deno.imports[name], `npm:${name}@${version}`);
    assert.equal(packages[`node_modules/${name}`].version, version);
  }
});

Deno.test("what is packed for arm64 is the Deno that everything else is built with", () => {
  const name = "@deno/linux-arm64-glibc";
  const pinned = read("tools/package-lock.json").packages[`node_modules/${name}`];
  const packed = read("tools/arm64/package-lock.json").packages[`node_modules/${name}`];
  assert.equal(read("tools/arm64/package.json").dependencies[name], pinned.version);
  assert.deepEqual([packed.version, packed.integrity], [pinned.version, pinned.integrity]);
});
