/**
 * PAM plans: where our lines go in the file of a service, and the proof that they can stand there.
 *
 * Text in, findings and text out. It opens nothing and changes nothing; what libpam does with a stack it
 * takes from pam_stack.ts. Called by install, by the canary for its own service, and by the checks.
 */
import {
  addModule,
  type Code,
  CODES,
  nameModule,
  parsePamFile,
  type Predecessor,
  removeModule,
  takePredecessor,
  type Type,
} from "./pam_file.ts";
import {
  enter,
  type Entry,
  expandStack,
  type Finding,
  finish,
  land,
  refuse,
  type Source,
  type Stack,
  type State,
  step,
} from "./pam_stack.ts";

/** Who asks for what at a login: the password and Werbot, the key and Werbot, or Werbot alone. */
export type Login = "password,werbot" | "key,werbot" | "werbot";

/** Modules that prove who somebody is; where none of them has to succeed, a code is all that is left. */
// deno-fmt-ignore
const FIRST_FACTORS = [
  "unix", "unix2", "sss", "ldap", "krb5", "winbind", "opendirectory", "ntlm", "systemd_home", "tcb", "pwdb",
  "userdb", "opie", "skey", "lsass", "centrifydc", "vas3", "himmelblau", "aad", "authd",
].map((name) => `pam_${name}`);

/** Modules that ask for a second factor of their own. */
// deno-fmt-ignore
const SECOND_FACTORS = [
  "google_authenticator", "duo", "oath", "u2f", "yubico", "radius", "radius_auth", "securid", "otpw", "2fa",
  "privacyidea", "authlite",
].map((name) => `pam_${name}`);

const isOurs = ({ module }: Entry) => nameModule(module) === "pam_wpam";
const isFirstFactor = ({ module }: Entry) => FIRST_FACTORS.includes(nameModule(module));
const note = (id: string, text: string): Finding => ({ id, severity: "note", text });
const isRefusal = ({ severity }: Finding) => severity === "refusal";
const describe = ({ module, where }: Entry) => `${nameModule(module) || "the line"} (${where})`;

/**
 * A way through a stack. Ways that come to the same state go on alike, so each state is walked once: that is
 * every combination of results, at the price of lines times states.
 */
interface Path {
  readonly state: State;
  readonly ours: "unasked" | "passed" | "failed";
  /** Whether a first factor was right. */
  readonly known: boolean;
  /** The entry that led past our line. */
  readonly past: number | undefined;
}

/** Far above any stack of a distribution; where it is reached, the edit is refused. */
const STATES_MAX = 100_000;

/** Lists results that stand for all: each that the control field names, and one of those that it does not. */
function listCodes(entry: Entry): Code[] {
  const { actions } = entry.control;
  const name = nameModule(entry.module);
  if (name === "") return ["perm_denied"];
  if (name === "pam_deny") return ["auth_err"];
  if (name === "pam_permit") return ["success"];
  const named = CODES.filter((code) => actions.has(code) && code !== "incomplete");
  const unnamed = ["auth_err" as const, ...CODES.slice(1)].find((code) => !actions.has(code));
  const codes = new Set<Code>([
    "success",
    "new_authtok_reqd",
    "ignore",
    ...named,
    unnamed ?? "auth_err",
  ]);
  // What the module never returns: ours by design, a first factor unless its arguments say so.
  if (isOurs(entry)) codes.delete("new_authtok_reqd");
  const ignores = entry.arguments.some((word) => word.startsWith("ignore_"));
  if (isOurs(entry) || (isFirstFactor(entry) && !ignores)) codes.delete("ignore");
  return [...codes];
}

interface Walk {
  /** The paths that end in a login. */
  readonly logins: readonly Path[];
  /** Whether our line is reached when the login is refused already, and no first factor was right. */
  readonly askedInVain: boolean;
}

/** Walks all paths of a stack; undefined when there are too many states. */
function explore(stack: Stack): Walk | undefined {
  const { entries, type } = stack;
  const mine = entries.findIndex(isOurs);
  const seen = new Set<string>();
  const logins: Path[] = [];
  let askedInVain = false;
  const open: Path[] = [{ state: enter(stack), ours: "unasked", known: false, past: undefined }];
  for (let path = open.pop(); path; path = open.pop()) {
    const key = JSON.stringify(path);
    if (seen.has(key)) continue;
    if (seen.add(key).size > STATES_MAX) return undefined;
    const { at } = path.state;
    const entry = entries[at];
    if (!entry) {
      const code = finish(stack, path.state);
      // sshd lets in an expired password at the account phase, to have it changed.
      if (code === "success" || (type === "account" && code === "new_authtok_reqd")) {
        logins.push(path);
      }
      continue;
    }
    askedInVain ||= isOurs(entry) && path.state.impression === "bad" && !path.known;
    for (const code of listCodes(entry)) {
      const state = step(stack, path.state, code);
      const right = code === "success" || code === "new_authtok_reqd";
      open.push({
        state,
        ours: !isOurs(entry) ? path.ours : right && path.ours !== "failed" ? "passed" : "failed",
        known: path.known || (isFirstFactor(entry) && right),
        past: path.past ?? (at < mine && state.at > mine ? at : undefined),
      });
    }
  }
  return { logins, askedInVain };
}

