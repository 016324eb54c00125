/** installer/elf.ts: the heads of files made for it, of this machine's own, and of damaged ones. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readElf } from "../../installer/elf.ts";
import { toText } from "../../installer/host.ts";
import { makeElf } from "../elf.ts";

Deno.test("readElf() reads 32 and 64 bits, and tells musl from glibc (C20)", () => {
  for (const bits of [32, 64] as const) {
    const needed = ["libpam.so.0", "libc.musl-armhf.so.1"];
    const interpreter = "/lib/ld-musl-armhf.so.1";
    const bytes = makeElf({
      bits,
      machine: 40,
      interpreter,
      needed,
      runpath: "$ORIGIN/../lib:/opt",
    });
    const searched = ["$ORIGIN/../lib", "/opt"];
    assert.deepEqual(readElf(toText(bytes)), { bits, machine: 40, interpreter, needed, searched });
  }
});

Deno.test("readElf() reads a program of this machine", () => {
  const elf = readElf(toText(Deno.readFileSync(Deno.execPath())));
  assert.ok(elf?.needed.includes("libc.so.6"), JSON.stringify(elf));
  assert.match(elf?.interpreter ?? "", /^\/lib.*\/ld-/);
});

Deno.test("readElf() gives up on what is no ELF file, cut short or damaged, and never throws", () => {
  assert.equal(readElf(""), undefined);
  assert.equal(readElf("#!/bin/sh\n"), undefined);
  const text = toText(makeElf({ needed: ["libpam.so.0"], interpreter: "/lib/ld.so" }));
  for (let length = 0; length < text.length; length++) readElf(text.slice(0, length));
  const damage = fc.array(fc.tuple(fc.nat(text.length - 1), fc.nat(255)), { minLength: 1 });
  fc.assert(fc.property(damage, (changes) => {
    const bytes = text.split("");
    for (const [at, byte] of changes) bytes[at] = String.fromCharCode(byte);
    readElf(bytes.join(""));
  }));
});
