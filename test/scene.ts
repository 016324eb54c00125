// A real sshd with the module, and the fake Werbot that it asks: what tests of whole logins begin with. Only inside
// test/sandbox.sh. Called by test/sshd_test.ts and test/load_test.ts.

import assert from "node:assert/strict";
import { type Options, Werbot } from "./fake/werbot.ts";
import { findParts } from "./installed.ts";
import { listHelpers, listProcesses, waitFor } from "./processes.ts";
import { OpenSsh, Sshd, type Visit, visitWithSsh2 } from "./rung_sshd.ts";
import { ID_PROMPT } from "./stage.ts";

/** The one user of the fake Werbot. */
export const ID = "alice@example.com";
export const CODE_PROMPT = "Enter your totp code (submit empty for U2F): ";

/** A fake Werbot and an sshd that asks it. */
export class Scene implements AsyncDisposable {
  private constructor(
    readonly werbot: Werbot,
    readonly folder: string,
    readonly sshd: Sshd,
  ) {}

  static async set(options: Options = {}, settings = "", sshdOptions: string[] = []) {
    const werbot = await Werbot.start({ users: [{ id: ID }], reuse: true, ...options });
    const folder = await Deno.makeTempDir({ prefix: "wpam-" });
    const { address, serviceID, serviceKey } = werbot;
    await Deno.writeTextFile(
      `${folder}/wpam.conf`,
      `server_url = ${address}\nservice_id = ${serviceID}\nservice_key = ${serviceKey}\n${settings}`,
      { mode: 0o600 },
    );
    await Deno.writeTextFile(`${folder}/ca.pem`, werbot.ca, { mode: 0o600 });
    const { helper } = findParts();
    const sshd = await Sshd.start(
      [`config=${folder}/wpam.conf`, `helper=${helper}`],
      sshdOptions,
    );
    return new Scene(werbot, folder, sshd);
  }

  /** Logs in with the ssh2 client; the prompts that were shown are added to `shown`. */
  visit(
    user: string,
    code: string,
    shown: string[] = [],
    methods: ("publickey" | "keyboard-interactive")[] = ["keyboard-interactive"],
  ): Promise<Visit> {
    return visitWithSsh2(this.sshd, {
      user,
      methods,
      answer: (_echo, prompt) => {
        shown.push(prompt);
        return Promise.resolve({ kind: "text", text: prompt === ID_PROMPT ? ID : code });
      },
    });
  }

  /** Logs in with the OpenSSH client and returns what its command printed. */
  async logIn(code: string, options: string[] = []): Promise<string> {
    await using client = await OpenSsh.start(this.sshd, "alice", [ID, code], options);
    const { code: status, stdout, stderr } = await client.finish();
    assert.equal(status, 0, stderr);
    return stdout;
  }

  /** Fails unless no helper is left, no process is a zombie, and sshd's listener is alone. */
  async checkQuiet(): Promise<void> {
    const { pid } = this.sshd.process;
    await waitFor(
      "no helper, no zombie, no connection",
      5000,
      () =>
        listProcesses().every((one) => one.state !== "Z" && one.parent !== pid) &&
        listHelpers().length === 0,
    );
  }

  /** Fails unless so many logins were let in, one line, one connection and one request each, and none refused. */
  async checkLogins(count: number): Promise<void> {
    const log = await this.sshd.readWpamLog();
    assert.equal(log.filter((line) => line.startsWith("INFO: login allowed ")).length, count);
    assert.equal(log.length, count);
    const { connections, handshakes, requests, violations } = this.werbot;
    assert.deepEqual([connections, handshakes, requests.length], [count, count, count]);
    assert.deepEqual(violations, []);
  }

  async [Symbol.asyncDispose]() {
    await this.sshd[Symbol.asyncDispose]();
    await this.werbot[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}
