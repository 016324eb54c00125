// The lowest rung of the ladder: stories with a real helper over its pipe, and what the helper does when
// the module is not as it should be. It needs neither root nor PAM. Called by `deno test`.

import assert from "node:assert/strict";
import { formatCode, makeCode } from "../src/offline.ts";
import { findMissing, findParts, makeTest } from "./installed.ts";
import {
  buildHello,
  encodeFrame,
  Helper,
  makeNonce,
  playOnHelper,
  readVerdict,
} from "./rung_helper.ts";
import { playAll, Stage } from "./stage.ts";
import { parseStory, readStories } from "./story.ts";

const test = makeTest(findMissing("wpam-auth"));

test("stories on the helper rung", (t) => {
  const stories = readStories(new URL("scenarios/", import.meta.url), "helper");
  return playAll(t, stories, (story) => playOnHelper(story, findParts().helper));
});

const ID = "alice@example.com";

/** Runs a test with a helper and the hello that would begin a good login. */
async function withHelper(
  run: (helper: Helper, hello: [string, string][], nonce: string, stage: Stage) => Promise<void>,
): Promise<void> {
  const story = parseStory("good", "# A good login.\n[outcome]\nallowed\n[config]\n{standard}\n");
  await using stage = await Stage.set(story);
  await using helper = new Helper(findParts().helper, true);
  const nonce = makeNonce();
  await run(helper, buildHello(stage, "authenticate", nonce, ID), nonce, stage);
}

test("the helper answers an unknown protocol version with misconfigured", () =>
  withHelper(async (helper, hello, nonce) => {
    for (const [type, text] of hello) await helper.send(type, type === "V" ? "2" : text);
    const verdict = readVerdict((await helper.frames.next())!, nonce);
    assert.equal(verdict.word, "misconfigured");
    assert.equal(await helper.frames.next(), null);
    assert.deepEqual(await helper.end(), { status: 0, complaints: "" });
  }));

test("the helper reads frames however they are cut", () =>
  withHelper(async (helper, hello) => {
    const bytes = hello.flatMap(([type, text]) => [...encodeFrame(type, text)]);
    for (const byte of bytes) await helper.sendBytes(Uint8Array.of(byte));
    assert.equal((await helper.frames.next())!.type, "e");
    await helper.checkLeaving();
  }));

test("the helper ends at once when the module goes away in the hello", () =>
  withHelper(async (helper, hello) => {
    for (const [type, text] of hello.slice(0, 5)) await helper.send(type, text);
    await helper.checkLeaving();
  }));

test("the helper ends at once when the module goes away while Werbot is asked", () =>
  withHelper(async (helper, hello, _nonce, { werbot }) => {
    await werbot.behave("silence");
    for (const [type, text] of hello) await helper.send(type, text);
    await helper.frames.next();
    await helper.send("R", werbot.code(ID));
    await werbot.until(() => werbot.requests.length === 1);
    await helper.checkLeaving();
    await werbot.until(() => werbot.unfinished === 1);
  }));

for (const [type, word] of [["D", "spent"], ["R", "spent"], ["D", "perhaps"]] as const) {
  test(`the helper gives no verdict when ${type} ${word} answers what it did not ask`, async () => {
    const config = "[config]\nserver_url = {closed}\nservice_id = {id}\nservice_key = {key}\n" +
      "offline_users = alice\n";
    const story = parseStory("spend", `# A code.\n[outcome]\nallowed\n${config}`);
    await using stage = await Stage.set(story);
    await using helper = new Helper(findParts().helper, true);
    const hello = buildHello(stage, "authenticate", makeNonce(), ID);
    for (const frame of hello) await helper.send(...frame);
    const asks = type === "D" && word === "spent" ? 1 : 2;
    const replies = ["123456", formatCode(makeCode())];
    for (const reply of replies.slice(0, asks - 1)) {
      await helper.frames.next();
      await helper.send("R", reply);
    }
    await helper.frames.next();
    if (asks === 2) {
      await helper.send("R", replies[1]!);
      assert.equal((await helper.frames.next())?.type, "s");
    }
    await helper.send(type, word);
    assert.equal(await helper.frames.next(), null);
    assert.deepEqual(await helper.end(), { status: 1, complaints: "" });
  });
}

for (
  const [fault, spoil] of [
    ["misses a frame", (hello) => hello.filter(([type]) => type !== "N")],
    ["has a frame twice", (hello) => [hello[0]!, ...hello]],
    ["has an unknown frame", (hello) => [...hello.slice(0, -1), ["Z", ""], hello.at(-1)!]],
    [
      "has an ID where nobody was asked",
      (hello) => hello.map(([t, x]) => [t, t === "P" ? "account" : x]),
    ],
    ["has no ID where the user was asked", (hello) => hello.filter(([type]) => type !== "W")],
    ["names an unknown phase", (hello) => hello.map(([t, x]) => [t, t === "P" ? "session" : x])],
  ] as [string, (hello: [string, string][]) => [string, string][]][]
) {
  test(`the helper gives no verdict on a hello that ${fault}`, () =>
    withHelper(async (helper, hello) => {
      for (const [type, text] of spoil(hello)) await helper.send(type, text);
      assert.equal(await helper.frames.next(), null);
      assert.deepEqual(await helper.end(), { status: 1, complaints: "" });
    }));
}
