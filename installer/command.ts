/**
 * The command line of `wpam`: its subcommands, their options and help texts, and what they are read into.
 *
 * It decides nothing and touches nothing: it calls the actions that main.ts gives it, with options that are
 * checked as far as that can be done without looking at the machine.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { Secret } from "../src/secret.ts";
import type { Login } from "./pam_plan.ts";

/** What `wpam install` was asked for; undefined where nothing was said. */
export interface InstallOptions {
  readonly serverUrl?: string;
  readonly serviceId?: string;
  readonly serviceKey?: Secret;
  readonly serviceKeyFile?: string;
  readonly offlineUsers?: string;
  readonly insecureSkipVerify?: boolean;
  readonly debug?: boolean;
  readonly login?: Login;
  readonly keyLogins?: "check" | "leave";
  readonly service?: readonly string[];
  readonly alongside?: boolean;
  readonly root?: string;
  readonly dryRun?: boolean;
  readonly printManual?: boolean;
  readonly yes?: boolean;
  /** In seconds. */
  readonly confirmWithin: number | "never";
  readonly acceptRisk?: "lose-ssh";
  readonly json?: boolean;
}

/** What `wpam uninstall` was asked for. */
export interface UninstallOptions {
  readonly purge?: boolean;
  readonly force?: boolean;
  readonly root?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly acceptRisk?: "lose-ssh";
  readonly json?: boolean;
}

/** What `wpam confirm` and `wpam status` were asked for. */
export interface PlainOptions {
  readonly root?: string;
  readonly json?: boolean;
}

/** What the timer calls, and an administrator who does not want to wait for it. */
export interface RollbackOptions {
  /** Only the change of this id. */
  readonly id?: string;
  /** Seconds to sleep before. */
  readonly wait?: number;
  readonly json?: boolean;
}

/** What `wpam doctor` was asked for. */
export interface DoctorOptions {
  readonly list?: boolean;
  readonly only?: readonly string[];
  readonly json?: boolean;
}

/** What `wpam test` was asked for. */
export interface TestOptions {
  /** The unix user; the operator unless told. */
  readonly user?: string;
  /** The address that Werbot is told. */
  readonly from?: string;
  readonly config?: string;
}

/** What `wpam log` was asked for. */
export interface LogOptions {
  /** One login. */
  readonly ref?: string;
  readonly follow?: boolean;
  readonly user?: string;
  /** In seconds. */
  readonly since?: number;
  readonly json?: boolean;
}

