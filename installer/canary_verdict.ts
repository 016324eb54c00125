/**
 * What came of a canary: from the logs of ssh, sshd and wpam to what speaks against the candidate.
 *
 * Text in, findings out. Called by canary.ts.
 */
import type { Outcome } from "../src/policy.ts";
import type { Canary } from "./canary.ts";
import type { Finding } from "./checks.ts";

/** How the ssh client ended, and all that was logged meanwhile. */
export interface Evidence {
  /** Its exit code; undefined when it did not end in time. */
  readonly code: number | undefined;
  readonly ssh: string;
  readonly sshd: string;
  readonly wpam: string;
}

/** The line that closes a login in wpam's log. */
interface Closing {
  readonly outcome: Outcome;
  /** Undefined when the login did not come as far as a request. */
  readonly method: string | undefined;
  readonly reason: string;
  /** Allowed although Werbot was not asked. */
  readonly offline: boolean;
}

/** Outcomes that no login may have, whoever tries: what is seen, and the mend. */
const FAILURES: Partial<Record<Outcome, readonly [seen: string, fix: string]>> = {
  unreachable: [
    "A login cannot reach Werbot",
    "Look at server_url, the name service, the firewall and http_proxy.",
  ],
  undecided: [
    "Werbot gives a login no usable answer",
    "Look at server_url, service_id and service_key.",
  ],
  untrusted: [
    "A login does not trust the certificate of the server",
    "Look at server_url; an authority of your own belongs into /etc/wpam/ca.pem.",
  ],
  misconfigured: ["A login finds wpam set up wrongly", "Mend what the reason names."],
};

/** A line of a log that tells why somebody was not let in, and the mend. */
type Sign = readonly [line: RegExp, id: string, fix: string];

const BARRED: Sign = [
  /^.*(?:Invalid user | not allowed because |ROOT LOGIN REFUSED).*$/m,
  "barred",
  "Try it with a user who may log in from 127.0.0.1, or change what bars this one.",
];
const CLOSED: Sign = [
  /^\w+_exchange_identification: .*$/m,
  "closed",
  "Look at /etc/hosts.allow and /etc/hosts.deny: before OpenSSH 9.8 the test connects to wpam-canary, not sshd.",
];
const SIGNS: readonly Sign[] = [
  [
    /^.*(?:Access denied for user .* by PAM account configuration|PAM: User account has expired).*$/m,
    "account",
    "Look at the account lines of sshd's PAM service, at the user's account and, with SSSD, at rules for the " +
    "service sshd: the test runs as wpam-canary.",
  ],
  [
    /^.*PAM: (?:Module is unknown|initialisation failed|pam_start).*$/m,
    "module",
    "A line of the PAM stack cannot run: look whether the module of each is there and fits this system.",
  ],
  [
    /^.*PAM: Authentication failure.*$/m,
    "refused",
    "Was the password right? If so, look at the auth lines of sshd's PAM service.",
  ],
];

/** Words of a refusal that are about the service rather than about the user. */
const SERVICE = /service|agent|\bkey\b|credential|unauthori[sz]ed|forbidden|licen[cs]e/i;

/**
 * Tells how a login ended: an error is what speaks against the candidate, anything less is to be told. Nothing
 * where there is nothing to tell.
 */
export function judgeCanary({ kind, user }: Canary, evidence: Evidence): Finding[] {
  const closing = readClosing(evidence.wpam);
  const { code, ssh } = evidence;
  const accepted = /^Authenticated to /m.test(ssh) && code !== undefined && code !== 255;
  const allowed = closing?.outcome === "allowed" && !closing.offline;
  if (kind === "wrong-code" && closing?.outcome === "denied" && closing.method !== undefined) {
    return tellRefusal(closing.reason);
  }
  if (accepted && (kind === "key" || (kind === "person" && allowed))) return [];
  if (accepted && kind === "person" && closing === undefined) {
    const seen = `${user} logged in, and wpam was not asked.`;
    return [stop("bypassed", seen, "Look at the auth lines of sshd's PAM service.")];
  }
  const told = explainSign(user, "sshd", evidence.sshd, [BARRED]) ??
    (closing && explainClosing(kind, user, closing)) ??
    explainSign(user, "sshd", evidence.sshd, SIGNS) ??
    explainSign(user, "ssh", ssh, [CLOSED]) ??
    explainOffer(kind, user, ssh);
  return [told ?? explainEnd(user, evidence)];
}

