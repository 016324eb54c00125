// The checks of installer/checks.ts with the real sshd, module and helper of this machine, against the fake
// Werbot: silent where all is well, and naming what is not. Only inside test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import { type Context, type Finding, runChecks } from "../installer/checks.ts";
import { openView, probeHost, toText } from "../installer/host.ts";
import { planPamFile } from "../installer/pam_plan.ts";
import { readPam, readSshd } from "../installer/sources.ts";
import { type Options, Werbot } from "./fake/werbot.ts";
import { explainNoSshd, findParts, makeTest } from "./installed.ts";

const test = makeTest(explainNoSshd());

/** What is checked before anything changes. */
const BEFORE = [
  "config-parses",
  "stack-proved",
  "module-loads",
  "helper-answers",
  "api-reachable",
  "sshd-effective",
];

/** A machine on which all is well, but for what is changed. */
async function look(werbot: Werbot, change: Partial<Context> = {}): Promise<Context> {
  const host = await probeHost(openView());
  const { module, helper } = findParts();
  const service = { service: "sshd", login: "password,werbot" } as const;
  const planned = planPamFile(readPam(host), { ...service, module, arguments: [] });
  assert.ok("text" in planned, JSON.stringify(planned));
  return {
    host,
    pam: readPam(host, new Map([["sshd", planned.text]])),
    services: [service],
    sshd: readSshd(host),
    wanted: [["UsePAM", "yes"]],
    visitors: [{
      user: "alice",
      host: "localhost",
      addr: "127.0.0.1",
      laddr: "127.0.0.1",
      lport: 22,
    }],
    module,
    helper,
    conf: `server_url = ${werbot.address}\nservice_id = fake\nservice_key = k\ntimeout = 2\n`,
    anchors: werbot.ca,
    ...change,
  };
}

async function findAll(context: Context, ...ids: string[]): Promise<Finding[]> {
  const results = await runChecks(context, ids);
  return results.flatMap(({ findings }) => findings);
}

/** Fails unless a check finds one error that a pattern describes. */
async function expect(context: Context, id: string, pattern: RegExp): Promise<void> {
  const [finding, ...more] = await findAll(context, id);
  assert.deepEqual(more, []);
  assert.equal(finding?.severity, "error");
  assert.match(finding.seen, pattern);
}

test("runChecks() finds nothing where all is well, and sends Werbot nothing", async () => {
  await using werbot = await Werbot.start();
  const results = await runChecks(await look(werbot), BEFORE);
  assert.deepEqual(results.flatMap(({ findings }) => findings), []);
  assert.deepEqual([werbot.handshakes, werbot.requests.length], [1, 0]);
  assert.deepEqual(werbot.violations, []);
});

