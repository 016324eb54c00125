/**
 * PAM stacks: what libpam makes of a service and all that it includes, and how it walks the lines.
 *
 * Text in, findings out. It opens nothing, runs no module, cannot know whether a module loads, and judges
 * nothing: that is pam_plan.ts. simulate() is libpam's own dispatch, held against a real libpam by
 * test/pam_stack_test.ts. Called by pam_plan.ts and by the checks.
 */
import {
  type Action,
  type Code,
  type Control,
  type Library,
  parsePamFile,
  type Type,
} from "./pam_file.ts";

/** The service files of a machine, in the order in which its libpam looks for them. */
export interface Source {
  readonly library: Library;
  /** The text of a service, or of an absolute path; undefined when there is none. */
  readonly read: (service: string) => string | undefined;
}

/** One line of a stack, after all includes. */
export interface Entry {
  /** Empty where libpam refuses in place of running anything. */
  readonly module: string;
  readonly arguments: readonly string[];
  readonly control: Control;
  /** How many substacks it is in. */
  readonly level: number;
  /** Not a line that runs, but the head of a substack: jumps count it. */
  readonly head: boolean;
  /** The line of the service's own file that brought it here. */
  readonly line: number;
  /** Service and line where it is written. */
  readonly where: string;
}

/** What runs for one type of a service. */
export interface Stack {
  readonly library: Library;
  readonly type: Type;
  /** The file it comes from: `other` where the service has no line of the type. */
  readonly service: string;
  readonly entries: readonly Entry[];
  /** What libpam cannot read. */
  readonly findings: readonly Finding[];
}

/** Something to tell the administrator; a refusal stops the edit. */
export interface Finding {
  readonly id: string;
  readonly severity: "refusal" | "note";
  readonly text: string;
}

/** As libpam has it. */
const DEPTH_MAX = 16;
const BROKEN: Control = { text: "", actions: new Map(), otherwise: "bad" };

/** A finding that stops the edit. */
export const refuse = (id: string, text: string): Finding => ({ id, severity: "refusal", text });

/** Lays out all lines of a type, those of includes in their places; what cannot be read refuses, as in libpam. */
export function expandStack(source: Source, service: string, type: Type): Stack {
  const entries: Entry[] = [];
  const findings: Finding[] = [];
  const walk = (
    names: readonly string[],
    allTypes: boolean,
    level: number,
    top: number | undefined,
  ) => {
    const name = names.at(-1)!;
    for (const line of parsePamFile(source.read(name) ?? "", source.library).lines) {
      if (line.kind === "nothing") continue;
      const where = `${name} line ${line.number}`;
      const asType = line.type ?? (line.kind === "rule" && allTypes ? "auth" : type);
      // OpenPAM gives the whole service up for one line of any type.
      if (asType !== type && source.library === "linux-pam") continue;
      const base = { control: BROKEN, level, line: top ?? line.number, where };
      const push = (more: Partial<Entry>) => {
        if (asType === type) {
          entries.push({ module: "", arguments: [], head: false, ...base, ...more });
        }
      };
      if (line.kind === "rule") {
        push({ module: line.module, arguments: line.arguments, control: line.control });
        if (line.fault !== undefined) findings.push(refuse("unreadable", `${where} ${line.fault}`));
        continue;
      }
      const substack = line.how === "substack";
      if (substack) push({ head: true });
      const missing = source.read(line.target) === undefined;
      if (missing || names.includes(line.target) || names.length >= DEPTH_MAX) {
        const why = missing ? "which does not exist" : "which includes itself, or too many others";
        const text = `${where} includes ${line.target}, ${why}: nobody gets past that line`;
        findings.push(refuse(missing ? "include-missing" : "include-endless", text));
        push({});
      } else if (asType === type) {
        const all = allTypes && line.type === undefined;
        walk([...names, line.target], all, level + (substack ? 1 : 0), base.line);
      }
    }
  };
  walk([service], true, 0, undefined);
  return entries.length === 0 && service !== "other"
    ? expandStack(source, "other", type)
    : { library: source.library, type, service, entries, findings };
}

/** Where libpam stands in a stack: one of few states, which is what makes judge() exact. */
export interface State {
  readonly at: number;
  /** The level of the line before. */
  readonly level: number;
  readonly impression: "none" | "good" | "bad";
  readonly status: Code;
  /** By level, the state in which a substack was entered. */
  readonly saved: readonly Pick<State, "impression" | "status">[];
}

