/**
 * The story of one login, from the settings to the verdict.
 *
 * Reads and writes nothing itself: the module asks and logs for it, and has asked for the ID before there was
 * a helper; api.ts speaks with Werbot, policy.ts decides. Called by main.ts.
 */
import { Connection, type Request } from "./api.ts";
import { readAnchors, readSettings, type Settings } from "./config.ts";
import { type Hello, VERSION } from "./hello.ts";
import { type Fields, formatLine, type Level, redact, scrub } from "./log.ts";
import { nameCode } from "./offline.ts";
import { decide, decideByCode, levelOf, takesCode, type Verdict } from "./policy.ts";
import {
  type Answer,
  askAgain,
  type Code,
  CODE_PROMPT,
  ID_PROMPT,
  OFFLINE_PROMPT,
  readCode,
  readId,
  readOfflineCode,
} from "./prompt.ts";
import { Secret } from "./secret.ts";

/** What the module does for a login. */
export interface Shim {
  /** Asks the user; the answer is the bytes that were typed. */
  ask(prompt: string, echo: boolean): Promise<Uint8Array>;
  log(line: string): Promise<void>;
  /** Spends the offline code of that name; false when this user has no such code, or it cannot be spent. */
  spend(name: string): Promise<boolean>;
}

/** A login's end: the verdict and the log line that closes it. */
export interface Ending {
  readonly verdict: Verdict;
  readonly line: string;
}

/** The attempts are used up. */
const EXHAUSTED: Verdict = {
  outcome: "denied",
  exhausted: true,
  reason: "no well-formed answer in the attempts allowed",
};

/** sshd has replaced the answers. */
const BARRED: Verdict = { outcome: "denied", reason: "sshd does not let this user log in" };

/** How often an offline code is asked for: with 80 random bits each, no lock-out is needed. */
const CODE_TRIES = 3;

/** Runs one login to its end; rejects only when the module goes away. */
export async function login(hello: Hello, shim: Shim): Promise<Ending> {
  const story = new Login(hello, shim);
  const verdict = await story.run();
  return { verdict, line: story.closingLine(verdict) };
}

/** Prints an answer without secrets; one may be nested deeper than the stack. */
function render(body: unknown, secrets: readonly Secret[]): string {
  try {
    return JSON.stringify(redact(body, secrets));
  } catch {
    return "(nested too deeply)";
  }
}

class Login {
  readonly #hello: Hello;
  readonly #shim: Shim;
  #werbotId: string | undefined;
  #method: "totp" | "U2F" | "key" | undefined;
  /** When the user gave the last answer. */
  #since = performance.now();
  #reasks = 0;
  /** The text of ca.pem; undefined trusts the system's store. */
  #anchors: string | undefined;

  constructor(hello: Hello, shim: Shim) {
    this.#hello = hello;
    this.#shim = shim;
  }

