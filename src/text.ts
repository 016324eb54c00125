/**
 * Text from bytes of strangers, strictly.
 *
 * Used by api.ts, config.ts, main.ts and prompt.ts.
 */

/** Decodes UTF-8 as it stands, a byte-order mark included; undefined when the bytes are none. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
