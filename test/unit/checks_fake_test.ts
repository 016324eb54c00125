/**
 * The checks of what this machine does not have: SELinux, AppArmor, penalties of newer sshds, other log formats.
 */
import assert from "node:assert/strict";
import type { Context } from "../../installer/check.ts";
import { runChecks } from "../../installer/checks.ts";
import type { View } from "../../installer/host.ts";
import { listLogs, readLogFile } from "../../installer/log_files.ts";
import { toText } from "../../installer/host.ts";

/** A machine with some files, and some commands that answer. */
function fake(files: Record<string, string>, answers: Record<string, string> = {}): Context {
  const view = {
    root: "",
    live: true,
    read: (path: string) => files[path],
    status: (path: string) =>
      path in files ? { kind: "file", mtime: files[path]!.length, size: 1 } : undefined,
    glob: (pattern: string) =>
      Object.keys(files).filter((path) => path.startsWith(pattern.replace("*", ""))),
    run: ([program = "", ...words]: readonly string[]) => {
      const out = answers[program];
      const code = out === undefined ? 127 : 0;
      return Promise.resolve({ code, out: out ?? "", err: "", timedOut: false, words });
    },
  } as unknown as View;
  const host = {
    view,
    operator: { uid: 0, name: "root" },
    obstacles: [],
    sshd: { path: "/usr/sbin/sshd", options: [], config: "/etc/ssh/sshd_config", listeners: [] },
    service: { running: true, reload: [] },
  };
  const sshd = { directives: [], files: new Map(), version: [10, 0], mistake: undefined };
  const visitors = [{ user: "root", host: "h", addr: "::1", laddr: "::1", lport: 22 }];
  const others = { services: [], wanted: [], conf: undefined, anchors: undefined };
  return { host, sshd, visitors, ...others } as unknown as Context;
}

async function find(id: string, context: Context): Promise<string> {
  const results = await runChecks(context, [id]);
  const own = results.find(({ check }) => check.id === id)!;
  return own.unchecked ?? own.findings.map(({ severity, seen }) => `${severity}: ${seen}`).join();
}

const ENFORCE = { "/sys/fs/selinux/enforce": "1" };
const AVC = 'type=AVC msg=audit(1): avc:  denied  { name_connect } for  pid=1 comm="wpam-auth" ' +
  "scontext=system_u:system_r:sshd_t:s0\n";

Deno.test("selinux names the boolean, a denial, and what it could not ask", async () => {
  assert.equal(await find("selinux", fake({})), "");
  const off = { getsebool: "authlogin_yubikey --> off\n" };
  assert.match(await find("selinux", fake(ENFORCE, off)), /^error: .*authlogin_yubikey is off/);
  const denied = { getsebool: "authlogin_yubikey --> on\n", ausearch: AVC };
  assert.match(await find("selinux", fake(ENFORCE, denied)), /denied name_connect to wpam-auth/);
  assert.equal(await find("selinux", fake(ENFORCE)), "ausearch is not installed");
});

Deno.test("apparmor names the profile and what it denied", async () => {
  const files = { "/sys/kernel/security/apparmor/profiles": "/usr/sbin/sshd (enforce)\n" };
  const dmesg = 'apparmor="DENIED" operation="exec" profile="/usr/sbin/sshd" name="/x/wpam-auth"\n';
  assert.match(
    await find("apparmor", fake(files, { dmesg })),
    /profile \/usr\/sbin\/sshd .*wpam-auth/,
  );
  assert.equal(await find("apparmor", fake(files, { dmesg: "" })), "");
  assert.equal(await find("apparmor", fake({}, { dmesg })), "");
});

Deno.test("sshd-penalties tells of an sshd that punishes typing errors hard", async () => {
  const ask = (seconds: number) => ({
    "/usr/sbin/sshd": `persourcepenalties crash:90.0 authfail:${seconds}.0 noauth:1.0\n`,
  });
  assert.equal(await find("sshd-penalties", fake({}, ask(5))), "");
  assert.match(await find("sshd-penalties", fake({}, ask(60))), /costs its address 60 s/);
});

Deno.test("listLogs() finds what rotation made, the oldest first, and readLogFile() opens it", async () => {
  const zipped = await new Response(
    new Blob(["one\n"]).stream().pipeThrough(new CompressionStream("gzip")),
  ).bytes();
  const log = "/var/log/wpam.log";
  const files = {
    [log]: "",
    [`${log}.1`]: "newer and longer\n",
    [`${log}-20261101.gz`]: toText(zipped),
    [`${log}.old`]: "no",
    [`${log}.2.xz`]: "x",
  };
  const { view } = fake(files, { xz: "two\n" }).host;
  const found = listLogs(view, log);
  assert.deepEqual(
    new Set(found),
    new Set(Object.keys(files).filter((path) => !path.endsWith("old"))),
  );
  assert.equal(found.at(-1), log);
  assert.equal(await readLogFile(view, `${log}-20261101.gz`), "one\n");
  assert.equal(await readLogFile(view, `${log}.2.xz`), "two\n");
  const { view: bare } = fake({ [`${log}.gz`]: "oops", [`${log}.xz`]: "" }).host;
  await assert.rejects(readLogFile(bare, `${log}.gz`), /is no whole gzip file/);
  await assert.rejects(readLogFile(bare, `${log}.xz`), /cannot be read/);
});