/** What the administrator wants; `alongside` accepts second factors that are there already. */
export interface Policy {
  readonly login: Login;
  readonly alongside?: boolean;
}

/**
 * Proves that a stack with our line is as safe as it was: nobody gets in without our line or after a wrong
 * code, the right answers do get in, and the other lines run as before. The result of every module is free,
 * but for pam_permit, pam_deny and what first factors never return; two lines with the same module may
 * differ, so a finding can be about a path that no machine takes, but none is overlooked.
 */
export function judge(before: Stack, after: Stack, { login, alongside }: Policy): Finding[] {
  const { type, service, entries } = after;
  const findings = [...after.findings];
  const stop = (id: string, text: string) => findings.push(refuse(id, text));
  const remark = (id: string, text: string) => findings.push(note(id, text));

  const [ours, second] = entries.filter(isOurs);
  if (!ours) stop("not-there", `no ${type} line of ${service} runs pam_wpam`);
  if (second) {
    stop("twice", `pam_wpam runs at ${ours!.where} and at ${second.where}: remove one line`);
  }
  const was = explore(before);
  const is = explore(after);
  if (!was || !is) stop("too-large", `the ${type} lines of ${service} are too many to be judged`);
  if (was?.logins.length === 0) {
    stop(
      "broken-before",
      `${service} lets nobody pass its ${type} lines even without wpam: mend it first`,
    );
  }
  if (!ours || second || !is || was?.logins.length === 0) return findings;

  findings.push(...compare(before, after, login));
  for (const index of new Set(is.logins.map(({ past }) => past))) {
    if (index === undefined) continue;
    const { text } = entries[index]!.control;
    const why =
      `its control field, ${text}, ends the stack or jumps before ${ours.where} is reached`;
    stop("bypassed", `${describe(entries[index]!)} can let a login in without pam_wpam: ${why}`);
  }
  if (is.logins.some((path) => path.ours === "failed")) {
    stop("forgiven", `a login gets in although pam_wpam (${ours.where}) refuses it`);
  }
  const right = is.logins.filter((path) => path.ours === "passed");
  if (right.length === 0) {
    stop("locked-out", `with ${ours.where} nobody can log in, whatever the answers`);
  }
  if (type === "account") return findings;

  if (right.some(({ known }) => !known)) {
    if (login === "password,werbot") {
      stop("code-only", `${service} lets in by a code, without a password`);
    } else if (login === "werbot") {
      remark("code-only", "the code is the only factor: a stranger can ring any user's phone");
    } else {
      remark(
        "code-only",
        "PAM asks for the code only: sshd -T has to show that a key is asked for too",
      );
    }
  }
  for (
    const entry of entries.filter((entry) => SECOND_FACTORS.includes(nameModule(entry.module)))
  ) {
    (alongside ? remark : stop)(
      "second-factor",
      `${describe(entry)} asks for a second factor already`,
    );
  }
  if (entries.slice(entries.indexOf(ours)).some(isFirstFactor)) {
    remark(
      "asked-first",
      "Werbot is asked before the password: below it, a right password would skip the code",
    );
  } else if (is.askedInVain && login === "password,werbot") {
    remark(
      "asked-in-vain",
      "Werbot is asked after a wrong password too: a stranger can ring any user's phone",
    );
  }
  return findings;
}

/** Compares what stays with what was: the same lines, and every jump to the same line as before. */
function compare(before: Stack, after: Stack, login: Login): Finding[] {
  const print = (entry: Entry) =>
    JSON.stringify([entry.module, entry.arguments, entry.control.text, entry.level, entry.head]);
  const old = before.entries.map(print);
  const home: number[] = [];
  let from = 0;
  for (const entry of after.entries) {
    const found = isOurs(entry) ? from : old.indexOf(print(entry), from);
    if (found < 0) {
      return [refuse("changed", `${describe(entry)} did not run in this place before`)];
    }
    home.push(found);
    if (!isOurs(entry)) from = found + 1;
  }
  if (login === "password,werbot" && after.entries.length !== old.length + 1) {
    return [refuse("changed", `lines that ran for ${before.service} would not run any more`)];
  }
  home.push(old.length);
  return [...after.entries.entries()].filter(([at, { control }]) =>
    [...control.actions.values(), control.otherwise].some((action) => {
      if (typeof action !== "number" || isOurs(after.entries[at]!)) return false;
      const then = land(before.entries, home[at]!, action);
      const now = land(after.entries, at, action);
      return then !== (now === undefined ? undefined : home[now]);
    })
  ).map(([, entry]) =>
    refuse("jump-moved", `the jump of ${describe(entry)} would end on another line than before`)
  );
}

