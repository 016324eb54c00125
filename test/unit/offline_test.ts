/**
 * src/offline.ts: what a code looks like, which typing errors are noticed, and how it is named on the disk.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatCode, makeCode, nameCode, parseCode } from "../../src/offline.ts";
import { Secret } from "../../src/secret.ts";

const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const code = fc.constant(null).map(() => makeCode().reveal());
const place = fc.nat(16);

function isRead(text: string): boolean {
  return parseCode(text) instanceof Secret;
}

function replace(text: string, at: number, symbol: string): string {
  return text.slice(0, at) + symbol + text.slice(at + 1);
}

Deno.test("makeCode() makes 16 random symbols, all of them alike often, and one check symbol", () => {
  const codes = Array.from({ length: 4000 }, () => makeCode().reveal());
  assert.equal(new Set(codes).size, codes.length);
  const counts = new Map<string, number>();
  for (const symbol of codes.join("")) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  assert.deepEqual([...counts.keys()].sort().join(""), SYMBOLS);
  const expected = codes.length * 17 / 32;
  for (const [symbol, count] of counts) {
    // Six standard deviations.
    assert.ok(Math.abs(count - expected) < 6 * Math.sqrt(expected), `${symbol}: ${count}`);
  }
});

Deno.test("parseCode() gives back what formatCode() wrote, however people type it", () => {
  fc.assert(fc.property(code, (text) => {
    const written = formatCode(new Secret(text));
    assert.match(written, /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}$/);
    const sloppy = ` ${written.toLowerCase().replaceAll("-", "  ")}\t`;
    const likeness = text.replaceAll("1", "l").replaceAll("0", "o");
    for (const typed of [text, written, sloppy, likeness, likeness.replaceAll("l", "I")]) {
      const read = parseCode(typed);
      assert.ok(read instanceof Secret, typed);
      assert.equal(read.reveal(), text);
    }
  }));
});

Deno.test("parseCode() notices every single wrong symbol", () => {
  for (let tries = 0; tries < 20; tries++) {
    const text = makeCode().reveal();
    for (let at = 0; at < text.length; at++) {
      for (const symbol of SYMBOLS.replace(text[at]!, "")) {
        assert.ok(!isRead(replace(text, at, symbol)), `${text} ${at} ${symbol}`);
      }
    }
  }
});

Deno.test("parseCode() notices any two symbols that changed places, neighbours or not", () => {
  fc.assert(fc.property(code, place, place, (text, one, other) => {
    fc.pre(text[one] !== text[other]);
    assert.ok(!isRead(replace(replace(text, one, text[other]!), other, text[one]!)));
  }));
});

Deno.test("parseCode() notices two equal neighbours that became another pair", () => {
  fc.assert(fc.property(code, fc.nat(14), fc.nat(31), fc.nat(31), (text, at, one, other) => {
    fc.pre(one !== other);
    const [good, bad] = [one, other].map((element) => SYMBOLS[element]!.repeat(2));
    // Of the texts with the good pair, those that are codes.
    const whole = SYMBOLS.split("").map((check) =>
      text.slice(0, at) + good + text.slice(at + 2, 16) + check
    )
      .find(isRead)!;
    assert.ok(!isRead(whole.slice(0, at) + bad + whole.slice(at + 2)));
  }));
});

Deno.test("parseCode() lets one in 32 random texts pass", () => {
  let passed = 0;
  for (let tries = 0; tries < 32_000; tries++) {
    const bytes = crypto.getRandomValues(new Uint8Array(17));
    if (isRead([...bytes].map((byte) => SYMBOLS[byte & 31]).join(""))) passed++;
  }
  assert.ok(passed > 800 && passed < 1200, `${passed}`);
});

Deno.test("parseCode() says what is wrong", () => {
  const text = makeCode().reveal();
  const length = { mistake: "An offline code has 17 letters and digits." };
  const foreign = ["U", "*", "\0", "\n", "/", "é", "０"].map((symbol) => replace(text, 3, symbol));
  for (
    const typed of [
      ...foreign,
      "",
      "-",
      text.slice(1),
      `${text}0`,
      `../${text}`,
      "0".repeat(10_240),
    ]
  ) {
    assert.deepEqual(parseCode(typed), length, typed);
  }
  const wrong = replace(text, 16, SYMBOLS[(SYMBOLS.indexOf(text[16]!) + 1) % 32]!);
  assert.deepEqual(parseCode(wrong), { mistake: "That has a typing error in it." });
});

Deno.test("nameCode() is the SHA-256 of the code without dashes, and nothing shows the code itself", async () => {
  const name = await nameCode(new Secret("K7M2P9QA3T5WXY8ZC"));
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", "printf K7M2P9QA3T5WXY8ZC | sha256sum"],
  }).output();
  assert.equal(name, new TextDecoder().decode(stdout).split(" ")[0]);
  assert.equal(`${makeCode()}`, "[REDACTED]");
});
