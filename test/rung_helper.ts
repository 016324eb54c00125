// The lowest rung: plays the module for a real helper over its pipe, as docs/protocol.md says.
// It shares no code with src/ or shim/ and never excuses a frame that breaks the protocol.
// Called by test/helper_test.ts.

import assert from "node:assert/strict";
import { expectCodes, ID_PROMPT, Stage } from "./stage.ts";
import type { Phase, Reply, Story } from "./story.ts";

const FRAME_MAX = 65_536;
const PROMPT_MAX = 4096;
const LOG_MAX = 8192;
const LINE = /^(INFO|WARN|ERROR|DEBUG): /;
const REF = "k7m2p9qa";
/** What the module reads itself, and sends all the same. */
const OWN_ARGUMENTS = ["config=/etc/wpam/wpam.conf", "helper=/helper", "log_file=/wpam.log"];
const PATIENCE = 30_000;

interface Frame {
  type: string;
  text: string;
}

/** Writes one frame of the protocol. */
export function encodeFrame(type: string, payload: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const frame = new Uint8Array(5 + bytes.length);
  frame[0] = type.charCodeAt(0);
  new DataView(frame.buffer).setUint32(1, bytes.length);
  frame.set(bytes, 5);
  return frame;
}

/** Makes the nonce of one login. */
export function makeNonce(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

/** Reads frames off a stream and refuses what the protocol does not allow a helper to send. */
export class FrameReader {
  readonly #source: ReadableStreamDefaultReader<Uint8Array>;
  #buffer = new Uint8Array(0);
  #frames = 0;
  #bytes = 0;

  constructor(source: ReadableStream<Uint8Array>) {
    this.#source = source.getReader();
  }

  /** Returns the next frame, or null at the end of the stream. */
  async next(): Promise<Frame | null> {
    while (this.#buffer.length < 5 || this.#buffer.length < 5 + this.#length()) {
      const { value, done } = await this.#source.read();
      if (done) {
        assert.equal(this.#buffer.length, 0, "the stream ended inside a frame");
        return null;
      }
      this.#bytes += value.length;
      this.#buffer = Uint8Array.from([...this.#buffer, ...value]);
    }
    assert.ok(++this.#frames <= 256 && this.#bytes <= 1 << 20, "more than a login may send");
    const type = String.fromCharCode(this.#buffer[0]!);
    const payload = this.#buffer.slice(5, 5 + this.#length());
    this.#buffer = this.#buffer.slice(5 + payload.length);
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
    assert.match(type, /[ehlsv]/, "unknown type");
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f]/, "not printable");
    if (type === "l") assert.match(text, LINE);
    const most = { e: PROMPT_MAX, h: PROMPT_MAX, l: LOG_MAX }[type] ?? FRAME_MAX;
    assert.ok(payload.length <= most, `${type} of ${payload.length} bytes`);
    return { type, text };
  }

  #length(): number {
    const length = new DataView(this.#buffer.buffer).getUint32(1);
    assert.ok(length <= FRAME_MAX, `a frame of ${length} bytes`);
    return length;
  }
}

/** A helper that runs as the module would start it, as far as a test without privileges can. */
export class Helper implements AsyncDisposable {
  readonly frames: FrameReader;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #complaints: Promise<string>;
  readonly #alarm: ReturnType<typeof setTimeout>;

  constructor(path: string, ownAnchors: boolean, environment: Record<string, string> = {}) {
    this.#child = new Deno.Command(path, {
      cwd: "/",
      clearEnv: true,
      env: {
        HOME: "/nonexistent",
        DENO_DIR: "/dev/null/x",
        DENO_NO_UPDATE_CHECK: "1",
        MALLOC_ARENA_MAX: "1",
        NO_COLOR: "1",
        DENO_TLS_CA_STORE: ownAnchors ? "" : "system",
        ...environment,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.frames = new FrameReader(this.#child.stdout);
    this.#input = this.#child.stdin.getWriter();
    this.#complaints = new Response(this.#child.stderr).text();
    this.#alarm = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE);
  }

  /** Sends bytes as they are. */
  async sendBytes(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#input.write(bytes);
  }

  /** Sends one frame. */
  async send(type: string, payload: Uint8Array | string): Promise<void> {
    await this.sendBytes(encodeFrame(type, payload));
  }

  /** Closes the helper's standard input: it must end at once, without another word. */
  async checkLeaving(): Promise<void> {
    const left = performance.now();
    await this.#input.close();
    assert.equal(await this.frames.next(), null, "a frame for a module that has gone");
    const { complaints } = await this.end();
    assert.equal(complaints, "");
    assert.ok(performance.now() - left < 1000, "the helper did not end at once");
  }

  /** Waits for the helper's end; returns its status or signal and what it said on standard error. */
  async end(): Promise<{ status: number | string; complaints: string }> {
    const { code, signal } = await this.#child.status;
    return { status: signal ?? code, complaints: await this.#complaints };
  }

  /** Kills the helper if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#alarm);
    await this.#input.abort().catch(() => {});
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.end();
  }
}

/**
 * Returns the frames of the hello that the module would send for one phase of a story; `typedId` is what the user
 * has typed as his Werbot ID, null in the account phase.
 */
export function buildHello<T extends string | Uint8Array>(
  stage: Stage,
  phase: Phase,
  nonce: string,
  typedId: T | null,
): [string, string | T][] {
  const { login } = stage.story;
  const otherFactor = phase === "account" ? login.tty === "ssh" : login.factor === "publickey";
  const optional = (type: string, text: string | null): [string, string][] =>
    text === null ? [] : [[type, text]];
  return [
    ["V", "1"],
    ["P", phase],
    ["N", nonce],
    ["I", REF],
    ["U", login.user],
    ...optional("H", login.rhost),
    ...optional("T", login.tty),
    ["S", "wpam-test"],
    ["F", otherFactor ? "yes" : "no"],
    ...(typedId === null ? [] : [["W", typedId] as [string, T]]),
    ...[...OWN_ARGUMENTS, ...stage.arguments].map((text): [string, string] => ["A", text]),
    ...optional("C", stage.config),
    ...optional("X", stage.anchors),
    ["B", ""],
  ];
}

/** Splits a verdict into its word and its log line; it must carry the login's nonce. */
export function readVerdict(frame: Frame, nonce: string): { word: string; line: string } {
  const [, word, sent, line] = /^(\w+) ([0-9a-f]{32}) (.*)$/.exec(frame.text) ??
    assert.fail(`not a verdict: ${frame.type} ${frame.text}`);
  assert.equal(frame.type, "v");
  assert.equal(sent, nonce, "nonce");
  assert.match(line!, LINE);
  return { word: word!, line: line! };
}

/** Plays a story with a real helper and fails where the two differ; returns its log. */
export async function playOnHelper(story: Story, path: string): Promise<string[]> {
  await using stage = await Stage.set(story);
  stage.values["ref"] = REF;
  const started = performance.now();
  const log: string[] = [];
  const output: string[] = [];
  const verdicts: [Phase, string][] = [];
  for (const phase of story.login.phases) {
    // With authenticate's mark the module answers the account phase alone.
    if (phase === "account" && verdicts.length > 0) break;
    const verdict = await playPhase(stage, path, phase, log, output);
    if (verdict === null) break;
    verdicts.push([phase, verdict]);
    if (verdict !== "allowed") break;
  }
  const expected = expectCodes(story).slice(0, 1).map(([phase]) => [phase, story.outcome]);
  assert.deepEqual(verdicts, expected, `verdicts; the log:\n  ${log.join("\n  ")}`);
  stage.judge({ log, output, elapsed: performance.now() - started });
  return log;
}

function readReply(reply: Reply): string | Uint8Array {
  if (reply.kind === "text") return reply.text;
  if (reply.kind === "bytes") return reply.bytes;
  assert.fail(`no reply for this rung: ${reply.kind}`);
}

async function playPhase(
  stage: Stage,
  path: string,
  phase: Phase,
  log: string[],
  output: string[],
): Promise<string | null> {
  const nonce = makeNonce();
  const typed = phase === "account" ? null : await stage.answer(true, ID_PROMPT);
  if (typed?.kind === "leave") return null;
  const hello = buildHello(stage, phase, nonce, typed && readReply(typed));
  await using helper = new Helper(path, stage.anchors !== null, stage.environment);
  for (const [type, payload] of hello) await helper.send(type, payload);

  let verdict: string | null = null;
  for (let frame; (frame = await helper.frames.next()) !== null;) {
    assert.ok(verdict === null, `a frame after the verdict: ${frame.type} ${frame.text}`);
    if (frame.type === "l") {
      log.push(frame.text);
    } else if (frame.type === "v") {
      const { word, line } = readVerdict(frame, nonce);
      log.push(line);
      verdict = word;
    } else if (frame.type === "s") {
      assert.equal(phase, "authenticate", "the phase of a spend");
      const { user, rhost } = stage.story.login;
      const { spent, line } = stage.codes.spend(user, frame.text);
      log.push(line.replace(" reason=", ` user=${user} rhost=${rhost} ref=${REF} reason=`));
      await helper.send("D", spent ? "spent" : "refused");
    } else {
      output.push(frame.text);
      const reply = await stage.answer(frame.type === "e", frame.text);
      if (reply.kind === "leave") {
        await helper.checkLeaving();
        return null;
      }
      await helper.send("R", readReply(reply));
    }
  }
  assert.deepEqual(await helper.end(), { status: 0, complaints: "" });
  return verdict;
}
