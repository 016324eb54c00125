// The middle rung: a real module and a real helper under libpam, in test/pam_app.c instead of sshd; or under
// the small OpenPAM of test/fake/openpam. It needs no root, touches no PAM configuration of the machine, and
// leaves no process behind. Called by test/pam_test.ts and test/openpam_test.ts.

import assert from "node:assert/strict";
import type { Parts } from "./installed.ts";
import { listChildren, type Process, waitForEnd } from "./processes.ts";
import { expectCodes, ID_PROMPT, Stage } from "./stage.ts";
import type { Reply, Story } from "./story.ts";

const LOG_LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - (.*)$/;
const FAILED = /^Werbot login failed \(ref ([0-9a-z]{8})\)$/;
const PATIENCE = 60_000;
/** KiB that a helper may take. */
const MEMORY_MAX = 60 * 1024;

/** One login in the scripted application. */
export interface Attempt {
  /** Arguments of the PAM line. */
  arguments: string[];
  user: string;
  rhost: string | null;
  tty: string | null;
  /** What stands before our line for the auth phase. */
  before?: string | null;
  /** Variables of the PAM environment. */
  environment: string[];
  /** Variables of the process that the application adds to its own. */
  variables?: Record<string, string>;
  conversation: boolean;
  /** Further options of the application. */
  options?: string[];
  calls: string[];
  /** Answers a prompt; `app` is the application's process. */
  answer: (echo: boolean, prompt: string, app: number) => Promise<Reply>;
}

/** What came of it. */
export interface Report {
  /** The result of each call, up to the first that failed. */
  codes: [string, string][];
  messages: string[];
  /** What the module said to syslog, without its name; only OpenPAM's rung hears it. */
  syslog: { priority: number; text: string }[];
  /** Whether a refused authenticate asked PAM for a delay. */
  delayed: boolean;
  /** What the calls left behind: descriptors, children, signal handlers. */
  remains: Record<string, number>;
  /** The most memory that a helper had, in KiB. */
  memory: number;
  complaints: string;
  /** Whether the client went away before the end. */
  left: boolean;
}

/** Runs one login in the scripted application on a service folder of its own. */
export async function runApplication(
  parts: Parts,
  folder: string,
  attempt: Attempt,
): Promise<Report> {
  await Deno.mkdir(`${folder}/pam.d`, { recursive: true });
  const quote = { "Linux-PAM": quoteForLinuxPam, "OpenPAM": quoteForOpenPam }[parts.pam];
  const line = `${parts.module} ${attempt.arguments.map(quote).join(" ")}`;
  await Deno.writeTextFile(
    `${folder}/pam.d/wpam-test`,
    `${
      attempt.before ? `auth ${attempt.before}\n` : ""
    }auth required ${line}\naccount required ${line}\n` +
      "session required pam_permit.so\npassword required pam_deny.so\n",
  );
  const options = [
    ["--confdir", `${folder}/pam.d`],
    ["--service", "wpam-test"],
    ["--user", attempt.user],
    ...(attempt.rhost === null ? [] : [["--rhost", attempt.rhost]]),
    ...(attempt.tty === null ? [] : [["--tty", attempt.tty]]),
    ...attempt.environment.map((variable) => ["--env", variable]),
    ...(attempt.conversation ? [] : [["--no-conversation"]]),
    attempt.options ?? [],
  ].flat();
  await using app = new Deno.Command(parts.app, {
    args: [...options, ...attempt.calls],
    env: attempt.variables ?? {},
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const alarm = setTimeout(() => app.kill("SIGKILL"), PATIENCE);
  try {
    return await converse(app, attempt);
  } finally {
    clearTimeout(alarm);
  }
}

async function converse(app: Deno.ChildProcess, attempt: Attempt): Promise<Report> {
  const report: Report = {
    codes: [],
    messages: [],
    syslog: [],
    delayed: false,
    remains: {},
    memory: 0,
    complaints: "",
    left: false,
  };
  let helpers: Process[] = [];
  const complaints = new Response(app.stderr).text();
  const input = app.stdin.getWriter();
  for await (const line of readLines(app.stdout)) {
    const [word, value, text] = /^(\S+) (\S+)(?: (".*"))?$/.exec(line)?.slice(1) ??
      assert.fail(`not a line of pam_app: ${line}`);
    if (word === "prompt") {
      const prompt = String(JSON.parse(text!));
      const reply = await attempt.answer(value === "echo", prompt, app.pid);
      if (reply.kind === "leave") {
        helpers = listChildren(app.pid);
        assert.equal(helpers.length, prompt === ID_PROMPT ? 0 : 1, "helpers at work");
        // What sshd's monitor does to its auth child.
        app.kill("SIGTERM");
        report.left = true;
      } else {
        await input.write(new TextEncoder().encode(writeReply(reply)));
      }
    } else if (word === "message") report.messages.push(String(JSON.parse(text!)));
    else if (word === "syslog") {
      const said = String(JSON.parse(text!));
      report.syslog.push({ priority: Number(value), text: said.replace(/^pam_wpam: /, "") });
    } else if (word === "delay") report.delayed = true;
    else if (word === "memory") report.memory = Number(value);
    else if (value!.startsWith("PAM_")) report.codes.push([word!, value!]);
    else report.remains[word!] = Number(value);
  }
  await input.close().catch(() => {});
  const { code, signal } = await app.status;
  report.complaints = await complaints;
  assert.equal(signal ?? code, report.left ? "SIGTERM" : 0, report.complaints);
  await waitForEnd(helpers, 1000);
  return report;
}

/**
 * Plays a story with a real module in the scripted application and fails where the two differ; returns
 * its log. `prepare` changes the machine before, in a way that a story cannot say.
 */
export async function playOnPam(
  story: Story,
  parts: Parts,
  prepare?: (stage: Stage) => Promise<void>,
): Promise<string[]> {
  await using stage = await Stage.set(story);
  await prepare?.(stage);
  const config = await stage.writeFiles();
  const { login } = story;
  const started = performance.now();
  const report = await runApplication(parts, stage.folder, {
    ...login,
    arguments: [
      `config=${config}`,
      `helper=${parts.helper}`,
      `log_file=${stage.logFile}`,
      ...stage.arguments,
    ],
    variables: stage.environment,
    environment: {
      none: [],
      publickey: ["SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n"],
      password: ["SSH_AUTH_INFO_0=password\n"],
    }[login.factor],
    conversation: story.dialogue !== null,
    calls: login.phases,
    answer: (echo, prompt) => stage.answer(echo, prompt),
  });
  const elapsed = performance.now() - started;
  const log = await readLog(stage.logFile);
  const whole = `the log:\n  ${log.join("\n  ")}`;

  assert.equal(report.complaints, "", "standard error");
  assert.deepEqual(report.codes, expectCodes(story), whole);
  if (!parts.emulated) {
    assert.ok(report.memory < MEMORY_MAX, `the helper took ${report.memory} KiB of memory`);
  }
  checkEnding(story, report, whole, parts.pam === "Linux-PAM");
  if (parts.pam === "OpenPAM") checkSyslog(report, log);
  const ref = FAILED.exec(report.messages[0] ?? "")?.[1];
  if (ref !== undefined) stage.values["ref"] = ref;
  stage.judge({ log, output: report.messages, elapsed });
  return log;
}

/**
 * Returns the lines of a log file without the time, which must have the right form; none if it is no
 * file. A link is followed, so that what was written through it shows.
 */
export async function readLog(path: string): Promise<string[]> {
  const { isFile } = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return { isFile: false };
    throw error;
  });
  const text = isFile ? await Deno.readTextFile(path) : "";
  assert.ok(text === "" || text.endsWith("\n"), "the log's last line has no end");
  return text.split("\n").slice(0, -1)
    .map((line) => LOG_LINE.exec(line)?.[1] ?? assert.fail(`not a log line: ${line}`));
}

