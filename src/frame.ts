/**
 * Frames on the pipe between the module and this helper, as bytes in and bytes out.
 *
 * Knows lengths, never what a frame means, and touches no stream itself. Used by main.ts; its twin is
 * shim/frame.c, its contract docs/protocol.md.
 */

/** Bytes of payload in one frame, at most. */
export const FRAME_MAX = 65536;

/** One frame: an ASCII letter and its payload. */
export interface Frame {
  readonly type: string;
  readonly payload: Uint8Array;
}

/** Encodes one frame; throws when the payload is over {@linkcode FRAME_MAX}. */
export function encodeFrame(type: string, payload: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(payload);
  if (text.length > FRAME_MAX) throw new RangeError(`frame ${type} over ${FRAME_MAX} bytes`);
  const bytes = new Uint8Array(5 + text.length);
  bytes[0] = type.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, text.length);
  bytes.set(text, 5);
  return bytes;
}

/** Cuts a byte stream into frames, however its pieces fall. */
export class FrameReader {
  #pending = new Uint8Array(0);

  /** Takes the next piece and returns the frames that it completes; throws on one over the limit. */
  push(piece: Uint8Array): Frame[] {
    const bytes = new Uint8Array(this.#pending.length + piece.length);
    bytes.set(this.#pending);
    bytes.set(piece, this.#pending.length);
    this.#pending.fill(0);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= 5) {
      const length = new DataView(bytes.buffer, at + 1).getUint32(0);
      if (length > FRAME_MAX) throw new RangeError(`frame of ${length} bytes, over ${FRAME_MAX}`);
      if (bytes.length - at - 5 < length) break;
      const payload = bytes.slice(at + 5, at + 5 + length);
      frames.push({ type: String.fromCharCode(bytes[at]!), payload });
      at += 5 + length;
    }
    this.#pending = bytes.slice(at);
    bytes.fill(0);
    return frames;
  }
}
