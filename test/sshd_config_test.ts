// The reader of installer/sshd_config.ts against a real sshd: what `sshd -T` says is in force has to be
// what the reader says, before the edit, after it, and when it has been taken back. Only inside
// test/sandbox.sh, where /etc/ssh is a throw-away copy. It starts no server. Called by `deno test`.

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  firstEffective,
  readSshdConfig,
  relocate,
  type Setting,
  type SshdConfig,
  type Version,
} from "../installer/sshd_config.ts";
import { type Edit, planSshdConfig, removeFromSshdConfig } from "../installer/sshd_edit.ts";
import { makeTest, SANDBOX } from "./installed.ts";

type Files = Readonly<Record<string, string>>;

const SSHD = Deno.env.get("SSHD") ?? "/usr/sbin/sshd";
const HOSTS = new URL("../../shared/hosts/", import.meta.url);
const MAIN = "/etc/ssh/sshd_config";
const VENDOR_MAIN = "/usr/etc/ssh/sshd_config";
const FOLDER = "/etc/ssh/sshd_config.d";
const COPIES = "/run/wpam-test/copies";
/** Somebody whom no Match block names that is made here. */
const LOGIN = "user=alice,host=h,addr=192.0.2.1,laddr=192.0.2.2,lport=22";
const FILES = 250;
const WANTED: Setting[] = [
  ["UsePAM", "yes"],
  ["KbdInteractiveAuthentication", "yes"],
  ["PasswordAuthentication", "no"],
];
const METHODS: Setting = ["AuthenticationMethods", "publickey,keyboard-interactive:pam"];
const KEYWORDS = [
  ...[...WANTED, METHODS].map(([keyword]) => keyword),
  "PubkeyAuthentication",
  // A keyword whose value may be any text, which sshd gives back as it understands it.
  "AuthorizedKeysCommandUser",
];

const test = makeTest(
  SANDBOX ? null : "a real sshd runs only inside test/sandbox.sh: sudo make test",
);

/** Runs with sshd's files to itself, and gives those of before back: other tests start an sshd by them. */
async function withOwnFiles(run: () => Promise<void>): Promise<void> {
  const kept = await Deno.makeTempDir();
  const copy = async (from: string, to: string) => {
    const { success } = await new Deno.Command("cp", { args: ["-a", from, to] }).output();
    assert.ok(success, `cp -a ${from} ${to}`);
  };
  await copy("/etc/ssh/.", kept);
  try {
    await run();
  } finally {
    for (const path of ["/etc/ssh", "/usr/etc/ssh"]) await Deno.remove(path, { recursive: true });
    await copy(`${kept}/.`, "/etc/ssh");
    await Deno.remove(kept, { recursive: true });
  }
}

/** What sshd says: keyword → value in lower case, or why it refuses. */
type Answer = { values: Map<string, string> } | { complaint: string };

async function runSshd(...args: string[]): Promise<{ success: boolean; out: string; err: string }> {
  const { success, stdout, stderr } = await new Deno.Command(SSHD, { args }).output();
  const decoder = new TextDecoder();
  return { success, out: decoder.decode(stdout), err: decoder.decode(stderr).trim() };
}

async function findVersion(): Promise<Version> {
  const { err } = await runSshd("-V");
  const [, major, minor] = /OpenSSH_(\d+)\.(\d+)/.exec(err) ?? assert.fail(`no version in ${err}`);
  return [Number(major), Number(minor)];
}

/** Asks sshd what is in force with these files and no others. */
async function askSshd(files: Files, main: string): Promise<Answer> {
  for (const path of ["/usr/etc/ssh", FOLDER, MAIN, "/etc/ssh/other", COPIES]) {
    await Deno.remove(path, { recursive: true }).catch(() => {});
  }
  for (const folder of ["/usr/etc/ssh/sshd_config.d", FOLDER]) {
    await Deno.mkdir(folder, { recursive: true });
  }
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
  const key = "/run/wpam-test/host_key";
  const { success, out, err } = await runSshd("-T", "-C", LOGIN, "-h", key, "-f", main);
  if (!success) return { complaint: err.split("\n")[0] ?? "" };
  const lines = out.split("\n").map((line): [string, string] => {
    const [, keyword = "", value = ""] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    return [keyword, value.toLowerCase()];
  });
  return { values: new Map(lines) };
}

