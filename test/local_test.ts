// Programs other than sshd that ask PAM, on a terminal of this machine: su, sudo and login, with the module as their
// only auth and account line. Only inside test/sandbox.sh, and each in mounts of its own, so that no file there is
// changed. Called by `deno test`.

import assert from "node:assert/strict";
import { Werbot } from "./fake/werbot.ts";
import { explainNoModule, findParts, makeTest, SANDBOX } from "./installed.ts";
import { listHelpers } from "./processes.ts";
import { readLog } from "./rung_pam.ts";
import { converse, type Dialogue } from "./terminal.ts";

const ID = "alice@example.com";
const ID_PROMPT = /Enter your Werbot ID \(email or username\): $/;
const CODE_PROMPT = /Enter your totp code \(submit empty for U2F\): $/;

const test = makeTest(
  explainNoModule() ?? (SANDBOX ? null : "their PAM files are written only inside test/sandbox.sh"),
);

/** A program that asks PAM. */
interface Program {
  readonly command: readonly string[];
  /** The user whom PAM is asked for. */
  readonly user: string;
  /** What is typed once somebody is in. */
  readonly inside: Dialogue;
  /** What is seen then. */
  readonly shows: RegExp;
  readonly refuses: RegExp;
  /** Whether it asks PAM to show nothing of its own. */
  readonly silent: boolean;
}

const asAlice = ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups"];
const PROGRAMS: Record<string, Program> = {
  su: {
    command: [...asAlice, "su", "bob", "-c", "id -un"],
    user: "bob",
    inside: [],
    shows: /^bob\r$/m,
    refuses: /Authentication failure/,
    silent: false,
  },
  sudo: {
    command: [...asAlice, "sudo", "-k", "id", "-un"],
    user: "alice",
    inside: [],
    shows: /^root\r$/m,
    refuses: /incorrect password attempt/,
    silent: true,
  },
  login: {
    command: ["login", "carol"],
    user: "carol",
    inside: [[/\$ $/, "id -un; exit\n"]],
    shows: /^carol\r$/m,
    refuses: /Login incorrect/,
    silent: false,
  },
};

/** What a user could put into the environment to look like somebody with a key. */
const PRETENCE = { SSH_AUTH_INFO_0: "publickey ssh-ed25519 AAAA", PAM_TTY: "ssh" };

/** PAM files that ask a fake Werbot; `settings` win over what it is otherwise asked with. */
class Site implements AsyncDisposable {
  private constructor(readonly werbot: Werbot, readonly folder: string) {}

  static async set(settings: (werbot: Werbot) => string = () => ""): Promise<Site> {
    const werbot = await Werbot.start({ users: [{ id: ID }] });
    const folder = await Deno.makeTempDir({ prefix: "wpam-" });
    const { address, serviceID, serviceKey } = werbot;
    const standard = `server_url = ${address}\nservice_id = ${serviceID}\n` +
      `service_key = ${serviceKey}\n`;
    await Deno.writeTextFile(`${folder}/wpam.conf`, settings(werbot) || standard, { mode: 0o600 });
    await Deno.writeTextFile(`${folder}/ca.pem`, werbot.ca, { mode: 0o600 });
    const { module, helper } = findParts();
    const line =
      `${module} config=${folder}/wpam.conf helper=${helper} log_file=${folder}/wpam.log`;
    await Deno.mkdir(`${folder}/pam.d`);
    for (const name of Object.keys(PROGRAMS)) {
      await Deno.writeTextFile(
        `${folder}/pam.d/${name}`,
        `auth required ${line}\naccount required ${line}\n` +
          "session required pam_permit.so\npassword required pam_deny.so\n",
      );
    }
    // One try each: a program that was refused would else ask again.
    const rules = "alice ALL=(ALL) ALL\nDefaults passwd_tries=1\n";
    await Deno.writeTextFile(`${folder}/sudoers`, rules, { mode: 0o440 });
    await Deno.writeTextFile(`${folder}/login.defs`, "LOGIN_RETRIES 1\n");
    return new Site(werbot, folder);
  }

  /** Runs a program on a terminal and returns what it has shown. */
  async use(program: Program, code: string, then: Dialogue): Promise<string> {
    const dialogue: Dialogue = [[ID_PROMPT, `${ID}\n`], [CODE_PROMPT, `${code}\n`], ...then];
    return (await converse(this, program.command, dialogue)).shown;
  }

  /** Starts a command as root, with the files of this site in the place of the machine's. */
  spawn(argv: readonly string[]): Deno.ChildProcess {
    const mounts = ["pam.d", "sudoers", "login.defs"]
      .map((name) => `mount --bind ${this.folder}/${name} /etc/${name}`);
    return new Deno.Command("unshare", {
      args: ["--mount", "sh", "-c", `${mounts.join(" && ")} && exec "$@"`, "sh", ...argv],
      env: PRETENCE,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Reads the log, and checks that no helper is left. */
  readLog(): Promise<string[]> {
    assert.deepEqual(listHelpers(), []);
    return readLog(`${this.folder}/wpam.log`);
  }

  async [Symbol.asyncDispose]() {
    await this.werbot[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

for (const [name, program] of Object.entries(PROGRAMS)) {
  test(`${name} lets somebody in with the right code, as a login from this machine`, async () => {
    await using site = await Site.set();
    const { werbot } = site;
    const shown = await site.use(program, werbot.code(ID), program.inside);
    assert.match(shown, program.shows);
    const [line, ...more] = await site.readLog();
    const { user } = program;
    assert.match(
      line!,
      new RegExp(`^INFO: login allowed user=${user} werbot_id=${ID} method=totp ms=\\d+ ref=\\w+$`),
    );
    assert.deepEqual(more, []);
    assert.deepEqual(werbot.violations, []);
    const sent = werbot.requests.map(({ body }) => [body?.user, body?.userIP, body?.wID]);
    assert.deepEqual(sent, [[user, "127.0.0.1", ID]]);
  });

  test(`${name} keeps somebody out with a wrong code`, async () => {
    await using site = await Site.set();
    const right = site.werbot.code(ID);
    const wrong = right === "000000" ? "111111" : "000000";
    const shown = await site.use(program, wrong, []);
    assert.match(shown, program.refuses);
    assert.equal(/^Werbot login failed \(ref \w{8}\)\r$/m.test(shown), !program.silent, shown);
    assert.doesNotMatch(shown, program.shows);
    const [line, ...more] = await site.readLog();
    assert.match(line!, /^WARN: login denied .* reason=".+"$/);
    assert.deepEqual(more, []);
  });

  test(`${name} takes no key of the environment for another factor`, async () => {
    await using site = await Site.set(({ serviceID, serviceKey }) =>
      `server_url = 127.0.0.1:1\nservice_id = ${serviceID}\nservice_key = ${serviceKey}\n` +
      "offline_users = alice, bob, carol\n"
    );
    const noCode: Dialogue = [[/Enter an offline code: $/, "\n"]];
    const shown = await site.use(program, site.werbot.code(ID), noCode);
    assert.doesNotMatch(shown, program.shows);
    const [line, ...more] = await site.readLog();
    assert.match(line!, /^ERROR: login unreachable .*; no offline code was given"$/);
    assert.deepEqual(more, []);
  });
}
