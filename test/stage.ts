// What a story needs to be played on any rung: the fake Werbot, the files, the user who answers; and the
// checks that every rung makes afterwards. It never starts a helper, a module or an sshd: the rungs do.
// Called by test/rung_*.ts.

import assert from "node:assert/strict";
import { Codes } from "./codes.ts";
import { Proxy } from "./fake/proxy.ts";
import { type Certificate, type User, Werbot } from "./fake/werbot.ts";
import { WATCHER } from "./installed.ts";
import {
  compareLog,
  type Exchange,
  expandPlaceholders,
  type FileTrait,
  type Outcome,
  type Phase,
  type Placeholders,
  type Reply,
  type Story,
} from "./story.ts";

/** The first question, which the module asks before there is a helper. */
export const ID_PROMPT = "Enter your Werbot ID (email or username): ";

/** Answers that question; the test in which a helper asks another fails. */
export function answerIdAlone(_echo: boolean, prompt: string): Promise<Reply> {
  assert.equal(prompt, ID_PROMPT, "nothing but the ID may be asked");
  return Promise.resolve({ kind: "text", text: "alice@example.com" });
}

/** Stories at a time: enough to use the waits of some for the work of others. */
const SIDE_BY_SIDE = 4;

/** What somebody who watches a login gets to see of it. */
export interface Performance {
  /** The lines of the log, without the time. */
  log: string[];
  /** Everything else that anybody can read: messages, standard error, sshd's log. */
  output: string[];
  /** Milliseconds from the first call to the last result. */
  elapsed: number;
}

/** A story's surroundings; dispose it to end the fake server and remove the files. */
export class Stage implements AsyncDisposable {
  readonly values: Placeholders;
  readonly #secrets = new Set<string>();
  readonly #dialogue: Exchange[];
  #asked = 0;
  /** When the user gave the last answer, or the login began. */
  #since = performance.now();

  private constructor(
    readonly story: Story,
    readonly werbot: Werbot,
    readonly proxy: Proxy | null,
    readonly folder: string,
    readonly codes: Codes,
    values: Placeholders,
  ) {
    this.values = values;
    this.#dialogue = story.dialogue ?? [];
    this.#secrets.add(werbot.serviceKey);
    if (proxy?.credentials) this.#secrets.add(proxy.credentials.replace(/^.*?:/, ""));
    for (const line of [...story.config.split("\n"), ...story.arguments]) {
      const secret = /^\s*service_?key\s*=\s*(.*\S)/i.exec(line)?.[1] ??
        /^\s*http_proxy\s*=.*:([^:@]+)@/.exec(line)?.[1];
      if (secret && !secret.includes("{")) this.#secrets.add(secret);
    }
  }

