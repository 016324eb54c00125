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

/** Tells what make would run on another system, and with which Deno and esbuild. */
function plan(system: string, machine: string) {
  const top = new URL("../../", import.meta.url).pathname;
  const words = [`SYSTEM=${system}`, `MACHINE=${machine}`];
  const { stdout } = new Deno.Command("make", {
    args: ["-np", "-C", top, ...words, "build/pam_wpam.so"],
    env: { MAKEFLAGS: "" },
  }).outputSync();
  const text = new TextDecoder().decode(stdout);
  const variable = (name: string) =>
    new RegExp(`^${name} := (.*)$`, "m").exec(text)?.[1]?.replace(`${top}tools/node_modules/`, "");
  return {
    deno: variable("DENO"),
    esbuild: variable("ESBUILD"),
    prefix: variable("PREFIX"),
    linker: /-Wl,-z,relro/.test(text),
  };
}

Deno.test("make takes what npm has for a system, else the system's own", () => {
  const { packages } = read("tools/package-lock.json");
  for (
    const [system, machine, platform, deno] of [
      ["Linux", "x86_64", "linux-x64", "@deno/linux-x64-glibc"],
      ["Linux", "aarch64", "linux-arm64", "@deno/linux-arm64-glibc"],
      ["Darwin", "arm64", "darwin-arm64", "@deno/darwin-arm64"],
      ["Darwin", "x86_64", "darwin-x64", "@deno/darwin-x64"],
      ["FreeBSD", "amd64", "freebsd-x64", undefined],
      ["FreeBSD", "arm64", "freebsd-arm64", undefined],
    ] as const
  ) {
    const planned = plan(system, machine);
    if (deno) assert.equal(planned.deno, `${deno}/deno`);
    else assert.match(planned.deno!, /^(\/.*\/)?deno$/);
    assert.equal(planned.esbuild, `@esbuild/${platform}/bin/esbuild`);
    for (const name of [deno, `@esbuild/${platform}`].filter(Boolean)) {
      assert.match(packages[`node_modules/${name}`].integrity, /^sha512-/);
    }
    // Apple seals /usr, and its linker knows none of the GNU one's words.
    assert.equal(planned.prefix, system === "Darwin" ? "/usr/local" : "/usr");
    assert.equal(planned.linker, system !== "Darwin");
  }
});