/** Gives the state before the first line. */
export function enter(stack: Stack): State {
  const status = stack.library === "openpam" ? "success" : "perm_denied";
  return { at: 0, level: 0, impression: "none", status, saved: [{ impression: "none", status }] };
}

/** Finds the line on which a jump over `count` lines from line `at` ends; undefined when there are too few. */
export function land(entries: readonly Entry[], at: number, count: number): number | undefined {
  const { level } = entries[at]!;
  for (; count > 0; count--) {
    if ((entries[at + 1]?.level ?? -1) < level) return undefined;
    do at++; while ((entries[at + 1]?.level ?? -1) > level);
  }
  return at + 1;
}

/** Finds where a decision in line `at` ends its stack or substack. */
function leave(entries: readonly Entry[], at: number): number {
  const { level } = entries[at]!;
  while ((entries[at + 1]?.level ?? -1) >= level) at++;
  return at + 1;
}

const actionOf = ({ actions, otherwise }: Control, code: Code): Action =>
  actions.get(code) ?? otherwise;

/** Takes one turn of Linux-PAM's _pam_dispatch_aux() (openpam_dispatch()), for a call that is not setcred. */
export function step(stack: Stack, state: State, code: Code): State {
  if (stack.library === "openpam") return stepOpenPam(stack, state, code);
  const { entries } = stack;
  const entry = entries[state.at]!;
  const saved = [...state.saved.slice(0, entry.level + 1)];
  if (state.level < entry.level) saved[entry.level] = pick(state);
  const next = { ...state, at: state.at + 1, level: entry.level, saved };
  if (entry.head) return next;
  const action = actionOf(entry.control, code);
  if (typeof action === "number") {
    const at = land(entries, state.at, action);
    return at === undefined
      ? { ...next, at: leave(entries, state.at), impression: "bad", status: "perm_denied" }
      : { ...next, at };
  }
  const end = action === "done" || action === "die" ? leave(entries, state.at) : next.at;
  switch (action) {
    case "ignore":
      return next;
    case "reset":
      return { ...next, ...pick(saved[entry.level] ?? enter(stack)) };
    case "bad":
    case "die": {
      const status = code === "ignore" ? "perm_denied" : code;
      return state.impression === "bad"
        ? { ...next, at: end }
        : { ...next, at: end, impression: "bad", status };
    }
    case "ok":
    case "done": {
      if (state.impression === "bad") return next;
      const open = state.impression === "none" || state.status === "success";
      return { ...next, at: end, impression: "good", status: open ? code : state.status };
    }
  }
}
const pick = ({ impression, status }: Pick<State, "impression" | "status">) => ({
  impression,
  status,
});

/** One turn of openpam_dispatch(), for a call that is not setcred. */
function stepOpenPam({ entries }: Stack, state: State, code: Code): State {
  const word = entries[state.at]!.control.text;
  const next = { ...state, at: state.at + 1 };
  const failed = state.impression === "bad";
  if (code === "ignore") return next;
  if (code === "success") {
    const ends = (word === "sufficient" || word === "binding") && !failed;
    return { ...next, at: ends ? entries.length : next.at, impression: failed ? "bad" : "good" };
  }
  const status = state.status === "success" ? code : state.status;
  switch (word) {
    case "optional":
    case "sufficient":
      return { ...next, status };
    case "requisite":
      return { ...next, at: entries.length, impression: "bad", status };
    default:
      return { ...next, impression: "bad", status: failed ? status : code };
  }
}

/** Tells what the application gets at the end of a stack. */
export function finish({ library, findings }: Stack, { impression, status }: State): Code {
  if (library === "linux-pam") {
    return status === "success" && impression !== "good" ? "perm_denied" : status;
  }
  if (findings.length > 0) return "system_err";
  if (impression === "bad" || status === "new_authtok_reqd") return status;
  return impression === "good" ? "success" : "system_err";
}

/**
 * Walks a stack as libpam does, with results that the caller chooses for the modules. A module that is
 * missing on disk gives `module_unknown`. Covers authenticate and account, not setcred, which replays them.
 */
export function simulate(
  stack: Stack,
  results: (entry: Entry, index: number) => Code,
): { readonly code: Code; readonly reached: readonly number[] } {
  const reached: number[] = [];
  let state = enter(stack);
  for (let entry = stack.entries[0]; entry; entry = stack.entries[state.at]) {
    const runs = !entry.head && entry.module !== "";
    if (runs) reached.push(state.at);
    state = step(stack, state, runs ? results(entry, state.at) : "perm_denied");
  }
  return { code: finish(stack, state), reached };
}
