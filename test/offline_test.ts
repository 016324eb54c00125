// What the module does with offline codes that no story can say: many logins at once, a disk that does not obey, a
// helper that fails afterwards. As root, inside test/sandbox.sh: codes are spent for its users. Called by `deno test`.

import assert from "node:assert/strict";
import { nameCode, parseCode } from "../src/offline.ts";
import type { Secret } from "../src/secret.ts";
import { putCode } from "./codes.ts";
import { compileHostileHelper, writeHelper } from "./hostile.ts";
import { explainNoModule, findParts, makeTest } from "./installed.ts";
import { type Attempt, readLog, type Report, runApplication } from "./rung_pam.ts";
import { answerIdAlone } from "./stage.ts";

const test = makeTest(
  explainNoModule() ?? (Deno.uid() === 0 ? null : "only root has the users of the sandbox"),
);
const AT_ONCE = 50;
const ROUNDS = 20;
const PROMPT = "Werbot is unreachable. Enter an offline code: ";
const IN = "PAM_SUCCESS";

/** A folder with settings for a Werbot that cannot be reached, and alice's codes. */
class Site implements AsyncDisposable {
  #logins = 0;

  private constructor(readonly folder: string) {}

  static async set(): Promise<Site> {
    const folder = await Deno.makeTempDir({ prefix: "wpam-" });
    const settings = "server_url = 127.0.0.1:1\nservice_id = id\nservice_key = key\n";
    await Deno.writeTextFile(`${folder}/wpam.conf`, `${settings}offline_users = alice\n`, {
      mode: 0o600,
    });
    return new Site(folder);
  }

  get codes(): string {
    return `${this.folder}/offline`;
  }

  /** Makes a code for alice; returns it and the path of its file. */
  async putCode(): Promise<{ code: string; path: string; name: string }> {
    const code = await putCode(this.codes, "alice");
    const name = await nameCode(parseCode(code) as Secret);
    return { code, path: `${this.codes}/alice/${name}`, name };
  }

  /** Runs one login of alice. */
  async logIn(helper: string, answer: Attempt["answer"], more: Partial<Attempt> = {}) {
    const own = `${this.folder}/login-${++this.#logins}`;
    await Deno.mkdir(own);
    return await runApplication(findParts(), own, {
      arguments: [
        `config=${this.folder}/wpam.conf`,
        `helper=${helper}`,
        `log_file=${this.folder}/wpam.log`,
        `offline_dir=${this.codes}`,
      ],
      user: "alice",
      rhost: "203.0.113.7",
      tty: "ssh",
      environment: [],
      conversation: true,
      calls: ["authenticate"],
      answer,
      ...more,
    });
  }

  /** Runs one login with the real helper; Werbot's questions are answered, then codes are given, in order. */
  logInWith(codes: string[], more: Partial<Attempt> = {}, ready = () => Promise.resolve()) {
    const left = [...codes];
    return this.logIn(findParts().helper, async (_echo, prompt) => {
      const isOurs = prompt.endsWith(PROMPT);
      if (isOurs) await ready();
      const text = isOurs ? left.shift() ?? "" : prompt.includes("ID") ? "alice" : "123456";
      return { kind: "text", text };
    }, more);
  }

