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
