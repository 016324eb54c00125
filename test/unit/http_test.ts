/**
 * src/http.ts: the request's bytes, and which answers are taken, whole, cut, hostile or random.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, AnswerError, AnswerReader, BODY_MAX, formatRequest } from "../../src/http.ts";

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (answer: Answer) => `${answer.status} ${new TextDecoder().decode(answer.body)}`;

/** Reads an answer in pieces; `end` when only the end of the stream completed it. */
function read(raw: string, piece = raw.length): string {
  const reader = new AnswerReader();
  const all = bytes(raw);
  for (let at = 0; at < all.length; at += piece) {
    const answer = reader.push(all.subarray(at, at + piece));
    if (answer) return text(answer);
  }
  return `end: ${text(reader.end())}`;
}

function refused(raw: string): string {
  for (const piece of [raw.length || 1, 1, 7]) {
    assert.throws(() => read(raw, piece), AnswerError, raw.slice(0, 80));
  }
  try {
    return read(raw);
  } catch (error) {
    return (error as Error).message;
  }
}

Deno.test("formatRequest() writes one POST that asks for a plain answer and the end", () => {
  const raw = new TextDecoder().decode(formatRequest("w.test", "/auth/agent/nix", '{"user":"é"}'));
  assert.equal(
    raw,
    "POST /auth/agent/nix HTTP/1.1\r\nHost: w.test\r\nUser-Agent: wpam\r\n" +
      "Content-Type: application/json\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n" +
      'Content-Length: 13\r\nConnection: close\r\n\r\n{"user":"é"}',
  );
});

const head = "HTTP/1.1 200 OK\r\n";

for (
  const [what, raw, expected] of [
    ["content-length", `${head}Content-Length: 2\r\n\r\n{}`, "200 {}"],
    [
      "chunks",
      `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nA: b\r\n\r\n`,
      "200 {}",
    ],
    ["the end of the stream", `${head}\r\n{}`, "end: 200 {}"],
    ["an empty body", `${head}content-length:0\r\n\r\n`, "200 "],
    ["no reason phrase", "HTTP/1.0 401\r\ncontent-length: 0\r\n\r\n", "401 "],
    [
      "an announcement before it",
      `HTTP/1.1 100 Continue\r\n\r\n${head}Content-Length: 2\r\n\r\n{}`,
      "200 {}",
    ],
    [
      "what follows its length",
      `${head}Content-Length: 2\r\n\r\n{}HTTP/1.1 500 No\r\n\r\n`,
      "200 {}",
    ],
  ] as const
) {
  Deno.test(`AnswerReader takes an answer with ${what}`, () => {
    for (const piece of [raw.length, 1, 3]) assert.equal(read(raw, piece), expected);
  });
}

for (
  const [what, raw] of [
    ["nothing", ""],
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["HTTP/2 by words", "HTTP/2 200 OK\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a blank before the status line", `\r\n${head}\r\n`],
    ["a change of protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["a header without a colon", `${head}nothing\r\n\r\n`],
    ["a blank before the colon", `${head}Content-Length : 2\r\n\r\n{}`],
    ["a folded header", `${head}A: b\r\n c\r\n\r\n{}`],
    ["a NUL in a header", `${head}A: b\0\r\n\r\n{}`],
    ["two lengths", `${head}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`],
    [
      "length and chunks",
      `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["a signed length", `${head}Content-Length: +2\r\n\r\n{}`],
    ["a length in hexadecimal", `${head}Content-Length: 0x2\r\n\r\n{}`],
    ["a length over the limit", `${head}Content-Length: ${BODY_MAX + 1}\r\n\r\n`],
    ["an unknown transfer-encoding", `${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ["a compressed body", `${head}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}`],
    ["a chunk without a size", `${head}Transfer-Encoding: chunked\r\n\r\n\r\n`],
    ["a chunk with a sign", `${head}Transfer-Encoding: chunked\r\n\r\n-1\r\n`],
    [
      "a chunk longer than it says",
      `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
    ],
    ["a chunk over the limit", `${head}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n`],
    ["a body cut short", `${head}Content-Length: 3\r\n\r\n{}`],
    ["chunks cut short", `${head}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`],
    ["headers cut short", `${head}Content-Len`],
    ["endless headers", head + "A: b\r\n".repeat(5000)],
    ["an endless header", `${head}A: ${"b".repeat(20000)}`],
    ["an endless body", `${head}\r\n${"x".repeat(BODY_MAX + 1)}`],
    [
      "endless chunks",
      `${head}Transfer-Encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(BODY_MAX + 1)}`,
    ],
    [
      "endless trailers",
      `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n${"A: b\r\n".repeat(100000)}`,
    ],
    ["endless announcements", "HTTP/1.1 100 Continue\r\n\r\n".repeat(30000)],
  ] as const
) {
  Deno.test(`AnswerReader refuses ${what}`, () => {
    const piece = raw.length > 1000 ? 4096 : undefined;
    if (piece) assert.throws(() => read(raw, piece), AnswerError);
    else refused(raw);
  });
}

Deno.test("AnswerReader quotes nothing of the server in its errors", () => {
  assert.ok(!refused(`${head}Content-Length: evil\x1b[2J\r\n\r\n`).includes("evil"));
});

Deno.test("AnswerReader reads any body back, however framed and cut", () => {
  const body = fc.uint8Array({ maxLength: 3000 }).map((b) => String.fromCharCode(...b));
  const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(body, sizes, fc.integer({ min: 1, max: 700 }), (body, sizes, piece) => {
      const chunks: string[] = [];
      for (let at = 0, i = 0; at < body.length; i++) {
        const part = body.slice(at, at + sizes[i % sizes.length]!);
        chunks.push(`${part.length.toString(16)}\r\n${part}\r\n`);
        at += part.length;
      }
      for (
        const raw of [
          `${head}Content-Length: ${body.length}\r\n\r\n${body}`,
          `${head}Transfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\n\r\n`,
          `${head}\r\n${body}`,
        ]
      ) {
        const reader = new AnswerReader();
        let answer: Answer | undefined;
        const all = bytes(raw);
        for (let at = 0; at < all.length && !answer; at += piece) {
          answer = reader.push(all.subarray(at, at + piece));
        }
        assert.deepEqual((answer ?? reader.end()).body, bytes(body));
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("AnswerReader takes any bytes without another error than its own", () => {
  const line = fc.constantFrom(
    "HTTP/1.1 200 OK\r\n",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "\r\n",
    "5\r\n",
    "0\r\n",
    "{}",
    "\0",
    ":",
    "HTTP/1.1 100 C\r\n\r\n",
  );
  const soup = fc.array(fc.oneof(line, fc.string({ maxLength: 5 })), { maxLength: 30 });
  fc.assert(
    fc.property(soup, fc.integer({ min: 1, max: 50 }), (parts, piece) => {
      try {
        read(parts.join(""), piece);
      } catch (error) {
        assert.ok(error instanceof AnswerError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
