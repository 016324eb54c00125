/**
 * src/hello.ts: what the module must send, and what a broken hello does.
 */
import assert from "node:assert/strict";
import type { Frame } from "../../src/frame.ts";
import { readHello } from "../../src/hello.ts";

function frames(text: string): Frame[] {
  return text.split("\n").map((line) => ({
    type: line[0]!,
    payload: new TextEncoder().encode(line.slice(2)),
  }));
}

const least = "V 1\nP authenticate\nN 00\nI k7m2p9qa\nU alice\nS sshd\nF no\nW alice@example.com";

Deno.test("readHello() reads the least hello", () => {
  const hello = readHello(frames(`${least}\nB`));
  assert.equal(hello.user, "alice");
  assert.equal(new TextDecoder().decode(hello.typedId), "alice@example.com");
  assert.equal(hello.rhost, undefined);
  assert.equal(hello.configuration, undefined);
  assert.equal(hello.anchors, undefined);
  assert.equal(hello.garbled, false);
});

Deno.test("readHello() joins the pieces of the anchors and keeps the arguments in order", () => {
  const hello = readHello(frames(`${least}\nA debug=1\nA timeout=5\nX ab\nX cd\nB`));
  assert.equal(new TextDecoder().decode(hello.anchors), "abcd");
  assert.deepEqual(hello.arguments.map((bytes) => new TextDecoder().decode(bytes)), [
    "debug=1",
    "timeout=5",
  ]);
});

Deno.test("readHello() keeps an empty ca.pem apart from none", () => {
  assert.equal(readHello(frames(`${least}\nX \nB`)).anchors?.length, 0);
});

for (
  const [what, text] of [
    ["without a user", least.replace("\nU alice", "")],
    ["of authenticate without an ID", least.replace("\nW alice@example.com", "")],
    ["of account with an ID", least.replace("authenticate", "account")],
    ["with a second ID", `${least}\nW bob@example.com`],
    ["with a second nonce", `${least}\nN 11`],
    ["with an unknown frame", `${least}\nQ x`],
    ["with a phase of its own", least.replace("authenticate", "session")],
    ["with a factor that is neither yes nor no", least.replace("F no", "F maybe")],
  ] as const
) {
  Deno.test(`readHello() refuses a hello ${what}`, () => {
    assert.throws(() => readHello(frames(`${text}\nB`)));
  });
}

Deno.test("readHello() marks a user name that is not UTF-8", () => {
  const hello = frames(`${least}\nB`).map((frame) =>
    frame.type === "U" ? { type: "U", payload: new Uint8Array([0x61, 0xff]) } : frame
  );
  assert.equal(readHello(hello).garbled, true);
});
