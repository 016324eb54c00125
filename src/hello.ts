/**
 * The hello: what the module knows of this login, gathered from its frames.
 *
 * Decides nothing. Everything in it but version, phase, nonce and factor may come from a stranger.
 * Used by main.ts.
 */
import type { Frame } from "./frame.ts";

/** The version of docs/protocol.md that this helper speaks. */
export const VERSION = "1";

/** What the module sends before it hears anything. */
export interface Hello {
  readonly version: string;
  readonly phase: "authenticate" | "account";
  readonly nonce: string;
  readonly ref: string;
  readonly user: string;
  /** PAM_RHOST: an address, or a name under `UseDNS yes`; undefined for a local login. */
  readonly rhost: string | undefined;
  /** What the user has typed as his Werbot ID; undefined in the account phase. */
  readonly typedId: Uint8Array | undefined;
  /** sshd itself reports another factor in this login. */
  readonly otherFactor: boolean;
  readonly arguments: readonly Uint8Array[];
  /** Text of the configuration file; undefined when there is none. */
  readonly configuration: Uint8Array | undefined;
  /** Text of ca.pem; undefined when there is none. */
  readonly anchors: Uint8Array | undefined;
  /** The user name is not valid UTF-8, and no JSON can carry it: {@linkcode Hello.user} is a likeness. */
  readonly garbled: boolean;
}

const SINGLE = "VPNIUHTSFWCB";

function join(pieces: readonly Uint8Array[]): Uint8Array | undefined {
  if (pieces.length === 0) return undefined;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Reads a hello from its frames, the last of them `B`; throws when one is missing, double or unknown. */
export function readHello(frames: readonly Frame[]): Hello {
  const found = new Map<string, Uint8Array[]>();
  for (const { type, payload } of frames) {
    const earlier = found.get(type) ?? [];
    if (!`${SINGLE}AX`.includes(type)) throw new Error(`unknown frame in the hello`);
    if (SINGLE.includes(type) && earlier.length > 0) throw new Error(`frame ${type} came twice`);
    found.set(type, [...earlier, payload]);
  }
  const likeness = new TextDecoder("utf-8", { ignoreBOM: true });
  const optional = (type: string) => {
    const payload = found.get(type)?.[0];
    return payload && likeness.decode(payload);
  };
  const required = (type: string) => {
    const text = optional(type);
    if (text === undefined) throw new Error(`frame ${type} is missing`);
    return text;
  };
  const phase = required("P");
  const factor = required("F");
  if (phase !== "authenticate" && phase !== "account") throw new Error(`phase unknown`);
  if (factor !== "yes" && factor !== "no") throw new Error(`factor unknown`);
  const user = required("U");
  const typedId = found.get("W")?.[0];
  if ((typedId !== undefined) !== (phase === "authenticate")) {
    throw new Error("frame W out of place");
  }
  return {
    version: required("V"),
    phase,
    nonce: required("N"),
    ref: required("I"),
    user,
    rhost: optional("H"),
    typedId,
    otherFactor: factor === "yes",
    arguments: found.get("A") ?? [],
    configuration: found.get("C")?.[0],
    anchors: join(found.get("X") ?? []),
    garbled: user.includes("\u{fffd}"),
  };
}
