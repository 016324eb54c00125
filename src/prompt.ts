/**
 * The questions, and what counts as an answer.
 *
 * Sends nothing itself: it judges answers and words the next prompt. Used by login.ts; its twin is
 * shim/prompt.c.
 */
import { parseCode } from "./offline.ts";
import { Secret } from "./secret.ts";
import { decodeText } from "./text.ts";

/** The first question, word for word as specified. The module asks it; asked again, it comes from here. */
export const ID_PROMPT = "Enter your Werbot ID (email or username): ";
/** The second question, word for word as specified. */
export const CODE_PROMPT = "Enter your totp code (submit empty for U2F): ";
/** The question to an offline user whom Werbot could not judge. */
export const OFFLINE_PROMPT = "Werbot is unreachable. Enter an offline code: ";

/** Bytes of a Werbot ID, at most. */
export const ID_MAX = 254;

/**
 * A judged answer: `good` with its value; `again` with the reason to show; `junk`, which sshd puts in
 * place of what a user who may not log in has typed, and which must look to him like an answer.
 */
export type Answer<T> =
  | { readonly kind: "good"; readonly value: T }
  | { readonly kind: "junk" }
  | { readonly kind: "again"; readonly reason: string };

/** A well-formed second answer: a code of six digits, or none for U2F. */
export interface Code {
  readonly method: "totp" | "U2F";
  readonly code: Secret;
}

const JUNK = new TextEncoder().encode("\b\n\r\x7fINCORRECT");

/** Tells whether sshd has replaced a non-empty answer, as it does for users who may not log in. */
function isJunk(answer: Uint8Array): boolean {
  return answer.length > 0 && answer.every((byte, i) => byte === JUNK[i % JUNK.length]);
}

/** Judges the answer to {@linkcode ID_PROMPT}: 1 to 254 bytes once trimmed, UTF-8, no control character. */
export function readId(answer: Uint8Array): Answer<string> {
  if (isJunk(answer)) {
    return answer.length <= ID_MAX ? { kind: "junk" } : { kind: "again", reason: TOO_LONG };
  }
  const text = decodeText(answer)?.trim();
  if (text === undefined) return { kind: "again", reason: "That is not valid UTF-8 text." };
  if (text === "") return { kind: "again", reason: "The Werbot ID is needed." };
  if (new TextEncoder().encode(text).length > ID_MAX) return { kind: "again", reason: TOO_LONG };
  if (/\p{Cc}/u.test(text)) {
    return { kind: "again", reason: "The Werbot ID has a control character in it." };
  }
  return { kind: "good", value: text };
}

const TOO_LONG = `A Werbot ID has at most ${ID_MAX} bytes.`;

/** Judges the answer to {@linkcode CODE_PROMPT}: six digits once blanks are taken out, or nothing. */
export function readCode(answer: Uint8Array): Answer<Code> {
  if (isJunk(answer)) {
    return answer.length === 6 ? { kind: "junk" } : { kind: "again", reason: NOT_A_CODE };
  }
  const digits = decodeText(answer)?.replace(/[ \t]/g, "");
  if (digits === "") return { kind: "good", value: { method: "U2F", code: new Secret("") } };
  if (digits === undefined || !/^[0-9]{6}$/.test(digits)) {
    return { kind: "again", reason: NOT_A_CODE };
  }
  return { kind: "good", value: { method: "totp", code: new Secret(digits) } };
}

const NOT_A_CODE = "A code is six digits.";

/** Judges the answer to {@linkcode OFFLINE_PROMPT}: a code without a typing error, or undefined for an empty answer. */
export function readOfflineCode(answer: Uint8Array): Answer<Secret | undefined> {
  if (isJunk(answer)) return { kind: "junk" };
  if (answer.length === 0) return { kind: "good", value: undefined };
  const code = parseCode(decodeText(answer) ?? "");
  return code instanceof Secret
    ? { kind: "good", value: code }
    : { kind: "again", reason: code.mistake };
}

/** Words the next prompt: the question, with the reason for asking it again before it. */
export function askAgain(prompt: string, reason: string): string {
  return `${reason} ${prompt}`;
}
