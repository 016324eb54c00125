/**
 * src/frame.ts against the golden frames, and against any bytes at all.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, type Frame, FRAME_MAX, FrameReader } from "../../src/frame.ts";

function readHex(text: string): Uint8Array {
  const bytes = text.trim().split(/\s+/).flatMap((word) => {
    const repeat = /^(..)\*(\d+)$/.exec(word);
    return repeat
      ? Array<number>(Number(repeat[2])).fill(parseInt(repeat[1]!, 16))
      : word.match(/../g)!.map((pair) => parseInt(pair, 16));
  });
  return new Uint8Array(bytes);
}

function read(bytes: Uint8Array, piece: number): { frames: Frame[]; ending: string } {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  try {
    for (let at = 0; at < bytes.length; at += piece) {
      frames.push(...reader.push(bytes.subarray(at, at + piece)));
    }
  } catch (error) {
    assert.ok(error instanceof RangeError);
    return { frames, ending: "long" };
  }
  const consumed = frames.reduce((sum, { payload }) => sum + 5 + payload.length, 0);
  return { frames, ending: consumed === bytes.length ? "whole" : "cut" };
}

const golden = (await Deno.readTextFile(new URL("../frames.txt", import.meta.url)))
  .split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => /^(\S+)\s+(?:(\d+) (?:text|bytes)|(long|cut))\s+(.*)$/.exec(line)!);

for (const [, name, count, ending, hex] of golden) {
  Deno.test(`FrameReader reads golden frame ${name}`, () => {
    const bytes = readHex(hex!);
    for (const piece of [bytes.length, bytes.length > 64 ? 1000 : 1]) {
      const seen = read(bytes, piece);
      assert.equal(seen.ending, ending ?? "whole");
      if (count) assert.equal(seen.frames.length, Number(count));
    }
  });
}

const frame = fc.record({
  type: fc.constantFrom(..."VPNIUHTSFACXBRehlv"),
  payload: fc.string({ unit: "binary", maxLength: 300 }).filter((text) => text.isWellFormed()),
}, { noNullPrototype: true });

Deno.test("FrameReader gives back what encodeFrame() wrote, however it is cut", () => {
  fc.assert(fc.property(fc.array(frame), fc.integer({ min: 1, max: 64 }), (sent, piece) => {
    const bytes = sent.flatMap(({ type, payload }) => [...encodeFrame(type, payload)]);
    const { frames, ending } = read(new Uint8Array(bytes), piece);
    const texts = frames.map(({ type, payload }) => ({
      type,
      payload: new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload),
    }));
    assert.equal(ending, "whole");
    assert.deepEqual(texts, sent);
  }));
});

Deno.test("FrameReader takes any bytes without another error than its own", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 4000 }), (bytes) => void read(bytes, 7)));
});

Deno.test("encodeFrame() refuses a payload over the limit", () => {
  assert.equal(encodeFrame("l", "a".repeat(FRAME_MAX)).length, FRAME_MAX + 5);
  assert.throws(() => encodeFrame("l", "a".repeat(FRAME_MAX + 1)), RangeError);
});