/** A server may answer a wrong service key just as it answers a wrong code; its reason is all that can tell. */
function tellRefusal(reason: string): Finding[] {
  if (reason === "") return [];
  if (!SERVICE.test(reason)) {
    const seen = `Werbot refused a made-up ID and code, as it should: ${reason}.`;
    return [{ id: "canary-refusal", severity: "info", seen }];
  }
  const seen = `Werbot refused a made-up ID and code, but perhaps any: ${reason}.`;
  const text = "Look whether service_id and service_key are right.";
  return [{ id: "canary-refusal", severity: "warning", seen, fix: { text, commands: [] } }];
}

function explainClosing(
  kind: Canary["kind"],
  user: string,
  { outcome, method, reason, offline }: Closing,
): Finding | undefined {
  const why = reason === "" ? "" : ` (${reason})`;
  const end = offline ? "unreachable" : outcome;
  const [seen, fix] = FAILURES[end] ?? [];
  if (seen !== undefined) return stop(end, `${seen}${why}.`, fix!);
  if (outcome === "allowed") {
    if (kind !== "wrong-code") return undefined;
    return stop(
      "unguarded",
      `Werbot lets ${user} in with a made-up ID and the code 000000: the service does not guard this user.`,
      "Look in Werbot at the policies of this service.",
    );
  }
  if (method !== undefined) {
    return stop("denied", `Werbot refuses this login${why}.`, "Look in Werbot what bars it.");
  }
  if (/^sshd does not let/.test(reason)) {
    return stop(
      "barred",
      `sshd would not let ${user} in, whatever the answers.`,
      `Look at PermitRootLogin, AllowUsers, DenyUsers and their like, or try another user.`,
    );
  }
  return stop("denied", `The login was refused before Werbot was asked${why}.`, "Try it again.");
}

function explainSign(
  user: string,
  program: string,
  log: string,
  signs: readonly Sign[],
): Finding | undefined {
  for (const [pattern, id, fix] of signs) {
    const line = pattern.exec(log)?.[0].trim().replace(/\.$/, "");
    if (line !== undefined) {
      return stop(id, `The test login of ${user} failed; ${program} says: ${line}.`, fix);
    }
  }
  return undefined;
}

function explainOffer(kind: Canary["kind"], user: string, log: string): Finding | undefined {
  const offered = /Permission denied \((.*)\)\.?\s*$/m.exec(log)?.[1];
  const method = kind === "key" ? "publickey" : "keyboard-interactive";
  if (offered === undefined || offered.split(",").includes(method)) return undefined;
  return stop(
    "method",
    `sshd does not offer ${method} to ${user}, only ${offered.replaceAll(",", ", ")}.`,
    "Look in sshd_config at what turns it off, in Match blocks too.",
  );
}

function explainEnd(user: string, { ssh, sshd, code }: Evidence): Finding {
  const idle = /^Connection |^Postponed |^\s*$|^Warning: Permanently added/;
  const last = `${sshd}\n${ssh}`.split("\n").findLast((line) => !idle.test(line));
  const how = code === undefined ? "it did not end in time" : "it ended early";
  const said = last === undefined
    ? ""
    : `; the last that was logged is: ${last.trim().replace(/\.$/, "")}`;
  return stop("failed", `The test login of ${user} failed: ${how}${said}.`, "Mend what it names.");
}

function stop(id: string, seen: string, text: string): Finding {
  return { id: `canary-${id}`, severity: "error", seen, fix: { text, commands: [] } };
}

/** Reads the last line that closes a login. */
function readClosing(log: string): Closing | undefined {
  const [line] = [...log.matchAll(/^[-0-9]+ [:0-9]+ - [A-Z]+: login ([a-z]+)( .*)$/gm)].slice(-1);
  if (line === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const [, name, quoted, plain] of line[2]!.matchAll(FIELD)) {
    fields.set(name!, quoted?.replace(/\\(["\\])/g, "$1") ?? plain!);
  }
  const outcome = line[1] as Outcome;
  const reason = fields.get("reason") ?? "";
  const offline = outcome === "allowed" && /^offline with/.test(reason);
  return { outcome, method: fields.get("method"), reason, offline };
}

/** A value of a log line, as src/log.ts writes it. */
const FIELD = / ([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))/g;
