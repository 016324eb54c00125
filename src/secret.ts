/**
 * Secrets: values that cannot print themselves.
 *
 * Used by config.ts, prompt.ts, offline.ts, api.ts and log.ts.
 */

/** What stands in every output where a secret would be. */
export const REDACTED = "[REDACTED]";

/** Holds a service key, a code or a password; printing, joining or serialising it gives {@linkcode REDACTED}. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the value, for the request that needs it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