  async run(): Promise<Verdict> {
    const { version, garbled, typedId } = this.#hello;
    if (version !== VERSION) {
      const reason = `the module speaks version ${version}, this helper ${VERSION}: install again`;
      return { outcome: "misconfigured", reason };
    }
    const settings = readSettings(this.#hello.configuration, this.#hello.arguments);
    if ("mistakes" in settings) return await this.#misconfigured(settings.mistakes);
    const anchors = this.#hello.anchors && readAnchors(this.#hello.anchors);
    if (typeof anchors === "object") return await this.#misconfigured(anchors.mistakes);
    this.#anchors = anchors;
    if (garbled) return { outcome: "denied", reason: "the user name is not valid UTF-8" };
    if (settings.insecure_skip_verify) {
      await this.#log("WARN", "certificate not checked", {
        reason: "insecure_skip_verify is set: whoever is between this host and Werbot can log in",
      });
    }
    return typedId ? await this.#authenticate(settings, typedId) : await this.#account(settings);
  }

  /** Logs every mistake, the first one in the closing line. */
  async #misconfigured([first, ...more]: readonly string[]): Promise<Verdict> {
    for (const reason of more.slice(0, 20)) await this.#log("ERROR", "configuration", { reason });
    return { outcome: "misconfigured", reason: first! };
  }

  /** Asks for the code, and Werbot whether it and the ID are good; it connects while the user types. */
  async #authenticate(settings: Settings, typedId: Uint8Array): Promise<Verdict> {
    const { attempts } = settings;
    const id = await this.#insist(ID_PROMPT, true, readId, attempts, typedId);
    if (!id) return EXHAUSTED;
    if (id.kind === "good") this.#werbotId = id.value;
    const connection = id.kind === "good" ? new Connection(settings, this.#anchors) : undefined;
    const answer = await this.#shim.ask(CODE_PROMPT, settings.echo_code);
    const code = await this.#insist(CODE_PROMPT, settings.echo_code, readCode, attempts, answer);
    if (!code || !connection || code.kind === "junk") {
      connection?.close();
      return code ? BARRED : EXHAUSTED;
    }
    const verdict = await this.#request(settings, connection, this.#werbotId!, code.value);
    return takesCode(verdict, this.#hello, settings)
      ? await this.#askForOfflineCode(verdict, settings)
      : verdict;
  }

  /** Lets in whoever has an offline code that the module can spend; an ill-formed one costs a try, and nothing else. */
  async #askForOfflineCode(failure: Verdict, { echo_code }: Settings): Promise<Verdict> {
    let text = OFFLINE_PROMPT;
    for (let tries = 0; tries < CODE_TRIES; tries++) {
      const answer = this.#take(await this.#shim.ask(text, echo_code), readOfflineCode);
      if (answer.kind === "junk") return BARRED;
      if (answer.kind === "good") {
        if (answer.value === undefined) return decideByCode(failure, "none");
        const spent = await this.#shim.spend(await nameCode(answer.value));
        if (spent) return decideByCode(failure, "spent");
      }
      const reason = answer.kind === "again" ? answer.reason : "That code is not valid.";
      text = askAgain(OFFLINE_PROMPT, reason);
    }
    return decideByCode(failure, "bad");
  }

  /** Decides about a login that did not pass our authenticate: with a key, as a rule. */
  async #account(settings: Settings): Promise<Verdict> {
    if (settings.key_logins === "leave") {
      this.#method = "key";
      return { outcome: "allowed", reason: "left to sshd (key_logins=leave)" };
    }
    const noCode: Code = { method: "U2F", code: new Secret("") };
    return await this.#request(
      settings,
      new Connection(settings, this.#anchors),
      this.#hello.user,
      noCode,
    );
  }

  async #request(
    settings: Settings,
    connection: Connection,
    werbotId: string,
    { method, code }: Code,
  ): Promise<Verdict> {
    const { user, rhost, phase, otherFactor } = this.#hello;
    this.#method = method;
    const request: Request = {
      serviceID: settings.service_id,
      serviceKey: settings.service_key,
      user,
      tfaMethod: method,
      totpCode: code,
      userIP: rhost ?? "127.0.0.1",
      wID: werbotId,
    };
    if (settings.debug) await this.#log("DEBUG", "request", { body: JSON.stringify(request) });
    const seconds = method === "totp" ? settings.timeout : settings.u2f_timeout;
    const secrets = [settings.service_key, code];
    if (settings.http_proxy?.password) secrets.push(settings.http_proxy.password);
    const { kind, reason, answer } = await connection.post(request, seconds);
    if (settings.debug && answer) {
      const body = render(answer.body, secrets);
      await this.#log("DEBUG", "answer", { status: answer.status, body });
    }
    const result = { kind, reason: scrub(reason, secrets) };
    return decide(result, { user, phase, method, otherFactor }, settings);
  }

  /** Asks again until the answer is well-formed; undefined when that has been too often. */
  async #insist<T>(
    prompt: string,
    echo: boolean,
    read: (answer: Uint8Array) => Answer<T>,
    attempts: number,
    typed: Uint8Array,
  ): Promise<Exclude<Answer<T>, { kind: "again" }> | undefined> {
    for (;;) {
      const answer = this.#take(typed, read);
      if (answer.kind !== "again") return answer;
      if (this.#reasks === attempts) return undefined;
      this.#reasks++;
      typed = await this.#shim.ask(askAgain(prompt, answer.reason), echo);
    }
  }

  /** Judges what was typed, and wipes it. */
  #take<T>(typed: Uint8Array, read: (answer: Uint8Array) => Answer<T>): Answer<T> {
    this.#since = performance.now();
    const answer = read(typed);
    typed.fill(0);
    return answer;
  }

  #log(level: Level, event: string, fields: Fields): Promise<void> {
    const { user, ref } = this.#hello;
    return this.#shim.log(formatLine(level, event, { user, ref, ...fields }));
  }

  closingLine(verdict: Verdict): string {
    const { user, rhost, ref } = this.#hello;
    return formatLine(levelOf(verdict), `login ${verdict.outcome}`, {
      user,
      werbot_id: this.#werbotId,
      rhost,
      method: this.#method,
      ms: Math.round(performance.now() - this.#since),
      ref,
      reason: verdict.reason === "" ? undefined : verdict.reason,
    });
  }
}