function read(files: Files, main: string, version: Version): SshdConfig {
  const glob = (pattern: string) => {
    const source = pattern.replaceAll(".", "\\.").replaceAll("*", "[^/.][^/]*");
    return Object.keys(files).filter((path) => new RegExp(`^${source}$`).test(path));
  };
  return readSshdConfig({ read: (path) => files[path], glob }, main, version);
}

function apply(files: Files, edits: readonly Edit[]): Files {
  const result: Record<string, string> = { ...files };
  for (const { path, after } of edits) {
    if (after === undefined) delete result[path];
    else result[path] = after;
  }
  return result;
}

/** Installs and removes, and lets sshd say each time what is in force. */
class Machine {
  private constructor(readonly version: Version, readonly standard: Map<string, string>) {}

  static async look(): Promise<Machine> {
    const answer = await askSshd({ [MAIN]: "" }, MAIN);
    assert.ok("values" in answer, JSON.stringify(answer));
    return new Machine(await findVersion(), answer.values);
  }

  /** Fails unless the reader finds what sshd finds, in copies elsewhere too; returns that. */
  async compare(files: Files, main: string): Promise<Map<string, string>> {
    const answer = await askSshd(files, main);
    assert.ok("values" in answer, JSON.stringify(answer));
    const config = read(files, main, this.version);
    assert.equal(config.mistake, undefined);
    for (const keyword of KEYWORDS) {
      const found = firstEffective(config, keyword)?.args.join(" ").toLowerCase();
      const name = keyword.toLowerCase();
      assert.equal(found ?? this.standard.get(name), answer.values.get(name), keyword);
    }
    const copies = Object.fromEntries(relocate(config, COPIES));
    assert.deepEqual(await askSshd(copies, COPIES + main), answer, "copies");
    return answer.values;
  }

  /** Returns the paths that were edited, or the refusal. */
  async roundTrip(
    files: Files,
    main: string,
    wanted: Setting[],
  ): Promise<{ edited: string } | { refusal: string }> {
    const before = await this.compare(files, main);
    const planned = planSshdConfig(read(files, main, this.version), wanted);
    if ("refusal" in planned) return planned;
    const after = apply(files, planned.edits);
    const values = await this.compare(after, main);
    for (const [keyword, value] of wanted) assert.equal(values.get(keyword.toLowerCase()), value);
    const removed = removeFromSshdConfig(read(after, main, this.version));
    assert.ok("edits" in removed, JSON.stringify(removed));
    const restored = apply(after, removed.edits);
    assert.deepEqual(restored, files);
    assert.deepEqual(await this.compare(restored, main), before);
    return { edited: planned.edits.map(({ path }) => path).join(", ") };
  }
}

/** Reads what a system ships below /etc/ssh and /usr/etc/ssh. */
async function readHost(folder: URL): Promise<Files> {
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    const file = new URL(name, folder);
    if (name === "sshd_config") files[MAIN] = await Deno.readTextFile(file);
    if (name.startsWith("usr-etc-ssh-")) {
      const path = name.replace("usr-etc-ssh-", "").replace("sshd_config.d-", "sshd_config.d/");
      files[`/usr/etc/ssh/${path}`] = await Deno.readTextFile(file);
    }
    if (name === "sshd_config.d") {
      for await (const { name: part } of Deno.readDir(file)) {
        files[`${FOLDER}/${part}`] = await Deno.readTextFile(new URL(`${name}/${part}`, folder));
      }
    }
  }
  return files;
}