/** What has to be written for one service. */
export interface Wish extends Policy {
  readonly service: string;
  readonly module: string;
  readonly arguments: readonly string[];
}

/** The text to write, and what the administrator should know. */
export interface Plan {
  readonly text: string;
  readonly notes: readonly Finding[];
  /** Lines of the Go predecessor that the text no longer has: their settings belong in wpam.conf. */
  readonly predecessor: readonly Predecessor[];
}

/** Why nothing may be written. */
export interface Refused {
  readonly refusals: readonly Finding[];
}

/**
 * Plans our lines in the file of a service, at the first place that judge() finds nothing against: after the
 * password, below that, above that; for account as far down as it goes. Without a password in the login its
 * lines are commented out. Included files are read, never changed. On its own result it changes nothing.
 */
export function planPamFile(source: Source, wish: Wish): Plan | Refused {
  const { library } = source;
  const { service, login } = wish;
  const stop = (id: string, text: string) => ({ refusals: [refuse(id, `${service}: ${text}`)] });
  const live = source.read(service);
  if (live === undefined) return stop("no-file", "there is no such PAM file");
  const removed = removeModule(live);
  if ("refusal" in removed) return stop("edited-by-hand", removed.refusal);
  const edit = { library, module: wish.module, arguments: wish.arguments };
  const tried = addModule(live, edit);
  if ("refusal" in tried) return stop("not-editable", tried.refusal);

  const bare = takePredecessor(removed.text, library);
  const expand = (text: string, type: Type) => {
    const read = (name: string) => name === service ? text : source.read(name);
    return expandStack({ library, read }, service, type);
  };
  const [auth, account] = [expand(bare.text, "auth"), expand(bare.text, "account")];
  const falling = [auth, account].find((stack) => stack.service !== service);
  if (falling) return stop("no-line", `no ${falling.type} line stands in it, ours would be alone`);
  const passwords = listLines(auth.entries.filter(isFirstFactor));
  if (passwords.length === 0 && login === "password,werbot") {
    return stop(
      "no-password",
      "no line that wpam knows asks for a password; choose another --login",
    );
  }
  const disable = login === "password,werbot" ? [] : passwords;
  for (const other of [account, expand(bare.text, "password"), expand(bare.text, "session")]) {
    const shared = listLines(other.entries).find((line) => disable.includes(line));
    if (shared === undefined || other.service !== service) continue;
    return stop(
      "shared-line",
      `line ${shared} asks for the password, but serves ${other.type} too`,
    );
  }

  // What can be refused was refused above; without our lines, judge() says no.
  const write = (places: Partial<Record<Type, number>>): string => {
    const added = addModule(bare.text, { ...edit, disable, ...places });
    return "text" in added ? added.text : bare.text;
  };
  const findAll = (before: Stack, text: string) => judge(before, expand(text, before.type), wish);
  const places: Partial<Record<Type, number>> = {};
  for (const before of [auth, account]) {
    const { type } = before;
    const choices = listPlaces(bare.text, before, passwords);
    const failing = choices.map((at) => findAll(before, write({ [type]: at })).filter(isRefusal));
    const place = choices[failing.findIndex((refusals) => refusals.length === 0)];
    if (place === undefined) return { refusals: failing[0]! };
    places[type] = place;
  }
  const text = write(places);
  const notes = [auth, account].flatMap((before) => findAll(before, text));
  const refusals = notes.filter(isRefusal);
  return refusals.length > 0 ? { refusals } : { text, notes, predecessor: bare.lines };
}

function listLines(entries: readonly Entry[]): number[] {
  return [...new Set(entries.map(({ line }) => line))];
}

/** Lists the lines after which ours may stand, best first; the line above the first one stands for the top. */
function listPlaces(
  text: string,
  { entries, library, type }: Stack,
  passwords: readonly number[],
): number[] {
  const lines = listLines(entries);
  const above = parsePamFile(text, library).lines.findLast(({ number }) => number < lines[0]!);
  const best = type === "auth" && passwords.length > 0
    ? lines.indexOf(passwords.at(-1)!)
    : lines.length - 1;
  return [...lines.slice(best), ...lines.slice(0, best).reverse(), above?.number ?? 0];
}