/** Priorities of authpriv, by level. */
export const PRIORITIES: Record<string, number> = { INFO: 86, WARN: 84, ERROR: 83, DEBUG: 87 };

/** Checks that syslog was told every line of the log, in order; the log is empty where there can be none. */
function checkSyslog({ syslog }: Report, log: string[]): void {
  const lines = syslog.map(({ text }) => text);
  assert.deepEqual(lines, log.length > 0 ? log : lines, "lines of syslog");
  const levels = lines.map((line) => PRIORITIES[line.split(":")[0]!]);
  assert.deepEqual(syslog.map(({ priority }) => priority), levels, "priorities");
}

/** Checks what every login must end with: nothing left over; a refusal with message and, if PAM has it, delay. */
function checkEnding(story: Story, report: Report, whole: string, delays: boolean): void {
  if (report.left) return;
  assert.deepEqual(report.remains, { fds: 0, children: 0, signals: 0 }, "left over");
  const [phase, code] = report.codes.at(-1)!;
  const refused = code !== "PAM_SUCCESS";
  // PAM itself asks for no delay in the account phase.
  assert.equal(report.delayed, delays && refused && phase === "authenticate", "fail delay");
  const tellable = refused && !/CONV_ERR|USER_UNKNOWN/.test(code) && story.dialogue !== null;
  assert.equal(report.messages.length, tellable ? 1 : 0, `messages: ${report.messages}; ${whole}`);
  if (tellable) assert.match(report.messages[0]!, FAILED);
}

function writeReply(reply: Exclude<Reply, { kind: "leave" }>): string {
  if (reply.kind === "text") return `text ${new TextEncoder().encode(reply.text).toHex()}\n`;
  if (reply.kind === "bytes") return `text ${reply.bytes.toHex()}\n`;
  return `${reply.kind}\n`;
}

function quoteForLinuxPam(argument: string): string {
  return /[\s[\]]/.test(argument) ? `[${argument.replaceAll("]", "\\]")}]` : argument;
}

function quoteForOpenPam(argument: string): string {
  return `"${argument.replaceAll(/["\\]/g, "\\$&")}"`;
}

async function* readLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  assert.equal(rest, "", "pam_app's last line has no end");
}