/** What `wpam offline codes` was asked for. */
export interface CodesOptions {
  readonly user: string;
  readonly count: number;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What `wpam offline revoke` was asked for. */
export interface RevokeOptions {
  readonly user: string;
  readonly json?: boolean;
}

/** One action a subcommand; each returns the exit code. */
export interface Actions {
  install(options: InstallOptions): Promise<number>;
  uninstall(options: UninstallOptions): Promise<number>;
  confirm(options: PlainOptions): Promise<number>;
  status(options: PlainOptions): Promise<number>;
  rollback(options: RollbackOptions): Promise<number>;
  doctor(options: DoctorOptions): Promise<number>;
  test(options: TestOptions): Promise<number>;
  log(options: LogOptions): Promise<number>;
  offlineCodes(options: CodesOptions): Promise<number>;
  offlineList(options: PlainOptions): Promise<number>;
  offlineRevoke(options: RevokeOptions): Promise<number>;
}

/** How to write, for help and for complaints about the command line. */
export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

const USAGE = 2;
const SHORTEST = 10;
const LONGEST = 24 * 3600;

/** Reads the command line, runs the action and returns its exit code; 2 where the line makes no sense. */
export async function runCommand(
  words: readonly string[],
  version: string,
  actions: Actions,
  streams: Streams,
): Promise<number> {
  let code = 0;
  const program = buildProgram(version, actions, streams, (exit) => code = exit);
  try {
    await program.parseAsync(words, { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE;
  }
}

/** Builds the table of subcommands and options; an action that has run hands its exit code to `ended`. */
export function buildProgram(
  version: string,
  actions: Actions,
  streams: Streams,
  ended: (code: number) => void,
): Command {
  const run = <T>(action: (options: T) => Promise<number>) => async (options: T) => {
    ended(await action(options));
  };
  const program = new Command("wpam")
    .description("Two-factor login for SSH with Werbot.")
    .usage("COMMAND [OPTIONS]")
    .version(`wpam ${version}`, "--version", "print the version")
    .helpOption("--help", "print this help; after a command, its own")
    .helpCommand(false)
    .addHelpText("after", "\nBegin with: sudo wpam install --dry-run");
  program.configureOutput({
    writeOut: streams.out,
    writeErr: streams.err,
    getOutHelpWidth: () => 80,
  });
  program.exitOverride().configureHelp({ subcommandTerm: (command) => command.name() });
  const add = (name: string, summary: string, description: string, above = program) =>
    above.command(name).summary(summary).description(description)
      .usage("[OPTIONS]").helpOption("--help", "print this help").allowExcessArguments(false);

  addInstallOptions(add(
    "install",
    "set up wpam on this machine, or change how it is set up",
    "Sets up wpam on this machine, or changes how it is set up: shows the changes, proves them by a test " +
      "login, makes them, and takes them back by itself unless you confirm them from a new login.",
  )).action(run(actions.install));
  addJson(add(
    "confirm",
    "keep the change, from a login that is newer",
    "Keeps what `wpam install` changed. It counts only from an ssh login that is newer than the " +
      "change: that is the proof that you still get in.",
  )).action(run(actions.confirm));
  addJson(add(
    "rollback",
    "take back the change that is on trial, at once",
    "Takes back what nobody has confirmed yet, and leaves alone what was confirmed. When the time for " +
      "`wpam confirm` is over, this happens by itself.",
  ))
    // For the timer.
    .addOption(new Option("--id <ID>").hideHelp())
    .addOption(new Option("--wait <SECONDS>").argParser(Number).hideHelp())
    .action(run(actions.rollback));
  addJson(addRoot(add(
    "status",
    "tell what is installed, active and confirmed",
    "Tells what is installed, where it is active, and whether it is confirmed.",
  )))
    .addHelpText(
      "after",
      "\nExit code: 0 active and confirmed, 1 on trial or only partly there, 2 not root,\n3 not installed.",
    )
    .action(run(actions.status));
  addDoctorOptions(add(
    "doctor",
    "tell what is wrong with logins here, and how to mend it",
    "Tells what is wrong with logins here, where, why that matters, and how to mend it. It changes nothing.",
  )).action(run(actions.doctor));
  addTestOptions(add(
    "test",
    "log in on trial, without sshd",
    "Logs in on trial: asks for ID and code as a login does, with the module and the settings of this machine, and " +
      "tells how it ended. sshd and its PAM service have no part in it.",
  )).action((user: string | undefined, options: TestOptions) =>
    run(actions.test)({ ...options, ...user !== undefined && { user } })
  );
  addLogOptions(add(
    "log",
    "show logins, or what the end of one means",
    "Shows the latest logins; with a ref, such as failed logins show it, all of that one, what its end means, and " +
      "what to do.",
  )).action((ref: string | undefined, options: LogOptions) =>
    run(actions.log)({ ...options, ...ref !== undefined && { ref } })
  );
  const offline = add(
    "offline",
    "make, count and end the codes for when Werbot is down",
    "Makes, counts and ends the codes by which users in offline_users get in while Werbot cannot be reached.",
  ).usage("COMMAND [OPTIONS]").helpCommand(false);
  addCodesOptions(add(
    "codes",
    "make new codes for a user, and show them once",
    "Makes new codes for a user in the place of those that he has, and shows them once. Each lets him in once, " +
      "while Werbot cannot be reached.",
    offline,
  )).action((user: string, options: CodesOptions) =>
    run(actions.offlineCodes)({ ...options, user })
  );
  addJson(add(
    "list",
    "tell who has how many codes left",
    "Tells who has how many codes left, and when one was last used.",
    offline,
  )).action(run(actions.offlineList));
  addJson(add(
    "revoke",
    "end all codes of a user, at once",
    "Ends all codes of a user, at once: the paper was lost, or the user has left.",
    offline,
  )).argument("<user>", "the unix user").usage("USER [OPTIONS]")
    .action((user: string, options: RevokeOptions) =>
      run(actions.offlineRevoke)({ ...options, user })
    );
  addUninstallOptions(add(
    "uninstall",
    "take wpam out of this machine's logins, and nothing else",
    "Takes wpam out of this machine's logins, and nothing else: later edits of these files by hand stay. " +
      "Settings and log stay too, for another `wpam install`.",
  )).action(run(actions.uninstall));
  return program;
}

function addJson(command: Command): Command {
  return command.option("--json", "print one JSON object, and never ask");
}

function addRoot(command: Command): Command {
  return command.option("--root <DIR>", "work on the system image or tree below DIR");
}

/** Adds what both commands take that change the machine. */
function addConsent(command: Command): Command {
  command.option("--dry-run", "show what would change, and stop")
    .option("--yes", "do not ask; for scripts")
    .addOption(
      new Option(
        "--accept-risk <RISK>",
        "lose-ssh: with --yes, although you are logged in by the ssh that is to change",
      ).choices(["lose-ssh"]),
    );
  return addJson(addRoot(command));
}

function addInstallOptions(command: Command): Command {
  command
    .optionsGroup("Werbot:")
    .option("--service-id <ID>", "the service's ID, as Werbot shows it")
    .option(
      "--service-key-file <FILE>",
      "a file with the service's key; - reads it from standard input",
    )
    .option(
      "--service-key <KEY>",
      "the key itself; other users can see it in the list of processes",
      (text) => new Secret(text),
    )
    .option(
      "--server-url <HOST>",
      "host or host:port of the Werbot server (default: api.werbot.com)",
    )
    .option("--insecure-skip-verify", "accept any certificate of the server; for tests only")
    .option("--no-insecure-skip-verify", "verify it again")
    .optionsGroup("Logins:")
    .addOption(
      new Option("--login <WHAT>", "what a login without a key asks for (default: password,werbot)")
        .choices(["password,werbot", "key,werbot", "werbot"]),
    )
    .addOption(
      new Option(
        "--key-logins <HOW>",
        "leave public-key logins to sshd, or check them (default: leave)",
      )
        .choices(["check", "leave"]),
    )
    .option("--offline-users <USERS>", "who may log in while Werbot cannot be reached; with commas")
    .option(
      "--service <NAME>",
      "the PAM service; may be given again for more (default: sshd)",
      (name: string, before: readonly string[] = []) => [...before, readService(name)],
    )
    .option("--alongside", "keep another second factor that is there already")
    .option("--debug", "log requests and answers, without secrets")
    .option("--no-debug", "stop that")
    .optionsGroup("How to go about it:");
  return addConsent(command)
    .option("--print-manual", "print it as steps to take by hand, and stop")
    .addOption(
      new Option(
        "--confirm-within <TIME>",
        "take it all back unless `wpam confirm` comes in time: 30s, 5m, 1h or never",
      )
        .argParser(readDuration).default(300, "5m"),
    )
    .addHelpText(
      "after",
      "\nWhat is not given is taken from this machine, or asked on a terminal.\n\n" +
        "Exit code: 0 done or nothing to do; 1 failed, and taken back; 2 wrong usage, not\n" +
        "root, or a risk not accepted; 3 not possible on this machine, nothing changed;\n" +
        "4 a check or a test login failed, nothing changed; 130 interrupted before\n" +
        "anything changed.",
    );
}

function addUninstallOptions(command: Command): Command {
  return addConsent(command)
    .option("--purge", "remove settings, log, offline codes and the user wpam too")
    .option("--force", "take out our lines even if somebody has edited them; a copy is kept");
}

function addDoctorOptions(command: Command): Command {
  command.option("--list", "list the checks, and make none")
    .option("--only <ID...>", "make these checks, and those that they need");
  return addJson(command).addHelpText(
    "after",
    "\nExit code: 0 nothing is wrong, 1 warnings, 2 errors or wrong usage.",
  );
}

function addTestOptions(command: Command): Command {
  return command.argument("[user]", "the unix user to log in as (default: you)")
    .usage("[USER] [OPTIONS]")
    .option("--from <IP>", "the address that Werbot is told (default: 127.0.0.1)")
    .option("--config <FILE>", "another wpam.conf, such as one that is not in its place yet")
    .addHelpText(
      "after",
      "\nExit code: 0 the login would be let in, 1 it would not, 2 wrong usage or not root,\n" +
        "3 not possible on this machine.",
    );
}

function addLogOptions(command: Command): Command {
  command.argument("[ref]", "one login, by its ref")
    .usage("[REF] [OPTIONS]")
    .option("-f, --follow", "go on showing logins as they come")
    .option("--user <USER>", "those of one unix user")
    .addOption(
      new Option("--since <TIME>", "those of the last 30s, 15m, 1h or 7d").argParser(readAge),
    );
  return addJson(command);
}

function addCodesOptions(command: Command): Command {
  command.argument("<user>", "the unix user").usage("USER [OPTIONS]")
    .addOption(
      new Option("--count <N>", "how many, from 1 to 100").argParser(readCount).default(10),
    )
    .option("--yes", "do not ask whether the old ones may go; for scripts");
  return addJson(command);
}

function readCount(text: string): number {
  const count = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 100) return count;
  throw new InvalidArgumentError("It must be from 1 to 100.");
}

function readAge(text: string): number {
  const [, amount, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  if (amount === undefined) {
    throw new InvalidArgumentError("It must be such as 30s, 15m, 1h or 7d.");
  }
  return Number(amount) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit as "s" | "m" | "h" | "d"];
}

function readService(name: string): string {
  if (/^[A-Za-z0-9_.@-]{1,64}$/.test(name) && !name.startsWith(".")) return name;
  throw new InvalidArgumentError("It must be the name of a file in /etc/pam.d.");
}

/** Reads `90`, `90s`, `5m`, `1h` or `never`. */
function readDuration(text: string): number | "never" {
  if (text === "never") return text;
  const [, amount, unit] = /^([0-9]{1,5})([smh]?)$/.exec(text) ?? [];
  const seconds = Number(amount) * ({ h: 3600, m: 60 }[unit ?? ""] ?? 1);
  if (seconds >= SHORTEST && seconds <= LONGEST) return seconds;
  throw new InvalidArgumentError("It must be from 10s to 24h, such as 30s, 5m or 1h, or never.");
}
