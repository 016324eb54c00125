/**
 * The helper's process: frames in from the module, frames out, one verdict, exit.
 *
 * The only file that touches standard input and output and ends the process. Whatever goes wrong here
 * ends it with a status other than 0, which the module takes for a refusal.
 */
import { encodeFrame, type Frame, FrameReader } from "./frame.ts";
import { readHello } from "./hello.ts";
import { login, type Shim } from "./login.ts";
import { decodeText } from "./text.ts";

const arrived: Frame[] = [];
let wake = () => {};

/** Reads for as long as the module lives: without it nobody is left to answer to. */
async function pump(): Promise<never> {
  const reader = new FrameReader();
  const buffer = new Uint8Array(65536);
  for (;;) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) Deno.exit(1);
    arrived.push(...reader.push(buffer.subarray(0, count)));
    buffer.fill(0, 0, count);
    wake();
  }
}

async function receive(): Promise<Frame> {
  while (arrived.length === 0) await new Promise<void>((done) => wake = done);
  return arrived.shift()!;
}

async function send(type: string, payload: string): Promise<void> {
  const bytes = encodeFrame(type, payload);
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}

/** Sends a frame and waits for the one that answers it. */
async function call(type: string, payload: string, answer: string): Promise<Uint8Array> {
  await send(type, payload);
  const frame = await receive();
  if (frame.type !== answer) throw new Error(`frame ${answer} was due`);
  return frame.payload;
}

const shim: Shim = {
  ask: (prompt, echo) => call(echo ? "e" : "h", prompt, "R"),
  log: (line) => send("l", line),
  async spend(name) {
    const word = decodeText(await call("s", name, "D"));
    if (word !== "spent" && word !== "refused") throw new Error("a spend has two ends");
    return word === "spent";
  },
};

try {
  pump().catch(() => Deno.exit(1));
  const frames = [await receive()];
  while (frames.at(-1)!.type !== "B") frames.push(await receive());
  const hello = readHello(frames);
  const { verdict, line } = await login(hello, shim);
  await send("v", `${verdict.exhausted ? "exhausted" : verdict.outcome} ${hello.nonce} ${line}`);
  Deno.exit(0);
} catch {
  Deno.exit(1);
}