  /** Puts a function of ours in the place of libc's; returns the variables of a process that has it. */
  async replace(definition: string): Promise<Record<string, string>> {
    const library = `${this.folder}/replaced.so`;
    const headers = ["errno", "time", "unistd", "sys/syscall"].map((name) =>
      `#include <${name}.h>\n`
    );
    await Deno.writeTextFile(`${library}.c`, headers.join("") + definition);
    const { success, stderr } = await new Deno.Command("cc", {
      args: ["-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, `${library}.c`],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return { LD_PRELOAD: library };
  }

  readLog(): Promise<string[]> {
    return readLog(`${this.folder}/wpam.log`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Returns what lets everybody go on when so many have come. */
function makeGate(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let come = 0;
  return () => {
    if (++come === count) resolve();
    return promise;
  };
}

function getResult({ codes }: Report): string {
  return codes[0]![1];
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function countIn(reports: Report[]): number {
  return reports.filter((report) => getResult(report) === IN).length;
}

test(`of ${AT_ONCE} logins at once with one code exactly one gets in, ${ROUNDS} times over`, async () => {
  await using site = await Site.set();
  const program = await compileHostileHelper(site.folder);
  // All have made all their checks before the first one removes the name.
  const variables = await site.replace(
    "int unlinkat(int fd, const char *name, int flags) {\n" +
      "  struct timespec pause = {.tv_nsec = 300000000};\n" +
      "  nanosleep(&pause, NULL);\n" +
      "  return (int)syscall(SYS_unlinkat, fd, name, flags);\n}\n",
  );
  for (let round = 1; round <= ROUNDS; round++) {
    const { path, name } = await site.putCode();
    await writeHelper(`${site.folder}/helper`, program, "spends", name);
    const ready = makeGate(AT_ONCE);
    const answer = async () => {
      await ready();
      return { kind: "text", text: "" } as const;
    };
    const reports = await Promise.all(
      Array.from(
        { length: AT_ONCE },
        () => site.logIn(`${site.folder}/helper`, answer, { variables }),
      ),
    );
    assert.equal(countIn(reports), 1, `round ${round}`);
    assert.ok(!exists(path));
  }
  const log = await site.readLog();
  const count = (start: string) => log.filter((line) => line.startsWith(start)).length;
  assert.equal(count("WARN: offline code spent user=alice "), ROUNDS);
  assert.equal(count("WARN: offline code refused user=alice "), ROUNDS * (AT_ONCE - 1));
});

test(`of ${AT_ONCE} logins at once with one code and the real helper exactly one gets in, and none later`, async () => {
  await using site = await Site.set();
  const { code } = await site.putCode();
  const ready = makeGate(AT_ONCE);
  const reports = await Promise.all(
    Array.from({ length: AT_ONCE }, () => site.logInWith([code], {}, ready)),
  );
  assert.equal(countIn(reports), 1);
  assert.equal(getResult(await site.logInWith([code])), "PAM_AUTHINFO_UNAVAIL");
  const log = await site.readLog();
  const allowed = log.filter((line) => line.includes("login allowed"));
  assert.equal(allowed.length, 1);
  assert.match(
    allowed[0]!,
    /^WARN: .* reason="offline with a code: 127\.0\.0\.1:1: Connection refused"$/,
  );
});

test("a code is not found in an answer of 10 KB, nor under another user's name", async () => {
  await using site = await Site.set();
  const { code, path } = await site.putCode();
  const long = "x".repeat(10_240 - code.length) + code;
  assert.equal(getResult(await site.logInWith([long, `${code}${long}`])), "PAM_AUTHINFO_UNAVAIL");
  // Nobody else is asked, and bob's own folder is another one.
  assert.equal(
    getResult(await site.logInWith([code], { user: "bob" })),
    "PAM_AUTHINFO_UNAVAIL",
  );
  const conf = await Deno.readTextFile(`${site.folder}/wpam.conf`);
  await Deno.writeTextFile(`${site.folder}/wpam.conf`, conf.replace("alice", "alice, bob"));
  await putCode(site.codes, "bob");
  assert.equal(
    getResult(await site.logInWith([code], { user: "bob" })),
    "PAM_AUTHINFO_UNAVAIL",
  );
  assert.ok(exists(path));
  assert.equal(getResult(await site.logInWith([code])), IN);
});

async function mount(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

test("a read-only file system refuses, and the code is good again when it is writable", async () => {
  await using site = await Site.set();
  const { code, path } = await site.putCode();
  await mount("--bind", site.codes, site.codes);
  try {
    await mount("-o", "remount,bind,ro", site.codes);
    assert.equal(getResult(await site.logInWith([code])), "PAM_AUTHINFO_UNAVAIL");
    assert.match((await site.readLog()).join("\n"), /offline code refused .*Read-only file system/);
    assert.ok(exists(path));
  } finally {
    await new Deno.Command("umount", { args: [site.codes] }).output();
  }
  assert.equal(getResult(await site.logInWith([code])), IN);
});

test("a code whose end cannot be brought to the disk lets nobody in, now or later", async () => {
  await using site = await Site.set();
  const { code, path } = await site.putCode();
  const variables = await site.replace("int fsync(int fd) { (void)fd; errno = EIO; return -1; }");
  const report = await site.logInWith([code], { variables });
  assert.equal(getResult(report), "PAM_AUTHINFO_UNAVAIL");
  assert.match(
    (await site.readLog()).join("\n"),
    /offline code refused .*perhaps not from the disk: /,
  );
  assert.ok(!exists(path));
  assert.equal(getResult(await site.logInWith([code])), "PAM_AUTHINFO_UNAVAIL");
});

test("a code that was spent by a login that then failed stays spent", async () => {
  await using site = await Site.set();
  const { code, path, name } = await site.putCode();
  const program = await compileHostileHelper(site.folder);
  await writeHelper(`${site.folder}/helper`, program, "spends-and-fails", name);
  const report = await site.logIn(`${site.folder}/helper`, answerIdAlone);
  assert.equal(getResult(report), "PAM_SERVICE_ERR");
  assert.ok(!exists(path));
  const log = await site.readLog();
  assert.match(log[0]!, /^WARN: offline code spent user=alice .* reason="codes left: 0"$/);
  assert.match(log[1]!, /^ERROR: login misconfigured .*exit status 1"$/);
  assert.equal(getResult(await site.logInWith([code])), "PAM_AUTHINFO_UNAVAIL");
});

test("a helper cannot spend a code in the account phase", async () => {
  await using site = await Site.set();
  const { path, name } = await site.putCode();
  const program = await compileHostileHelper(site.folder);
  await writeHelper(`${site.folder}/helper`, program, "spends-at-once", name);
  const logIn = (call: string) =>
    site.logIn(
      `${site.folder}/helper`,
      call === "account" ? () => assert.fail("nothing is asked") : answerIdAlone,
      { calls: [call] },
    );
  assert.equal(getResult(await logIn("account")), "PAM_SERVICE_ERR");
  assert.ok(exists(path));
  assert.match((await site.readLog()).join("\n"), /asked to spend what it may not/);
  assert.equal(getResult(await logIn("authenticate")), IN);
});
