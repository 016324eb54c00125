/**
 * Offline codes: how one is made, written, read back, and named on the disk.
 *
 * Takes values and returns values. It cannot tell a good code from a bad one: that is seen when the module
 * removes its file. docs/offline.md has the form. Used by prompt.ts, login.ts, and by the command that makes codes.
 */
import { Secret } from "./secret.ts";

/** Crockford's 32 letters and digits; each stands for five bits, and as an element of the field GF(32). */
const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** 80 random bits. */
const RANDOM = 16;
const LENGTH = RANDOM + 1;

/** Multiplies by x in GF(32), modulo the primitive polynomial x^5 + x^2 + 1. */
function double(element: number): number {
  return element & 16 ? element << 1 ^ 0b100101 : element << 1;
}

/** Evaluates symbols as a polynomial at x; the check symbol, the last one, makes that 0. */
function evaluate(elements: readonly number[]): number {
  return elements.reduce((sum, element) => double(sum) ^ element, 0);
}

/** Makes a code: 80 random bits and the check symbol, without dashes. */
export function makeCode(): Secret {
  const elements = [...crypto.getRandomValues(new Uint8Array(RANDOM))].map((byte) => byte & 31);
  const check = double(evaluate(elements));
  return new Secret([...elements, check].map((element) => SYMBOLS[element]).join(""));
}

/** Writes a code as people get it: `K7M2-P9QA-3T5W-XY8ZC`. */
export function formatCode(code: Secret): string {
  return code.reveal().replace(/^(.{4})(.{4})(.{4})/, "$1-$2-$3-");
}

/**
 * Reads a code as people type it: in any case, with blanks and dashes anywhere, I and L for 1, O for 0. Any one
 * wrong symbol is noticed, and any two that changed places.
 */
export function parseCode(text: string): Secret | { readonly mistake: string } {
  const symbols = text.replace(/[ \t-]/g, "").toUpperCase().replace(/[IL]/g, "1").replace(
    /O/g,
    "0",
  );
  const elements = [...symbols].map((symbol) => SYMBOLS.indexOf(symbol));
  if (elements.length !== LENGTH || elements.includes(-1)) {
    return { mistake: `An offline code has ${LENGTH} letters and digits.` };
  }
  return evaluate(elements) === 0
    ? new Secret(symbols)
    : { mistake: "That has a typing error in it." };
}

/** Gives the name of a code's file: the SHA-256 of the code as it is written, without dashes, in hexadecimal. */
export async function nameCode(code: Secret): Promise<string> {
  const bytes = new TextEncoder().encode(code.reveal());
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  bytes.fill(0);
  return new Uint8Array(digest).toHex();
}