  /** Starts the fake server that a story asks for and makes an empty folder. */
  static async set(story: Story, rhost = story.login.rhost): Promise<Stage> {
    const { behave, ...options } = readWerbot(story.werbot);
    const { users } = options;
    const werbot = await Werbot.start(options);
    const proxy = story.proxy && await startProxy(story.proxy);
    const folder = await Deno.makeTempDir({ prefix: "wpam-" });
    try {
      const codes = await Codes.make(`${folder}/offline`);
      const { address, hostname, port, serviceID, serviceKey } = werbot;
      const first = users[0]!.id;
      const values = {
        standard: `server_url = ${address}\nservice_id = ${serviceID}\nservice_key = ${serviceKey}`,
        server: address,
        host: hostname,
        port: String(port),
        id: serviceID,
        key: serviceKey,
        code: () => werbot.code(first),
        wrong: () => pickWrongCode(werbot, first),
        user: story.login.user,
        rhost: rhost ?? "",
        ca: werbot.ca,
        // tcpmux, which nobody has served for decades
        closed: "127.0.0.1:1",
        ...(proxy === null ? {} : { proxy: `${proxy.hostname}:${proxy.port}` }),
        ...codes.values,
      };
      if (behave !== undefined) await werbot.behave(expandPlaceholders(behave, values));
      return new Stage(story, werbot, proxy, folder, codes, values);
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      await proxy?.[Symbol.asyncDispose]();
      await werbot[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The configuration's text, or null when the story has no such file. */
  get config(): string | null {
    return this.#applyTraits("wpam.conf", expandPlaceholders(this.story.config, this.values));
  }

  /** The trust anchors' text, or null when the story has no such file. */
  get anchors(): string | null {
    return this.#applyTraits("ca.pem", this.werbot.ca);
  }

  /** The arguments of the PAM line, with their values, and the module's own that says where the codes are. */
  get arguments(): string[] {
    const own = this.story.arguments.map((argument) => expandPlaceholders(argument, this.values));
    return [...own, `offline_dir=${this.codes.folder}`];
  }

  /** The variables of the environment, with their values. */
  get environment(): Record<string, string> {
    return Object.fromEntries(this.story.environment.map((line) => {
      const [, name, value] = /^(\w+)=(.*)$/.exec(expandPlaceholders(line, this.values)) ??
        assert.fail(`not a variable: ${line}`);
      return [name!, value!];
    }));
  }

  /** Where the log goes on a rung with a module; only what a story says of it is there before. */
  get logFile(): string {
    return `${this.folder}/wpam.log`;
  }

  /** Writes all files with the story's peculiarities and returns the path of `wpam.conf`. */
  async writeFiles(): Promise<string> {
    const folder = `${this.folder}/etc`;
    await Deno.mkdir(folder, { mode: 0o700 });
    await Deno.writeTextFile(`${folder}/wpam.conf`, this.config ?? "", { mode: 0o600 });
    await Deno.writeTextFile(`${folder}/ca.pem`, this.anchors ?? "", { mode: 0o600 });
    if (this.story.files.some(({ file }) => file === "wpam.log")) {
      await Deno.writeTextFile(this.logFile, "", { mode: 0o640 });
    }
    for (const { file, trait, value } of this.story.files) {
      const elsewhere: Record<string, string> = {
        folder,
        "wpam.log": this.logFile,
        offline: this.codes.folder,
        codes: `${this.codes.folder}/alice`,
      };
      const path = elsewhere[file] ?? `${folder}/${file}`;
      await applyTrait(path, trait, value);
    }
    return `${folder}/wpam.conf`;
  }

  /** Answers one prompt as the story says; a prompt that the story does not have is an error. */
  async answer(echo: boolean, prompt: string): Promise<Reply> {
    const shown = `${echo ? "echo" : "hidden"} ${JSON.stringify(prompt)}`;
    const exchange = this.#dialogue[this.#asked++] ?? assert.fail(`surplus prompt: ${shown}`);
    const { pause, reply } = exchange;
    const expected = expandPlaceholders(exchange.prompt, this.values);
    assert.equal(
      shown,
      `${exchange.echo ? "echo" : "hidden"} ${JSON.stringify(expected)}`,
      `prompt ${this.#asked}`,
    );
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    this.#since = performance.now();
    if (reply.kind !== "text") return reply;
    const text = expandPlaceholders(reply.text, this.values);
    // A short answer would be found in many a line by chance.
    if ((!echo || prompt.includes("code")) && text.length > 4) {
      // An offline code is kept in another form than it is typed in.
      for (const form of [text, text.replace(/[ -]/g, "").toUpperCase()]) this.#secrets.add(form);
    }
    return { kind: "text", text };
  }

  /** Checks all that a login leaves behind, the same on every rung. */
  judge({ log, output, elapsed }: Performance): void {
    const waited = performance.now() - this.#since;
    const { dialogue, login, requests } = this.story;
    assert.equal(this.#asked, dialogue?.length ?? 0, "prompts asked");
    const difference = compareLog(this.story.log, log, this.values);
    if (difference !== null) assert.fail(`${difference}\nthe whole log:\n  ${log.join("\n  ")}`);
    assert.deepEqual(this.werbot.violations, [], "breaches of the wire contract");
    assert.deepEqual(this.proxy?.violations ?? [], [], "what is no CONNECT");
    const { connections, handshakes, unfinished } = this.werbot;
    const counted = {
      connections,
      handshakes,
      unfinished,
      requests: this.werbot.requests.length,
      proxied: this.proxy?.connections ?? 0,
      tunnels: this.proxy?.tunnels ?? 0,
    };
    assert.deepEqual({ ...counted, ...requests }, counted, "counters of the fake server");
    const sent = this.werbot.requests.at(-1)?.body ?? {};
    const expected = Object.entries(this.story.sent)
      .map(([key, value]) => [key, expandPlaceholders(value, this.values)]);
    assert.deepEqual({ ...sent, ...Object.fromEntries(expected) }, sent, "the last request");
    this.#judgeCodes();
    // Who watches takes time.
    const { within, waits } = WATCHER === "" ? login : { within: null, waits: null };
    if (within !== null) {
      assert.ok(elapsed <= within, `took ${elapsed} ms, more than ${within} ms`);
    }
    if (waits !== null) {
      const most = waits + Math.max(waits / 10, 500);
      // Where nobody is asked, the start of the helper comes before the wait.
      const since = this.#asked === 0 ? this.werbot.requests.at(-1)?.at : undefined;
      const late = since === undefined ? waited : Date.now() - since.getTime();
      assert.ok(waited >= waits, `waited ${waited} ms, less than ${waits} ms`);
      assert.ok(late <= most, `waited ${late} ms, more than ${most} ms`);
    }
    for (const text of [...log, ...output]) this.#searchSecrets(text);
  }

  /** Checks that a code is gone if it let somebody in, and only then. */
  #judgeCodes(): void {
    const { files, outcome } = this.story;
    if (files.some(({ file }) => file === "offline" || file === "codes")) return;
    const used = this.#dialogue.some(({ reply }) =>
      reply.kind === "text" && /\{(offline|sloppy)_code\}/.test(reply.text)
    );
    assert.equal(this.codes.count("alice"), used && outcome === "allowed" ? 0 : 1, "codes left");
    assert.equal(this.codes.count("bob"), 1, "codes left to somebody else");
  }

  /** Ends the fake server and the proxy and removes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy?.[Symbol.asyncDispose]();
    await this.werbot[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }

  #applyTraits(file: FileTrait["file"], text: string): string | null {
    return this.story.files.filter((one) => one.file === file).reduce<string | null>(
      (before, { trait, value }) =>
        trait === "absent"
          ? null
          : trait === "text"
          ? expandPlaceholders(value, this.values)
          : before,
      text,
    );
  }

  #searchSecrets(text: string): void {
    for (const secret of this.#secrets) {
      const found = /^\d+$/.test(secret)
        ? new RegExp(`(?<!\\d)${secret}(?!\\d)`).test(text)
        : text.includes(secret);
      assert.ok(!found, `a secret (${JSON.stringify(secret)}) stands in: ${text}`);
    }
  }
}

// DESIGN section 3, written down a second time: the module's own table must agree with it.
const CODES: Record<Exclude<Outcome, "left">, Record<Phase, string>> = {
  allowed: { authenticate: "PAM_SUCCESS", account: "PAM_SUCCESS" },
  denied: { authenticate: "PAM_AUTH_ERR", account: "PAM_PERM_DENIED" },
  exhausted: { authenticate: "PAM_MAXTRIES", account: "PAM_PERM_DENIED" },
  unreachable: { authenticate: "PAM_AUTHINFO_UNAVAIL", account: "PAM_AUTHINFO_UNAVAIL" },
  undecided: { authenticate: "PAM_AUTHINFO_UNAVAIL", account: "PAM_AUTHINFO_UNAVAIL" },
  untrusted: { authenticate: "PAM_AUTH_ERR", account: "PAM_PERM_DENIED" },
  misconfigured: { authenticate: "PAM_SERVICE_ERR", account: "PAM_SERVICE_ERR" },
};

/**
 * Plays stories side by side, a few at a time, each as a step of one test. Words on the command line
 * (`deno test … -- tls/`) choose those whose names begin with one of them.
 */
export async function playAll(
  test: Deno.TestContext,
  stories: readonly Story[],
  play: (story: Story) => Promise<unknown>,
  sideBySide = SIDE_BY_SIDE,
): Promise<void> {
  const chosen = stories.filter(({ name }) =>
    Deno.args.length === 0 || Deno.args.some((word) => name.startsWith(word))
  );
  const work = async () => {
    for (let story; (story = chosen.shift());) {
      const { name, summary } = story;
      const fn = async () => void await play(story);
      // Sanitizers would take what another step does for this one's; that of the whole test does not.
      const alone = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
      await test.step({ name: `${name}: ${summary}`, fn, ...alone });
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
}

/** Returns the PAM results that a story must have: every call up to the first that fails. */
export function expectCodes(story: Story): [Phase, string][] {
  const { outcome, codes } = story;
  if (outcome === null) return codes;
  if (outcome === "left") return [];
  const all = story.login.phases.map((phase): [Phase, string] => [phase, CODES[outcome][phase]]);
  return outcome === "allowed" ? all : all.slice(0, 1);
}

interface WerbotPlan {
  users: User[];
  behave?: string;
  certificate?: Certificate;
  hold?: number;
  hostname?: string;
}

function readWerbot(lines: string[]): WerbotPlan {
  const plan: WerbotPlan = { users: [] };
  for (const line of lines) {
    const [, word, rest] = /^(user|behave =|certificate =|hold =|hostname =) (.+)$/.exec(line) ??
      assert.fail(`not a line for the fake server: ${line}`);
    if (word === "user") plan.users.push(readUser(rest!));
    else if (word === "behave =") plan.behave = rest!;
    else if (word === "hold =") plan.hold = Number(rest);
    else if (word === "hostname =") plan.hostname = rest!;
    else plan.certificate = rest as Certificate;
  }
  if (plan.users.length === 0) plan.users.push({ id: "alice@example.com" });
  return plan;
}

function readUser(text: string): User {
  const [id, ...traits] = text.split(" ");
  const pairs = traits.map((trait) => trait.split("=") as [string, string]);
  const known: Record<string, (value: string) => Partial<User>> = {
    alias: (value) => ({ alias: value.split(",") }),
    unix: (value) => ({ unix: value.split(",") }),
    key: (value) => ({ key: value as NonNullable<User["key"]> }),
    after: (value) => ({ after: Number(value) }),
  };
  return Object.assign(
    { id: id! },
    ...pairs.map(([key, value]) =>
      known[key]?.(value) ?? assert.fail(`not a trait of a user: ${key}`)
    ),
  );
}

async function startProxy(lines: string[]): Promise<Proxy> {
  const plan = Object.fromEntries(lines.map((line) => {
    const match = /^(credentials|behave) = (.+)$/.exec(line) ??
      assert.fail(`not a line for the proxy: ${line}`);
    return [match[1]!, match[2]!];
  }));
  const { credentials, behave } = plan;
  const proxy = await Proxy.start(credentials === undefined ? {} : { credentials });
  proxy.behave(behave);
  return proxy;
}

function pickWrongCode(werbot: Werbot, id: string): string {
  const near = [-2, -1, 0, 1, 2].map((offset) => werbot.code(id, offset));
  return ["000000", "111111", "222222", "333333", "444444", "555555"]
    .find((code) => !near.includes(code))!;
}

async function applyTrait(path: string, trait: FileTrait["trait"], value: string): Promise<void> {
  if (trait === "mode") return await Deno.chmod(path, parseInt(value, 8));
  if (trait === "owner") return await Deno.chown(path, Number(value), null);
  // The text was written with the file.
  if (trait === "text") return;
  if (trait === "link") {
    await Deno.rename(path, `${path}.real`);
    return await Deno.symlink(`${path}.real`, path);
  }
  await Deno.remove(path, { recursive: true });
  if (trait === "directory") await Deno.mkdir(path);
  if (trait === "fifo") {
    const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
    assert.ok(success, "mkfifo");
  }
}
