/**
 * src/prompt.ts: which answers lead to a request, which are asked again, which are sshd's junk.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatCode, makeCode } from "../../src/offline.ts";
import {
  CODE_PROMPT,
  ID_PROMPT,
  OFFLINE_PROMPT,
  readCode,
  readId,
  readOfflineCode,
} from "../../src/prompt.ts";
import { Secret } from "../../src/secret.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const junk = (length: number) => bytes("\b\n\r\x7fINCORRECT".repeat(40).slice(0, length));
const id = (text: string) => readId(bytes(text));
const code = (text: string) => readCode(bytes(text));

Deno.test("prompts stand word for word as specified", () => {
  assert.equal(ID_PROMPT, "Enter your Werbot ID (email or username): ");
  assert.equal(CODE_PROMPT, "Enter your totp code (submit empty for U2F): ");
  assert.equal(OFFLINE_PROMPT, "Werbot is unreachable. Enter an offline code: ");
});

Deno.test("readId() trims and takes 1 to 254 bytes", () => {
  assert.deepEqual(id("  alice@example.com\t"), { kind: "good", value: "alice@example.com" });
  assert.equal(id("a".repeat(254)).kind, "good");
  assert.equal(id("é".repeat(127)).kind, "good");
  assert.equal(id("a".repeat(255)).kind, "again");
  assert.equal(id("é".repeat(128)).kind, "again");
  assert.equal(id("").kind, "again");
  assert.equal(id("   ").kind, "again");
});

Deno.test("readId() asks again for control characters and bytes that are not UTF-8", () => {
  for (const text of ["ali\x00ce", "ali\x1bce", "ali\x7fce", "ali\u0085ce", "a\nb"]) {
    assert.equal(id(text).kind, "again", JSON.stringify(text));
  }
  assert.equal(readId(new Uint8Array([0x61, 0xff])).kind, "again");
  assert.equal(readId(new Uint8Array([0xc0, 0xaf])).kind, "again");
});

Deno.test("readId() takes the predecessor's in-band error words for IDs", () => {
  for (const word of ["cr", "pam_auth_err", "PAM_ABORT"]) {
    assert.deepEqual(id(word), { kind: "good", value: word });
  }
});

Deno.test("readCode() takes six digits, with blanks, or nothing", () => {
  for (const text of ["123456", "123 456", " 1 2 3 4 5 6 ", "\t123456"]) {
    const answer = code(text);
    assert.ok(answer.kind === "good" && answer.value.method === "totp");
    assert.equal(answer.value.code.reveal(), "123456");
  }
  for (const text of ["", " ", "\t "]) {
    const answer = code(text);
    assert.ok(answer.kind === "good" && answer.value.method === "U2F");
    assert.equal(answer.value.code.reveal(), "");
  }
});

Deno.test("readCode() asks again for anything else", () => {
  for (
    const text of [
      "12345",
      "1234567",
      "abcdef",
      "12345a",
      "１２３４５６",
      "pam_auth_err",
      "-12345",
      "12.456",
    ]
  ) assert.equal(code(text).kind, "again", text);
});

Deno.test("readId() and readCode() know sshd's junk at every length", () => {
  for (let length = 1; length <= 254; length++) assert.equal(readId(junk(length)).kind, "junk");
  assert.equal(readId(junk(255)).kind, "again");
  assert.equal(readCode(junk(6)).kind, "junk");
  for (const length of [1, 5, 7, 14, 200]) assert.equal(readCode(junk(length)).kind, "again");
  assert.equal(readId(bytes("\b\n\r\x7fINCORRECU")).kind, "again");
});

Deno.test("readOfflineCode() takes a code, or nothing, and knows junk at every length", () => {
  const made = makeCode();
  const read = readOfflineCode(bytes(formatCode(made)));
  assert.ok(read.kind === "good" && read.value instanceof Secret);
  assert.equal(read.value.reveal(), made.reveal());
  assert.deepEqual(readOfflineCode(bytes("")), { kind: "good", value: undefined });
  for (const length of [1, 17, 20, 254]) {
    assert.equal(readOfflineCode(junk(length)).kind, "junk");
  }
  const bad = [bytes(" "), bytes("K7M2"), Uint8Array.of(0xff), bytes(`\0${made.reveal()}`)];
  for (const answer of bad) assert.equal(readOfflineCode(answer).kind, "again");
});

Deno.test("readId() lets no answer through that the contract forbids", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (answer) => {
    const read = readId(answer.slice());
    if (read.kind !== "good") return;
    const length = bytes(read.value).length;
    assert.ok(length >= 1 && length <= 254);
    assert.ok(!/\p{Cc}/u.test(read.value) && read.value === read.value.trim());
  }));
});

Deno.test("readCode() lets nothing but six digits or nothing through", () => {
  const nearly = fc.string({ unit: fc.constantFrom(..."0123456789 \ta"), maxLength: 9 });
  fc.assert(fc.property(nearly, (text) => {
    const read = code(text);
    const digits = text.replace(/[ \t]/g, "");
    assert.equal(read.kind === "good", /^([0-9]{6})?$/.test(digits));
    if (read.kind === "good") assert.equal(read.value.code.reveal(), digits);
  }));
});