test("module-loads names a module that is missing, no module, or another machine's", async () => {
  await using werbot = await Werbot.start();
  const folder = await Deno.makeTempDir();
  const module = `${folder}/pam_wpam.so`;
  const context = await look(werbot, { module });
  await expect(context, "module-loads", /pam_wpam\.so is missing\.$/);
  await Deno.writeTextFile(module, "#!/bin/sh\n");
  await expect(context, "module-loads", /pam_wpam\.so is no PAM module for logins\.$/);
  const bytes = await Deno.readFile(findParts().module);
  // The byte that tells 32 bits from 64.
  bytes[4] = 3 - bytes[4]!;
  await Deno.writeFile(module, bytes);
  await expect(context, "module-loads", /cannot load the PAM module \(.*wrong ELF class/);
  const text = toText(await Deno.readFile(findParts().module));
  const broken = text.replaceAll("pam_get_item", "pam_gets_nil");
  await Deno.writeFile(module, Uint8Array.from(broken, (letter) => letter.charCodeAt(0)));
  await expect(context, "module-loads", /cannot load the PAM module \(.*pam_gets_nil/);
  await Deno.remove(folder, { recursive: true });
});

test("helper-answers names a helper that is missing, breaks or speaks another language", async () => {
  await using werbot = await Werbot.start();
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o755);
  const helper = `${folder}/wpam-auth`;
  const context = await look(werbot, { helper });
  await expect(context, "helper-answers", /wpam-auth is missing\.$/);
  const write = (script: string) =>
    Deno.writeTextFile(helper, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await write("echo broken >&2; exit 3");
  await expect(context, "helper-answers", /does not answer as it should \(broken\)\.$/);
  await write("cat >/dev/null & exit 0");
  await expect(context, "helper-answers", /does not answer as it should \(exit code 0\)\.$/);
  const verdict = `misconfigured ${"0".repeat(32)} ERROR: login misconfigured ` +
    'reason="the module speaks version 2, this helper 1: install again"';
  await Deno.writeTextFile(
    `${folder}/v`,
    `v\0\0\0${String.fromCharCode(verdict.length)}${verdict}`,
  );
  await write(`cat ${folder}/v`);
  await expect(context, "helper-answers", /the module speaks version 2, this helper 1/);
  await write("id -un >&2; id -Gn >&2; exit 3");
  await expect(context, "helper-answers", /\(wpam\)\.$/);
  await Deno.remove(folder, { recursive: true });
});

const SERVERS: [string, Options, string | undefined, RegExp][] = [
  ["that refuses", {}, "server_url = 127.0.0.1:1", /No connection to 127\.0\.0\.1:1 .*refused\)/],
  ["without a name", {}, "server_url = no.invalid", /no\.invalid cannot be looked up/],
  ["of somebody else", { certificate: "other-ca" }, undefined, /issuer is not in ca\.pem/],
  [
    "for another host",
    { certificate: "wrong-name" },
    undefined,
    /certificate is not for 127\.0\.0\.1/,
  ],
];
for (const [what, options, line, pattern] of SERVERS) {
  test(`api-reachable names a server ${what}`, async () => {
    await using werbot = await Werbot.start(options);
    const context = await look(werbot);
    const conf = line === undefined ? context.conf! : context.conf!.replace(/^.*\n/, `${line}\n`);
    await expect({ ...context, conf }, "api-reachable", pattern);
    assert.equal(werbot.requests.length, 0);
  });
}

test("sshd-effective names the value and its place, and what sshd complains of", async () => {
  await using werbot = await Werbot.start();
  const context = await look(werbot, { wanted: [["UsePAM", "no"]] });
  const [finding] = await findAll(context, "sshd-effective");
  assert.equal(finding?.seen, "For alice, sshd has UsePAM yes instead of no.");
  assert.match(finding.where ?? "", /^\/etc\/ssh\/sshd_config:\d+$/);
  await expect({ ...context, staged: "/nonexistent" }, "sshd-effective", /^sshd does not start: /);
});

test("stack-proved names a stack that does not ask, one edited by hand, and none", async () => {
  await using werbot = await Werbot.start();
  const context = await look(werbot);
  const change = (edit: (text: string) => string | undefined): Context => {
    const { pam } = context;
    const read = (name: string) => name === "sshd" ? edit(pam.read(name)!) : pam.read(name);
    return { ...context, pam: { ...pam, read } };
  };
  await expect(change(() => undefined), "stack-proved", /^There is no PAM service sshd\.$/);
  await expect(
    change((text) => text.replace(/required (\S*pam_wpam)/, "optional $1")),
    "stack-proved",
    /^sshd: a login gets in although pam_wpam \(sshd line \d+\) refuses it/,
  );
  await expect(
    change((text) => `auth sufficient pam_localuser.so\n${text}`),
    "stack-proved",
    /^sshd: pam_localuser \(sshd line 1\) can let a login in without pam_wpam/,
  );
});

test("runChecks() finds an sshd that is less patient than wpam (B16)", async () => {
  await using werbot = await Werbot.start();
  const context = await look(werbot);
  const ids = ["login-grace"];
  assert.deepEqual(await findAll(context, ...ids), []);
  const patient = { ...context, conf: `${context.conf}u2f_timeout = 110\n` };
  const [finding] = await findAll(patient, ...ids);
  assert.equal(finding?.severity, "warning");
  assert.match(finding.seen, /ends a login after 120 s, and wpam may wait 110 s/);
});
