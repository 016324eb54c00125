/**
 * The command `wpam`: the standard streams, the terminal, the signals and the exit code.
 *
 * The only file of the command that talks to the person; what it says is the subcommands' and report.ts's.
 * It looks at no other part of the machine and changes none. Started by the launcher that the build makes.
 */
import { orAborted } from "./change.ts";
import { type Actions, runCommand } from "./command.ts";
import { confirm } from "./confirm.ts";
import { toText } from "./host.ts";
import { doctor } from "./doctor.ts";
import { install } from "./install.ts";
import { log } from "./log.ts";
import { offlineCodes, offlineList, offlineRevoke } from "./offline.ts";
import { Report, type Screen, Stop } from "./report.ts";
import { rollBack } from "./rollback.ts";
import { status } from "./status.ts";
import { test } from "./test_login.ts";
import { uninstall } from "./uninstall.ts";
import { VERSION } from "./version.ts";
import type { Terminal } from "./wishes.ts";
import type { World } from "./world.ts";

const FAILED = 1;
const INTERRUPTED = 130;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function write(stream: typeof Deno.stdout, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (error) {
    // Whoever was reading has gone (`| head`); the work goes on.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Finds out what the standard output can show. */
function openScreen(): Screen {
  const terminal = Deno.stdout.isTerminal() && Deno.env.get("TERM") !== "dumb";
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map((name) => Deno.env.get(name)).find(Boolean);
  return {
    write: (text) => write(Deno.stdout, text),
    terminal,
    colour: terminal && !Deno.env.get("NO_COLOR"),
    utf8: /utf-?8/i.test(locale ?? ""),
  };
}

/** Reads answers from the terminal; one line at a time, so that nothing is taken that a later ssh should get. */
function openTerminal(signal: AbortSignal): Terminal | undefined {
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return undefined;
  return {
    async ask(question, { standard, hidden } = {}) {
      const note = standard === undefined || standard === "" ? "" : ` [${standard}]`;
      const text = `${question}${note}: `;
      const answer = hidden ? await readHidden(text, signal) : await readLine(text, signal);
      return answer === "" ? standard ?? "" : answer;
    },
  };
}

/** Reads a line as the terminal hands it out, whole. */
async function readLine(question: string, signal: AbortSignal): Promise<string> {
  write(Deno.stdout, question);
  const buffer = new Uint8Array(4096);
  const read = await orAborted(Deno.stdin.read(buffer), signal);
  if (read === null) throw new Stop(INTERRUPTED, "No answer came: nothing was changed.");
  return decoder.decode(buffer.subarray(0, read)).replace(/[\r\n]+$/, "");
}

/** Reads a line that the terminal does not show. */
async function readHidden(question: string, signal: AbortSignal): Promise<string> {
  // Before anybody can begin to type.
  Deno.stdin.setRaw(true, { cbreak: true });
  write(Deno.stdout, question);
  try {
    const bytes: number[] = [];
    const buffer = new Uint8Array(1);
    for (;;) {
      const read = await orAborted(Deno.stdin.read(buffer), signal);
      const byte = buffer[0]!;
      if (read === null || byte === 4) {
        throw new Stop(INTERRUPTED, "No answer came: nothing was changed.");
      }
      if (byte === 10 || byte === 13) return decoder.decode(Uint8Array.from(bytes));
      if (byte === 8 || byte === 127) bytes.pop();
      else if (byte === 21) bytes.length = 0;
      else bytes.push(byte);
    }
  } finally {
    Deno.stdin.setRaw(false);
    write(Deno.stdout, "\n");
  }
}

/** Reads a line while nothing else happens, as libpam wants it; Ctrl-C and Ctrl-D end it. */
function askNow(question: string, echo: boolean): string | undefined {
  write(Deno.stdout, question);
  Deno.stdin.setRaw(true);
  try {
    const bytes: number[] = [];
    const buffer = new Uint8Array(1);
    for (;;) {
      const byte = Deno.stdin.readSync(buffer) === null ? 4 : buffer[0]!;
      if (byte === 3 || byte === 4) return undefined;
      if (byte === 10 || byte === 13) return decoder.decode(Uint8Array.from(bytes));
      if (byte !== 8 && byte !== 127) {
        bytes.push(byte);
        if (echo) Deno.stdout.writeSync(buffer);
      } else if (bytes.length > 0) {
        // A character may have several bytes.
        while ((bytes.pop()! & 0xc0) === 0x80);
        if (echo) write(Deno.stdout, "\b \b");
      }
    }
  } finally {
    Deno.stdin.setRaw(false);
    write(Deno.stdout, "\n");
  }
}

/** Listens to the signals that mean: stop, and leave things as they were. */
function listenForSignals(): AbortSignal {
  const controller = new AbortController();
  // Stopped, we would keep the lock, and the rollback from its work.
  Deno.addSignalListener("SIGTSTP", () => {});
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, () => {
      controller.abort(new Stop(INTERRUPTED, "Interrupted."));
    });
  }
  return controller.signal;
}

async function readInput(): Promise<string> {
  const bytes = await new Response(Deno.stdin.readable).bytes();
  return toText(bytes);
}

async function readFile(path: string): Promise<string | undefined> {
  try {
    return toText(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function main(): Promise<number> {
  const signal = listenForSignals();
  const screen = openScreen();
  const terminal = openTerminal(signal);
  const command = <T extends object>(
    name: string,
    action: (options: T, world: World) => Promise<number>,
  ) =>
  async (options: T): Promise<number> => {
    const { json, yes }: { json?: boolean; yes?: boolean } = options;
    const report = new Report(screen, json);
    const world: World = {
      report,
      signal,
      readInput,
      readFile,
      uid: Deno.uid() ?? 0,
      ask: terminal && askNow,
      terminal: json || yes ? undefined : terminal,
      home: new URL(".", import.meta.url).pathname.replace(/\/$/, ""),
    };
    try {
      return await action(options, world);
    } catch (error) {
      // After a Ctrl-C the cursor stands behind a question.
      if (error === signal.reason) report.say("");
      report.mark("problem", error instanceof Error ? error.message : String(error));
      const exit = error instanceof Stop ? error.exit : FAILED;
      if (error === signal.reason) report.say("Nothing was changed.");
      return report.finish(name, exit, { result: exit === FAILED ? "failed" : "stopped" });
    }
  };
  const actions: Actions = {
    install: command("install", install),
    uninstall: command("uninstall", uninstall),
    confirm: command("confirm", confirm),
    status: command("status", status),
    rollback: command("rollback", rollBack),
    doctor: command("doctor", doctor),
    test: command("test", test),
    log: command("log", log),
    offlineCodes: command("offline codes", offlineCodes),
    offlineList: command("offline list", offlineList),
    offlineRevoke: command("offline revoke", offlineRevoke),
  };
  return await runCommand(Deno.args, VERSION, actions, {
    out: (text) => write(Deno.stdout, text),
    err: (text) => write(Deno.stderr, text),
  });
}

// The terminal may still be waiting for an answer that nobody needs any more.
Deno.exit(await main());