test("sshd agrees on the files that systems ship, before and after the edit", () =>
  withOwnFiles(async () => {
    const hosts = await Array.fromAsync(Deno.readDir(HOSTS)).catch(() => []);
    if (hosts.length === 0) console.log("skipped: no ../shared/hosts beside the checkout");
    const machine = await Machine.look();
    for (const name of hosts.filter((host) => host.isDirectory).map((host) => host.name).sort()) {
      const files = await readHost(new URL(`${name}/`, HOSTS));
      const main = [MAIN, VENDOR_MAIN].find((path) => path in files);
      if (main === undefined) continue;
      const answer = await askSshd(files, main);
      if ("complaint" in answer) {
        console.log(`${name.padEnd(20)}  not tried, this sshd says: ${answer.complaint}`);
        continue;
      }
      const result = await machine.roundTrip(files, main, [...WANTED, METHODS]);
      assert.ok("edited" in result, `${name}: ${JSON.stringify(result)}`);
      console.log(`${name.padEnd(20)}  ${result.edited}`);
    }
  }));

const flag = fc.tuple(
  fc.constantFrom("", "  ", "\t"),
  fc.constantFrom(
    "KbdInteractiveAuthentication",
    "ChallengeResponseAuthentication",
    "passwordauthentication",
    '"PasswordAuthentication"',
    'Pubkey"Authentication"',
  ),
  fc.constantFrom(" ", "\t ", "=", " = "),
  fc.constantFrom("yes", "no", '"yes"', "NO", "'no'", 'y"e"s'),
  fc.constantFrom("", " ", " # c", ' #c "', "\f", "\r"),
).map((parts) => parts.join(""));
const free = fc.tuple(
  fc.constantFrom("AuthorizedKeysCommandUser"),
  fc.constantFrom(" ", "=", '"', "\t'", ' "'),
  fc.string({ unit: fc.constantFrom(..."a #\\\"'=\t/é"), maxLength: 9 }),
).map((parts) => parts.join(""));
const other = fc.constantFrom(
  "",
  "#",
  "\t#UsePAM no",
  '"UsePAM yes',
  " ",
  "UsePAM yes",
  "usepam=no",
);
const match = fc.constantFrom(
  "Match User bob",
  "match address=198.51.100.0/24",
  "Match Group nobodies # c",
  "Match all",
  '"Match" "ALL" # c',
);
const include = fc.constantFrom(
  `Include ${FOLDER}/*.conf`,
  "Include sshd_config.d/* none",
  'include="other"',
);
const plain = [
  { weight: 6, arbitrary: flag },
  { weight: 2, arbitrary: free },
  { weight: 3, arbitrary: other },
  { weight: 2, arbitrary: match },
];

function makeText(...kinds: { weight: number; arbitrary: fc.Arbitrary<string> }[]) {
  const lines = fc.array(fc.oneof(...kinds), { maxLength: 7 });
  return fc.tuple(lines, fc.constantFrom("", "\n")).map(([parts, end]) => parts.join("\n") + end);
}

/** Found at random: the folder is included at the top, and once more in a Match block. */
const INCLUDED_TWICE = {
  [MAIN]: `Include ${FOLDER}/*.conf\nMatch User bob\nInclude ${FOLDER}/*.conf`,
  [`${FOLDER}/00-first.conf`]: "",
  [`${FOLDER}/99-last.conf`]: "",
  "/etc/ssh/other": "",
};

test("sshd agrees on random files, before and after the edit", () =>
  withOwnFiles(async () => {
    const machine = await Machine.look();
    const count = { edited: 0, refused: 0, brokenBefore: 0 };
    const files = fc.record({
      [MAIN]: makeText(...plain, { weight: 3, arbitrary: include }),
      [`${FOLDER}/00-first.conf`]: makeText(...plain),
      [`${FOLDER}/99-last.conf`]: makeText(...plain),
      "/etc/ssh/other": makeText(...plain),
    }, { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(files, async (files) => {
        if ("complaint" in await askSshd(files, MAIN)) return void count.brokenBefore++;
        const result = await machine.roundTrip(files, MAIN, WANTED);
        if ("refusal" in result) {
          assert.match(result.refusal, /a Match block for all logins/);
          count.refused++;
        } else count.edited++;
      }),
      { numRuns: FILES, examples: [[INCLUDED_TWICE]] },
    );
    console.log(JSON.stringify(count));
    assert.ok(count.edited > FILES / 8);
  }));
