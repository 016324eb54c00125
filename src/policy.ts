/**
 * What follows from how a login went: the verdict, and who may pass when Werbot cannot be asked.
 *
 * Takes values and returns values. Used by login.ts, and by the command for its advice.
 */
import type { Result } from "./api.ts";
import type { Settings } from "./config.ts";
import type { Level } from "./log.ts";

/** The six outcomes. */
export type Outcome =
  | "allowed"
  | "denied"
  | "unreachable"
  | "undecided"
  | "untrusted"
  | "misconfigured";

/** How a login ends, and why, as the log tells it. */
export interface Verdict {
  readonly outcome: Outcome;
  /** Empty when there is nothing to say. */
  readonly reason: string;
  /** Denied for good: the attempts are used up. */
  readonly exhausted?: boolean;
  /** Werbot was not asked, or gave no word, and the user passed all the same. */
  readonly offline?: boolean;
}

/** What about this login bears on its verdict. */
export interface Circumstances {
  readonly user: string;
  readonly phase: "authenticate" | "account";
  readonly method: "totp" | "U2F";
  readonly otherFactor: boolean;
}

/** The level at which an outcome is logged. */
export function levelOf(verdict: Verdict): Level {
  if (verdict.outcome === "allowed") return verdict.offline ? "WARN" : "INFO";
  return verdict.outcome === "denied" ? "WARN" : "ERROR";
}

/** Turns the result of the one request into a verdict, before anything about offline access. */
function judge(result: Result, login: Circumstances): Verdict {
  const { reason } = result;
  if (result.kind === "granted") return { outcome: "allowed", reason };
  if (result.kind === "refused") return { outcome: "denied", reason };
  // Servers hold a U2F request until the user has touched the key: no answer is a no.
  if (result.kind === "undecided" && login.method === "U2F" && login.phase === "authenticate") {
    return { outcome: "denied", reason };
  }
  return { outcome: result.kind, reason };
}

/**
 * Decides a login from the result of its request. A user in `offline_users` passes an unreachable Werbot
 * with another factor in the same login; an answer of Werbot, an untrusted one and a broken one never do.
 */
export function decide(result: Result, login: Circumstances, settings: Settings): Verdict {
  const verdict = judge(result, login);
  if (verdict.outcome !== "unreachable" || !settings.offline_users.includes(login.user)) {
    return verdict;
  }
  if (login.otherFactor) {
    return {
      outcome: "allowed",
      offline: true,
      reason: `offline with another factor: ${verdict.reason}`,
    };
  }
  if (settings.offline_factor === "none") {
    return {
      outcome: "allowed",
      offline: true,
      reason: `offline without a factor: ${verdict.reason}`,
    };
  }
  if (login.phase === "authenticate") return verdict;
  return { ...verdict, reason: `${verdict.reason}; offline access needs another factor` };
}

/** Tells whether an offline code may let in a login that Werbot could not judge. Where nothing can be asked, none may. */
export function takesCode(
  { outcome }: Verdict,
  login: Pick<Circumstances, "user" | "phase">,
  settings: Settings,
): boolean {
  return login.phase === "authenticate" && settings.offline_users.includes(login.user) &&
    (outcome === "unreachable" || outcome === "undecided" || outcome === "untrusted");
}

/** What came of asking for an offline code: the module has spent it, there was none, or none that is good. */
export type CodeEnd = "spent" | "none" | "bad";

/** Decides a login that {@linkcode takesCode} allows a code, from what came of asking for it. */
export function decideByCode({ outcome, reason }: Verdict, end: CodeEnd): Verdict {
  if (end === "spent") {
    return { outcome: "allowed", offline: true, reason: `offline with a code: ${reason}` };
  }
  const why = end === "none" ? "no offline code was given" : "the offline codes were refused";
  return { outcome, reason: `${reason}; ${why}` };
}
