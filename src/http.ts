/**
 * One HTTP/1.1 exchange as text: the request's bytes, and a strict reader of its answer.
 *
 * Touches no connection. Takes less than HTTP allows: one final answer, no redirect, no compression, no
 * trailing surprises; what it does not understand is an error, never a guess. Used by api.ts.
 */

/** Bytes of status line and headers, at most. */
export const HEAD_MAX = 16384;
/** Bytes of body, at most. */
export const BODY_MAX = 65536;
/** Bytes of the whole answer with all that frames it, at most. */
const TOTAL_MAX = 524288;

/** A complete answer; the body is not yet decoded. */
export interface Answer {
  readonly status: number;
  /** The server's own time, as it says. */
  readonly date: string | undefined;
  readonly body: Uint8Array;
}

/** The answer is not one that this reader takes; the message says why and quotes nothing. */
export class AnswerError extends Error {}

/** Writes a POST of JSON that asks for one plain answer and the end of the connection. */
export function formatRequest(
  authority: string,
  path: string,
  json: string,
): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(json);
  const head = new TextEncoder().encode([
    `POST ${path} HTTP/1.1`,
    `Host: ${authority}`,
    "User-Agent: wpam",
    "Content-Type: application/json",
    "Accept: application/json",
    "Accept-Encoding: identity",
    `Content-Length: ${body.length}`,
    "Connection: close",
    "",
    "",
  ].join("\r\n"));
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  head.fill(0);
  body.fill(0);
  return bytes;
}

interface Head {
  readonly status: number;
  readonly date: string | undefined;
  /** How the body ends: after so many bytes, by chunks, or with the connection. */
  readonly framing: number | "chunked" | "close";
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function readHead(text: string): Head {
  const [first, ...lines] = text.split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: (?:\t|\P{Cc})*)?$/u.exec(first!)?.[1];
  if (!status) throw new AnswerError("not an HTTP/1.1 status line");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!TOKEN.test(name) || /[\0\r\n]/.test(line)) throw new AnswerError("a malformed header");
    if (/^(content-length|transfer-encoding|content-encoding)$/.test(name) && headers.has(name)) {
      throw new AnswerError(`${name} twice`);
    }
    headers.set(name, line.slice(colon + 1).trim());
  }
  const common = { status: Number(status), date: headers.get("date") };
  const length = headers.get("content-length");
  const transfer = headers.get("transfer-encoding");
  if (!/^(identity)?$/i.test(headers.get("content-encoding") ?? "")) {
    throw new AnswerError("a compressed body");
  }
  if (transfer !== undefined) {
    if (length !== undefined) throw new AnswerError("both content-length and transfer-encoding");
    if (transfer.toLowerCase() !== "chunked") throw new AnswerError("an unknown transfer-encoding");
    return { ...common, framing: "chunked" };
  }
  if (length === undefined) return { ...common, framing: "close" };
  if (!/^[0-9]{1,15}$/.test(length)) throw new AnswerError("a malformed content-length");
  if (Number(length) > BODY_MAX) throw new AnswerError(`a body over ${BODY_MAX} bytes`);
  return { ...common, framing: Number(length) };
}

/** Reads one answer from pieces of a byte stream, with limits on all it keeps. */
export class AnswerReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #head: Head | undefined;
  #body: Uint8Array[] = [];
  #size = 0;
  #chunk: number | undefined;
  #trailer = false;
  #total = 0;

  /** Takes the next piece; returns the answer once it is complete; throws {@linkcode AnswerError}. */
  push(piece: Uint8Array): Answer | undefined {
    this.#total += piece.length;
    if (this.#total > TOTAL_MAX) throw new AnswerError(`an answer over ${TOTAL_MAX} bytes`);
    const joined = new Uint8Array(this.#bytes.length + piece.length);
    joined.set(this.#bytes);
    joined.set(piece, this.#bytes.length);
    this.#bytes = joined;
    while (!this.#head) {
      const block = this.#takeThrough("\r\n\r\n", HEAD_MAX, "headers");
      if (block === undefined) return undefined;
      const head = readHead(block);
      // 1xx announces the answer and is not one; 101 would change the protocol.
      if (head.status === 101) throw new AnswerError("a change of protocol");
      if (head.status >= 200) this.#head = head;
    }
    const { framing } = this.#head;
    if (framing === "chunked") return this.#readChunks();
    this.#keep(framing === "close" ? Infinity : framing - this.#size);
    return framing === this.#size ? this.#complete() : undefined;
  }

  /** Takes the end of the stream; returns the answer if only that could complete it, else throws. */
  end(): Answer {
    if (this.#head?.framing === "close") return this.#complete();
    throw new AnswerError(this.#head ? "an answer cut short" : "no answer");
  }

  #complete(): Answer {
    const body = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#body) {
      body.set(part, at);
      at += part.length;
    }
    const { status, date } = this.#head!;
    return { status, date, body };
  }

  /** Moves at most `most` waiting bytes into the body. */
  #keep(most: number): void {
    const part = this.#bytes.slice(0, most);
    this.#size += part.length;
    if (this.#size > BODY_MAX) throw new AnswerError(`a body over ${BODY_MAX} bytes`);
    this.#body.push(part);
    this.#bytes = this.#bytes.slice(part.length);
  }

  /** Takes the text before the next `mark` off the waiting bytes, and the mark with it. */
  #takeThrough(mark: string, most: number, what: string): string | undefined {
    // One character a byte, so that positions are the bytes'.
    const text = new TextDecoder("latin1").decode(this.#bytes.subarray(0, most));
    const at = text.indexOf(mark);
    if (at < 0) {
      if (this.#bytes.length >= most) throw new AnswerError(`${what} over ${most} bytes`);
      return undefined;
    }
    this.#bytes = this.#bytes.slice(at + mark.length);
    return text.slice(0, at);
  }

  #readChunks(): Answer | undefined {
    for (;;) {
      if (this.#trailer) {
        const line = this.#takeThrough("\r\n", HEAD_MAX, "trailers");
        if (line === "") return this.#complete();
        if (line === undefined) return undefined;
        continue;
      }
      if (this.#chunk === undefined) {
        const line = this.#takeThrough("\r\n", 1024, "a chunk's size");
        if (line === undefined) return undefined;
        const size = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?$/.exec(line)?.[1];
        if (size === undefined) throw new AnswerError("a malformed chunk");
        this.#chunk = parseInt(size, 16);
        if (this.#size + this.#chunk > BODY_MAX) {
          throw new AnswerError(`a body over ${BODY_MAX} bytes`);
        }
        this.#trailer = this.#chunk === 0;
        continue;
      }
      if (this.#bytes.length < this.#chunk + 2) return undefined;
      this.#keep(this.#chunk);
      // Nothing but the end of the line has room in two bytes.
      this.#takeThrough("\r\n", 2, "the end of a chunk");
      this.#chunk = undefined;
    }
  }
}
