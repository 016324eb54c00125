// What the benchmark runs in: the modules that wpam is compared with, servers near and far, and one folder of settings
// for each case. Only inside test/sandbox.sh, whose /etc and /usr it changes. Called by the other files of test/bench.

import assert from "node:assert/strict";
import { URI } from "otpauth";
import { putCode } from "../codes.ts";
import { findParts } from "../installed.ts";

/** The user of the fake Werbot, and one whose answer is as long as an answer may be. */
export const ID = "alice@example.com";
export const BIG_ID = "alice.big@example.com";

/** Where test/sandbox.sh lets tests write. */
export const SCRATCH = "/run/wpam-test";
const BUILD = new URL("../../build", import.meta.url).pathname;
const SERVER = new URL("server.ts", import.meta.url).pathname;

/** The programs built for the benchmark. */
export const RUN = `${BUILD}/bench/run`;
const DISTANCE = `${BUILD}/bench/distance`;

/** A module that asks what ours asks and lets everybody in. */
export const TWO_PROMPTS = `${SCRATCH}/pam_two_prompts.so`;

/** Where a server is, as server.ts prints it. */
export interface Place {
  readonly address: string;
  readonly ca: string;
  readonly serviceID: string;
  readonly serviceKey: string;
  /** The otpauth:// URL of {@linkcode ID}. */
  readonly url: string;
  /** The authority of the Duo beside it; empty when there is none. */
  readonly duoCa: string;
}

/** A line to a server: milliseconds one way, and how many packets of a hundred it loses. */
export interface Distance {
  readonly delay: number;
  readonly loss: number;
}

/** A fake Werbot in a process of its own. */
export class Server implements AsyncDisposable {
  static #count = 0;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #place: Place | undefined;

  private constructor(command: string, args: string[]) {
    this.#process = new Deno.Command(command, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Tells where it is. */
  get place(): Place {
    return this.#place ?? assert.fail("the server has not started");
  }

  /** Starts a server on loopback, with Duo beside it, or at the end of a slow line. */
  static async start(distance?: Distance): Promise<Server> {
    const number = ++Server.#count;
    const name = `werbot-${number}.test`;
    const [here, there] = distance
      ? [`192.0.2.${2 * number}`, `192.0.2.${2 * number + 1}`]
      : ["127.0.0.1", "127.0.0.1"];
    await Deno.writeTextFile("/etc/hosts", `${there} ${name}\n`, { append: true });
    const program = [Deno.execPath(), "run", "-A", SERVER, there, name];
    const [command, ...args] = distance
      ? [DISTANCE, `${distance.delay}`, `${distance.loss}`, here, there, ...program]
      : [...program, "duo"];
    const server = new Server(command!, args);
    server.#place = JSON.parse(await server.#readLine());
    return server;
  }

  async #readLine(): Promise<string> {
    let line = "";
    while (!line.endsWith("\n")) {
      const { done, value } = await this.#output.read();
      if (done) throw new Error("the server has ended");
      line += value;
    }
    return line;
  }

  /** Counts the TLS handshakes that Werbot has completed. */
  async countHandshakes(): Promise<number> {
    await this.#input.write(new TextEncoder().encode("?"));
    return Number(await this.#readLine());
  }

  /** Returns a valid code of {@linkcode ID}. */
  code(): string {
    return URI.parse(this.place.url).generate();
  }

  /** Ends the server; fails when somebody sent it what breaks the contract. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    const { success } = await this.#process.status;
    assert.ok(success, "a request broke the contract");
  }
}

/** Settings of one case: what stands in wpam.conf besides the server, and which authorities are trusted. */
export interface Wanted {
  readonly more?: string;
  /** Whether the authority is one of the system's many instead of the only one in ca.pem. */
  readonly system?: boolean;
  /** Bytes that the log holds already, all of them zeros. */
  readonly log?: number;
  /** How many users have an offline code; there is then nothing where Werbot should be. */
  readonly offline?: number;
}

function nameCodes(folder: string): string {
  return `${SCRATCH}/${folder}/offline`;
}

/** Makes an offline code for alice in the settings of that name, and returns it. */
export function makeCode(name: string): Promise<string> {
  return putCode(nameCodes(name), "alice");
}

/** Writes a folder of settings and returns the arguments of the PAM line for it. */
export async function configure(
  name: string,
  { place }: Server,
  { more = "", system = false, log = 0, offline = 0 }: Wanted = {},
): Promise<string[]> {
  const folder = `${SCRATCH}/${name}`;
  await Deno.mkdir(folder);
  const { serviceID, serviceKey, ca } = place;
  const address = offline > 0 ? "https://127.0.0.1:1" : place.address;
  const text = `server_url = ${address}\nservice_id = ${serviceID}\nservice_key = ${serviceKey}\n`;
  await Deno.writeTextFile(`${folder}/wpam.conf`, text + more, { mode: 0o600 });
  if (system) await Deno.writeTextFile("/etc/ssl/certs/ca-certificates.crt", ca, { append: true });
  else await Deno.writeTextFile(`${folder}/ca.pem`, ca);
  await Deno.writeTextFile(`${folder}/wpam.log`, "", { mode: 0o640 });
  await Deno.truncate(`${folder}/wpam.log`, log);
  const codes = nameCodes(name);
  await Deno.mkdir(codes, { mode: 0o700 });
  for (let i = 1; i <= offline; i++) await putCode(codes, i === 1 ? "alice" : `user${i}`);
  const { helper } = findParts();
  const files = [`config=${folder}/wpam.conf`, `log_file=${folder}/wpam.log`];
  return [...files, `helper=${helper}`, `offline_dir=${codes}`];
}

/** Runs a command and returns what it printed; fails when it fails. */
export async function run(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  assert.ok(success, `${command} ${args.join(" ")}: ${text(stderr)}`);
  return text(stdout) || text(stderr);
}

/** Installs the unpacked packages and the module with two prompts into the sandbox. */
export async function installPeers(): Promise<void> {
  await run("cp", "-a", `${BUILD}/peers/usr`, "/");
  await run("ldconfig");
  await Deno.copyFile(`${BUILD}/bench/pam_two_prompts.so`, TWO_PROMPTS);
}
