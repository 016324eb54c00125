/**
 * `wpam test`: a login on trial, through libpam with the real module and the settings of this machine.
 *
 * sshd, its PAM service and whoever is logged in have no part in it: the service is a throw-away one with our lines
 * only, so no password is asked for. It asks on the terminal and changes nothing but the log, as every login does.
 */
import { advise } from "./advice.ts";
import { EXIT } from "./change.ts";
import type { TestOptions } from "./command.ts";
import { type Host, openView, probeHost, type View } from "./host.ts";
import { parseLogLine } from "./log_line.ts";
import { findOurLines, findPlaces } from "./our_lines.ts";
import { type Attempt, canUseFolder, type Ending, logIn } from "./pam.ts";
import { addModule } from "./pam_file.ts";
import { type Report, Stop, wrap } from "./report.ts";
import { blank, listSecrets } from "./secrets.ts";
import { PAM_FOLDER, readPam } from "./sources.ts";
import type { Step } from "./steps.ts";
import { Transaction } from "./transaction.ts";
import { isLocal } from "./visitors.ts";
import type { World } from "./world.ts";

const SERVICE = "wpam-test";
const REFUSED = 1;

/** What the throw-away service runs. */
interface Line {
  readonly module: string;
  readonly arguments: readonly string[];
  readonly conf: string;
  readonly log: string;
}

/** Logs in on trial. Returns the exit code. */
export async function test(options: TestOptions, world: World): Promise<number> {
  const { report, uid, ask, signal } = world;
  const view = openView();
  if (uid !== 0 && options.config === undefined) {
    throw new Stop(
      EXIT.usage,
      "Only root can read the settings of logins: run sudo wpam test, or give a file of your own with --config.",
    );
  }
  if (!ask) throw new Stop(EXIT.usage, "Nobody is here to be asked: run wpam test on a terminal.");
  const host = await probeHost(view);
  const user = options.user ?? host.operator.name;
  const rhost = options.from ?? "127.0.0.1";
  if (!/^[0-9a-fA-F.:]{2,45}$/.test(rhost)) {
    throw new Stop(EXIT.usage, `${rhost} is no IP address: give one with --from.`);
  }
  const line = findLine(host, world.home, options.config);
  const { library } = readPam(host);
  const write = (folder?: string): string => {
    // An ordinary user's log goes where he can write.
    const own = uid === 0 || folder === undefined ? [] : [`log_file=${folder}/wpam.log`];
    const { module } = line;
    const words = [...line.arguments, ...own];
    const service = addModule("", { library, module, arguments: words, auth: 0, account: 0 });
    if ("refusal" in service) throw new Stop(EXIT.impossible, `${service.refusal}.`);
    return service.text;
  };

  report.say(
    `A login of ${user} from ${rhost}, with the settings in ${line.conf}. sshd has no part in it.\n`,
  );
  if (!isLocal(view, user)) report.mark("note", `${user} is no local user of this machine.`);
  if (uid !== 0) {
    report.mark(
      "note",
      "You are not root: the login helper runs as you and not as the user wpam, and nothing goes to the log.",
    );
  }
  const clock = new Clock();
  const attempt: Omit<Attempt, "write"> = {
    service: SERVICE,
    user,
    rhost,
    conversation: {
      ask: (prompt, echo) => clock.stop(() => ask(prompt, echo)),
      tell: (text) => report.mark("note", text),
    },
  };
  // A signal cannot be heard by whoever sits in libpam; the helper ends with us.
  const before = sizeOf(view, line.log);
  const ending = canUseFolder()
    ? await logIn({ ...attempt, write })
    : await inPlace(view, write(), () => logIn({ ...attempt, write: undefined }));
  signal.throwIfAborted();
  const log = uid === 0 ? readAdded(view, line.log, before) : ending.log;
  return tell(report, user, ending, clock, blank(findClosing(log), listSecrets(host)));
}

/** Finds the module and its arguments as the logins of sshd have them, or as they would be. */
function findLine(host: Host, home: string, config: string | undefined): Line {
  const { view, moduleFolder } = host;
  const [live] = findOurLines(readPam(host), ["sshd"]);
  const standing = live?.module.startsWith("/")
    ? live.module
    : `${moduleFolder ?? "/lib/security"}/pam_wpam.so`;
  const module = view.resolve(standing) === undefined ? `${home}/pam_wpam.so` : standing;
  if (view.resolve(module) === undefined) {
    throw new Stop(EXIT.impossible, "There is no pam_wpam.so to try: run make install.");
  }
  const words = (live?.arguments ?? []).filter((word) => !config || !word.startsWith("config="));
  if (config !== undefined && !config.startsWith("/")) {
    throw new Stop(EXIT.usage, `--config ${config}: give the file by its absolute path.`);
  }
  const all = config === undefined ? words : [...words, `config=${config}`];
  const { conf, log } = findPlaces(all);
  return { module, arguments: all, conf, log };
}

/** Lets a service stand among the others for as long as a login takes. */
async function inPlace<T>(view: View, text: string, work: () => Promise<T>): Promise<T> {
  const step: Step = {
    kind: "file",
    path: `${PAM_FOLDER}/${SERVICE}`,
    before: undefined,
    after: text,
    mode: 0o600,
    title: "A service for one login on trial",
  };
  const transaction = Transaction.open(view);
  if ("busy" in transaction) throw new Stop(EXIT.impossible, transaction.busy);
  try {
    return await transaction.during([step], work);
  } finally {
    transaction.close();
  }
}

/** Tells the time that the machine takes from the time that the person takes. */
class Clock {
  /** When the last answer was given. */
  #last: number | undefined;
  /** From the first answer, which starts the helper, to the next question, in ms; undefined when there was none. */
  helper: number | undefined;

  stop<T>(work: () => T): T {
    if (this.#last !== undefined) this.helper ??= performance.now() - this.#last;
    const result = work();
    this.#last = performance.now();
    return result;
  }
}

function sizeOf(view: View, path: string): number {
  return view.status(path)?.size ?? 0;
}

/** Reads what this login, and perhaps another one, has added to the log. */
function readAdded(view: View, path: string, before: number): string {
  try {
    return (view.read(path) ?? "").slice(before);
  } catch {
    return "";
  }
}

function findClosing(log: string): string {
  const closes = (text: string) => parseLogLine(text)?.outcome !== undefined;
  return log.trim().split("\n").findLast(closes) ?? "";
}

function tell(
  report: Report,
  user: string,
  { authenticate, account, ms }: Ending,
  clock: Clock,
  text: string,
): number {
  const line = parseLogLine(text);
  const good = authenticate === 0 && account === 0;
  const { outcome } = line ?? {};
  const took = line?.fields.get("ms");
  report.say("");
  if (good) report.mark("done", `${user} would be let in.`);
  else report.mark("problem", `${user} would not be let in${outcome ? ` (${outcome})` : ""}.`);
  const row = (label: string, words: string) =>
    report.say(`  ${label.padEnd(9)}${wrap(words, " ".repeat(11))}`);
  if (clock.helper !== undefined) {
    row("helper", `${Math.round(clock.helper)} ms from the ID to the next question`);
  }
  if (took !== undefined) row("Werbot", `${took} ms from the last answer to the verdict`);
  if (good) row("account", `${Math.round(ms.account)} ms`);
  row("log", text || "no line was written; look into the system's log");
  const advice = outcome && advise(outcome, line?.fields.get("reason") ?? "");
  if (advice) row("means", advice.meaning);
  if (advice && advice.mend !== "") row("mend", advice.mend);
  return good ? EXIT.done : REFUSED;
}
