/**
 * What a check is, and how checks are run: side by side, causes before what follows from them.
 *
 * It looks at nothing itself. The checks are the checks_*.ts files, their table is checks.ts.
 */
import type { Host, Visitor } from "./host.ts";
import type { Installed } from "./installed.ts";
import type { Policy } from "./pam_plan.ts";
import type { Source } from "./pam_stack.ts";
import type { Setting, SshdConfig } from "./sshd_config.ts";

/** What is wrong, or worth knowing. */
export interface Finding {
  /** That of the check; what stands in documentation and scripts. */
  readonly id: string;
  readonly severity: "error" | "warning" | "info";
  /** A sentence. */
  readonly seen: string;
  /** File, and line if there is one. */
  readonly where?: string;
  readonly why?: string;
  readonly fix?: Fix;
}

/** What to do about it. */
export interface Fix {
  readonly text: string;
  /** To be run by root as they stand, in order; none where a person has to decide something. */
  readonly commands: readonly string[];
}

/** A finding before it has its id. */
export type Seen = Omit<Finding, "id">;

/** What a check came to: what it found, and perhaps what it measured, in a few words. */
export type Outcome = readonly Seen[] | {
  readonly findings: readonly Seen[];
  readonly told: string;
};

/** Something that must be true. */
export interface Check {
  /** In kebab-case. */
  readonly id: string;
  /** What is true when nothing is found. */
  readonly title: string;
  /** Checks without which this one would tell nothing new. */
  readonly needs: readonly string[];
  /** Only root can see what it looks at. */
  readonly root?: boolean;
  readonly run: (context: Context) => Promise<Outcome> | Outcome;
}

/** What is checked: the machine as it is, or as it shall be. */
export interface Context {
  readonly host: Host;
  /** PAM's service files. */
  readonly pam: Source;
  /** The services that ask Werbot. */
  readonly services: readonly (Policy & { readonly service: string })[];
  /** sshd's configuration, and where it can be read by sshd if that is elsewhere. */
  readonly sshd: SshdConfig | undefined;
  readonly staged?: string;
  /** What sshd has to say for each of the visitors. */
  readonly wanted: readonly Setting[];
  readonly visitors: readonly Visitor[];
  /** The files that a login runs. */
  readonly module: string;
  readonly helper: string;
  /** wpam.conf and ca.pem; undefined where there is none. */
  readonly conf: string | undefined;
  readonly anchors: string | undefined;
  /** What is known of the installation; undefined before there is one. */
  readonly installed?: Installed | undefined;
}

/** How a check ended. */
export interface Result {
  readonly check: Check;
  readonly findings: readonly Finding[];
  /** The id of the check that failed before this one could tell anything. */
  readonly skipped: string | undefined;
  /** Why it could not be made here. */
  readonly unchecked?: string;
  /** What it measured. */
  readonly told?: string;
  /** How long it took, in ms. */
  readonly ms: number;
}

/** How checks are run. */
export interface Manner {
  /** The time limit of one check, in ms; 30 s unless told. */
  readonly patience?: number;
  /** Is told each result as it comes. */
  readonly onResult?: (result: Result) => void;
}

/** Says that something cannot be checked here, and why, in words that complete "not checked: …". */
export class Unchecked extends Error {}

const PATIENCE = 30_000;
/** Why an ordinary user sees less. */
export const NOT_ROOT = "only root can see that";

/**
 * Runs some of the checks side by side, those that they need among them. Never throws: a check that does, or takes
 * too long, is a finding.
 */
export async function runAll(
  checks: readonly Check[],
  context: Context,
  ids: readonly string[],
  { patience = PATIENCE, onResult }: Manner = {},
): Promise<Result[]> {
  const started = new Map<Check, Promise<Result>>();
  const start = (id: string): Promise<Result> => {
    const check = checks.find((check) => check.id === id);
    if (check === undefined) throw new Error(`There is no check ${id}.`);
    const known = started.get(check) ?? run(check);
    started.set(check, known);
    return known;
  };
  const run = async (check: Check): Promise<Result> => {
    const before = await Promise.all(check.needs.map(start));
    const failed = before.find(({ skipped, findings }) =>
      skipped !== undefined || findings.some(({ severity }) => severity === "error")
    );
    const skipped = failed && (failed.skipped ?? failed.check.id);
    const result = skipped === undefined
      ? await runOne(check, context, patience)
      : { check, findings: [], skipped, ms: 0 };
    onResult?.(result);
    return result;
  };
  await Promise.all(ids.map(start));
  return await Promise.all(checks.flatMap((check) => started.get(check) ?? []));
}

async function runOne(check: Check, context: Context, patience: number): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no end within ${patience / 1000} s`)), patience);
  const begun = performance.now();
  const finish = (findings: readonly Seen[], more: Partial<Result> = {}): Result => ({
    check,
    findings: findings.map((seen) => ({ id: check.id, ...seen })),
    skipped: undefined,
    ms: Math.round(performance.now() - begun),
    ...more,
  });
  try {
    if (check.root && context.host.operator.uid !== 0) return finish([], { unchecked: NOT_ROOT });
    const outcome = await Promise.race([(async () => await check.run(context))(), late]);
    return "told" in outcome ? finish(outcome.findings, { told: outcome.told }) : finish(outcome);
  } catch (error) {
    const why = error instanceof Error ? error.message : `${error}`;
    if (error instanceof Unchecked) return finish([], { unchecked: why });
    const seen = `This could not be checked: ${check.title} (${why.replace(/\.$/, "")}).`;
    return finish([{ severity: "error", seen }]);
  } finally {
    clearTimeout(timer);
  }
}

/** Makes a look at the machine happen once, however many checks of a context want it. */
export function once<T>(look: (context: Context) => T): (context: Context) => T {
  const known = new WeakMap<Context, T>();
  return (context) => {
    if (!known.has(context)) known.set(context, look(context));
    return known.get(context)!;
  };
}

/** What else a finding says besides what was seen. */
type More = Partial<Omit<Seen, "severity" | "seen" | "fix">> & {
  readonly mend?: string;
  readonly run?: readonly string[];
};

/** Says what keeps people out, or lets strangers in, now. */
export function error(seen: string, more: More = {}): Seen {
  return tell("error", seen, more);
}

/** Says what will hurt some day. */
export function warning(seen: string, more: More = {}): Seen {
  return tell("warning", seen, more);
}

/** Says what is good to know. */
export function info(seen: string, more: More = {}): Seen {
  return tell("info", seen, more);
}

function tell(
  severity: Seen["severity"],
  seen: string,
  { mend, run = [], ...more }: More,
): Seen {
  return {
    severity,
    seen,
    ...more,
    ...mend !== undefined && { fix: { text: mend, commands: run } },
  };
}
