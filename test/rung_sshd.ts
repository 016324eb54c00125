// The highest rung: a real sshd with the module in its PAM stack, and real clients. Only inside
// test/sandbox.sh: it writes to /etc/pam.d and starts servers there, and ends every one that it starts.
// Called by test/sshd_test.ts.

import assert from "node:assert/strict";
import ssh2 from "ssh2";
import type { Parts } from "./installed.ts";
import { waitFor } from "./processes.ts";
import { readLog } from "./rung_pam.ts";
import { expectCodes, Stage } from "./stage.ts";
import type { Reply, Story } from "./story.ts";

/** Where test/sandbox.sh keeps the keys. */
const SCRATCH = "/run/wpam-test";
const USER_KEY = `${SCRATCH}/user_key`;
const PATIENCE = 60_000;

/** An sshd of its own for one test. */
export class Sshd implements AsyncDisposable {
  private constructor(
    readonly port: number,
    readonly folder: string,
    readonly process: Deno.ChildProcess,
    /** The file of its PAM service. */
    readonly pamFile: string,
  ) {}

  /**
   * Starts sshd on loopback with the module as its only auth and account line. `options` are lines of
   * sshd_config and win over the standard ones; `name` puts another module in the place of ours.
   */
  static async start(
    moduleArguments: string[],
    options: string[] = [],
    name = "pam_wpam.so",
  ): Promise<Sshd> {
    const folder = await Deno.makeTempDir({ dir: SCRATCH, prefix: "sshd-" });
    const port = pickPort();
    const { path, service, extra } = await prepareProgram(folder, `wpam-${port}`);
    const module = `${name} log_file=${folder}/wpam.log ${moduleArguments.join(" ")}`;
    const pamFile = `/etc/pam.d/${service}`;
    await Deno.writeTextFile(
      pamFile,
      `auth required ${module}\naccount required ${module}\n` +
        "session required pam_permit.so\npassword required pam_deny.so\n",
    );
    const config = `${folder}/sshd_config`;
    await Deno.writeTextFile(config, [...options, ...extra, ...standardOptions(port)].join("\n"));
    const process = new Deno.Command(path, {
      args: ["-D", "-E", `${folder}/sshd.log`, "-f", config],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const sshd = new Sshd(port, folder, process, pamFile);
    try {
      const listening = () => sshd.readOwnLog().includes("Server listening on");
      await waitFor("sshd listens", 10_000, listening);
    } catch (error) {
      await sshd[Symbol.asyncDispose]();
      throw error;
    }
    return sshd;
  }

  /** Returns what sshd itself has logged. */
  readOwnLog(): string {
    try {
      return Deno.readTextFileSync(`${this.folder}/sshd.log`);
    } catch {
      return "";
    }
  }

  /** Returns the lines that the module has logged, without the time. */
  readWpamLog(): Promise<string[]> {
    return readLog(`${this.folder}/wpam.log`);
  }

  /** Ends sshd's listener and forgets its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    // wpam uninstall takes no file away that somebody's line still needs.
    await Deno.remove(this.pamFile);
    this.process.kill("SIGTERM");
    await this.process.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** How a login over SSH went. */
export interface Visit {
  accepted: boolean;
  /** When sshd let the user in, by performance.now(). */
  acceptedAt: number;
  /** Banners, and the texts that came with prompts or with the result. */
  messages: string[];
  /** What the command printed. */
  stdout: string;
}

/** How to log in with the ssh2 client. */
export interface Visitor {
  user: string;
  /** Methods to try, in order, each once. */
  methods: ("publickey" | "keyboard-interactive")[];
  answer: (echo: boolean, prompt: string) => Promise<Reply>;
}

// ssh2 comes without types; this is the part of it that is used here.
interface Ssh2Client {
  on(event: "ready" | "close", listener: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "banner", listener: (text: string) => void): void;
  connect(options: Record<string, unknown>): void;
  setNoDelay(noDelay: boolean): void;
  exec(command: string, then: (error: Error | undefined, stream: Ssh2Stream) => void): void;
  end(): void;
  destroy(): void;
}
interface Ssh2Stream {
  on(event: "data", listener: (chunk: Uint8Array) => void): void;
  on(event: "close", listener: () => void): void;
}
interface Ssh2Prompt {
  prompt: string;
  echo: boolean;
}

/** Logs in with the ssh2 client, which shows prompts exactly as sshd sends them, and runs a command. */
export async function visitWithSsh2(
  sshd: Pick<Sshd, "port">,
  visitor: Visitor,
): Promise<Visit> {
  const { Client } = ssh2 as unknown as { Client: new () => Ssh2Client };
  const client = new Client();
  const visit: Visit = { accepted: false, acceptedAt: NaN, messages: [], stdout: "" };
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const methods = visitor.methods.map((type) =>
    type === "publickey"
      ? { type, username: visitor.user, key: Deno.readTextFileSync(USER_KEY) }
      : {
        type,
        username: visitor.user,
        prompt(
          name: string,
          instructions: string,
          _language: string,
          prompts: Ssh2Prompt[],
          finish: (answers: string[]) => void,
        ) {
          visit.messages.push(...[name, instructions].filter((text) => text !== ""));
          answerAll(visitor, prompts).then(finish, reject);
        },
      }
  );
  const closed = new Promise<void>((resolve) => client.on("close", resolve));
  // A refusal is an error of ssh2; what it means is seen in `accepted`.
  client.on("error", () => {});
  client.on("banner", (text) => visit.messages.push(text));
  client.on("ready", () => {
    visit.accepted = true;
    visit.acceptedAt = performance.now();
    client.exec("id -un", (error, stream) => {
      if (error) return client.end();
      stream.on("data", (chunk) => visit.stdout += new TextDecoder().decode(chunk));
      stream.on("close", () => client.end());
    });
  });
  client.connect({
    host: "127.0.0.1",
    port: sshd.port,
    username: visitor.user,
    readyTimeout: PATIENCE,
    authHandler: (_left: unknown, _partial: unknown, next: (method: unknown) => void) =>
      next(methods.shift() ?? false),
  });
  // It writes a packet in pieces, and Nagle would hold back the last one for 40 ms.
  client.setNoDelay(true);
  try {
    await Promise.race([closed, failed]);
  } finally {
    client.destroy();
  }
  return visit;
}

/** Plays a story with a real sshd and the ssh2 client and fails where the two differ; returns its log. */
export async function playOnSshd(story: Story, parts: Parts): Promise<string[]> {
  await using stage = await Stage.set(story, "127.0.0.1");
  const config = await stage.writeFiles();
  const { login } = story;
  const withKey = login.factor === "publickey";
  const keyFirst = withKey ? ["AuthenticationMethods publickey,keyboard-interactive"] : [];
  await using sshd = await Sshd.start(
    [`config=${config}`, `helper=${parts.helper}`, ...stage.arguments],
    keyFirst,
  );
  const started = performance.now();
  const visit = await visitWithSsh2(sshd, {
    user: login.user,
    methods: login.phases[0] === "account"
      ? ["publickey"]
      : withKey
      ? ["publickey", "keyboard-interactive"]
      : ["keyboard-interactive"],
    answer: (echo, prompt) => stage.answer(echo, prompt),
  });
  const elapsed = performance.now() - started;
  const log = await sshd.readWpamLog();

  const allowed = expectCodes(story).every(([, code]) => code === "PAM_SUCCESS");
  assert.equal(visit.accepted, allowed, `accepted; the log:\n  ${log.join("\n  ")}`);
  assert.equal(visit.stdout, allowed ? `${login.user}\n` : "", "output of the command");
  // ssh2 swallows the text that comes with a refusal; sshd_test.ts looks at it with another client.
  if (allowed) assert.deepEqual(visit.messages, []);
  stage.judge({ log, output: [...visit.messages, sshd.readOwnLog()], elapsed });
  return log;
}

/** An OpenSSH client at work; its prompts are answered by a script. */
export class OpenSsh implements AsyncDisposable {
  #ending: Promise<{ code: number; stdout: string; stderr: string }> | undefined;

  private constructor(
    readonly process: Deno.ChildProcess,
    readonly folder: string,
  ) {}

  /**
   * Starts `ssh` with replies to its prompts, in order; at the prompt after the last reply it waits
   * until it is killed.
   */
  static async start(
    sshd: Sshd,
    user: string,
    replies: string[],
    options: string[] = [],
  ): Promise<OpenSsh> {
    const folder = await Deno.makeTempDir({ prefix: "ssh-" });
    await Deno.writeTextFile(`${folder}/askpass`, ASKPASS, { mode: 0o700 });
    await Deno.writeTextFile(`${folder}/prompts`, "");
    for (const [at, reply] of replies.entries()) await writeReply(folder, at + 1, reply);
    const standard = [
      "UserKnownHostsFile=/dev/null",
      "StrictHostKeyChecking=no",
      "LogLevel=INFO",
      "NumberOfPasswordPrompts=1",
      "IdentitiesOnly=yes",
      `IdentityFile=${SCRATCH}/user_key`,
    ];
    const process = new Deno.Command("ssh", {
      args: [
        ...["-F", "none", "-p", String(sshd.port), "-l", user],
        ...[...options, "PreferredAuthentications=keyboard-interactive", ...standard]
          .flatMap((option) => ["-o", option]),
        ...["127.0.0.1", "id -un"],
      ],
      env: { SSH_ASKPASS: `${folder}/askpass`, SSH_ASKPASS_REQUIRE: "force", ASKPASS_DIR: folder },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new OpenSsh(process, folder);
  }

  /** Answers a prompt, counted from 1, that the client may already show. */
  reply(prompt: number, reply: string): Promise<void> {
    return writeReply(this.folder, prompt, reply);
  }

  /** Returns the prompts that the client has shown so far. */
  readPrompts(): string[] {
    return Deno.readTextFileSync(`${this.folder}/prompts`).split("\n").slice(0, -1);
  }

  /** Waits until the client has shown a number of prompts, at most `ms`. */
  waitForPrompts(count: number, ms = 10_000): Promise<void> {
    return waitFor(`prompt ${count}`, ms, () => this.readPrompts().length >= count);
  }

  /** Waits for the client's end. */
  finish(): Promise<{ code: number; stdout: string; stderr: string }> {
    return this.#ending ??= this.process.output().then(({ code, stdout, stderr }) => {
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, stdout: text(stdout), stderr: text(stderr) };
    });
  }

  /** Kills the client, as a laptop's lid or a dead link would. */
  async kill(): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.finish();
  }

  /** Ends the client and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Under its name only once it is complete: the client may be waiting for it. */
async function writeReply(folder: string, prompt: number, reply: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/draft`, `${reply}\n`);
  await Deno.rename(`${folder}/draft`, `${folder}/reply-${prompt}`);
}

// Without a reply it waits for one, as long as the client lives.
const ASKPASS = `#!/bin/sh
printf '%s\\n' "$1" >>"$ASKPASS_DIR/prompts"
reply=$ASKPASS_DIR/reply-$(wc -l <"$ASKPASS_DIR/prompts")
while [ ! -f "$reply" ] && kill -0 "$PPID" 2>/dev/null; do sleep 0.1; done
exec cat "$reply"
`;

async function answerAll(visitor: Visitor, prompts: Ssh2Prompt[]): Promise<string[]> {
  const answers: string[] = [];
  for (const { prompt, echo } of prompts) {
    const reply = await visitor.answer(echo, prompt);
    answers.push(reply.kind === "text" ? reply.text : assert.fail(`no reply here: ${reply.kind}`));
  }
  return answers;
}

function standardOptions(port: number): string[] {
  return [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${SCRATCH}/host_key`,
    "PidFile none",
    "UsePAM yes",
    "KbdInteractiveAuthentication yes",
    "PasswordAuthentication no",
    "PubkeyAuthentication yes",
    "PermitRootLogin prohibit-password",
    "UseDNS no",
    "PrintMotd no",
    "PrintLastLog no",
    "StrictModes no",
    "MaxStartups 200:30:400",
    "LogLevel DEBUG3",
    "",
  ];
}

/** Before 9.8 the PAM service is the program's own name; from then on it can be set. */
async function prepareProgram(
  folder: string,
  service: string,
): Promise<{ path: string; service: string; extra: string[] }> {
  const program = Deno.env.get("SSHD") ?? "/usr/sbin/sshd";
  const { stderr } = await new Deno.Command(program, { args: ["-V"] }).output();
  const [, major, minor] = /OpenSSH_(\d+)\.(\d+)/.exec(new TextDecoder().decode(stderr)) ??
    assert.fail(`${program} does not tell its version`);
  if (Number(major) * 100 + Number(minor) >= 908) {
    return {
      path: program,
      service,
      extra: [`PAMServiceName ${service}`, "PerSourcePenalties no"],
    };
  }
  await Deno.copyFile(program, `${folder}/${service}`);
  return { path: `${folder}/${service}`, service, extra: [] };
}

const picked = new Set<number>();

/** Picks a port that nobody listens on, and none that it has picked before: two sshds may be about to start. */
function pickPort(): number {
  for (;;) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    if (picked.has(port)) continue;
    picked.add(port);
    return port;
  }
}
