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

/** Reads the first `first` bytes, then pieces of `piece`. */
function read(
  bytes: Uint8Array,
  piece: number,
  first = piece,
): { frames: Frame[]; ending: string } {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  try {
    for (let at = 0, size = first; at < bytes.length; at += size, size = piece) {
      frames.push(...reader.push(bytes.subarray(at, at + size)));
    }
  } catch (error) {
    assert.ok(error instanceof RangeError);
    return { frames, ending: "long" };
  }
  const consumed = frames.reduce((sum, { payload }) => sum + 5 + payload.length, 0);
  return { frames, ending: consumed === bytes.length ? "whole" : "cut" };
}

/** The bytes that frames were read from; unlike encodeFrame() it takes a payload that is no text. */
function writeAgain(frames: Frame[]): Uint8Array {
  return new Uint8Array(frames.flatMap(({ type, payload }) => {
    const head = new Uint8Array(5);
    head[0] = type.charCodeAt(0);
    new DataView(head.buffer).setUint32(1, payload.length);
    return [...head, ...payload];
  }));
}

function isText({ payload }: Frame): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
    return !/[\x00-\x1f\x7f-\x9f]/.test(text);
  } catch {
    return false;
  }
}

const golden = (await Deno.readTextFile(new URL("../frames.txt", import.meta.url)))
  .split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => /^(\S+)\s+(?:(\d+) (text|bytes)|(long|cut))\s+(.*)$/.exec(line)!);

for (const [, name, count, kind, ending, hex] of golden) {
  Deno.test(`FrameReader reads golden frame ${name}, wherever it is cut`, () => {
    const bytes = readHex(hex!);
    const cuts = Array.from({ length: Math.min(bytes.length, 64) }, (_, at) => at + 1);
    const readings = [
      read(bytes, bytes.length),
      read(bytes, bytes.length > 64 ? 1000 : 1),
      ...cuts.map((first) => read(bytes, bytes.length, first)),
    ];
    for (const seen of readings) {
      assert.equal(seen.ending, ending ?? "whole");
      const again = writeAgain(seen.frames);
      assert.deepEqual(again, bytes.subarray(0, again.length));
      if (count === undefined) continue;
      assert.equal(seen.frames.length, Number(count));
      assert.equal(seen.frames.every(isText), kind === "text");
    }
  });
}

const frame = fc.record({
  type: fc.constantFrom(..."VPNIUHTSFWACXBRDehlsv"),
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
