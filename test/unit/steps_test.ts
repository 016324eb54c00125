/**
 * installer/steps.ts: what is done already, and how steps are shown without their secrets.
 */
import assert from "node:assert/strict";
import type { FileStatus, View } from "../../installer/host.ts";
import { describe, type FileStep, isDone, selectOpen, type Step } from "../../installer/steps.ts";
import { SETTINGS } from "../../src/config.ts";
import { isSecret } from "../../installer/wpam_conf.ts";

const CONF = "/etc/wpam/wpam.conf";
const file = (changes: Partial<FileStep> = {}): FileStep => ({
  kind: "file",
  path: CONF,
  before: "a = 1\n",
  after: "a = 2\n",
  mode: 0o644,
  title: "Write it",
  ...changes,
});
const reload: Step = { kind: "command", run: [["systemctl", "reload", "ssh"]], title: "Reload" };
const folder: Step = { kind: "folder", path: "/etc/wpam", mode: 0o700, title: "Make it" };
const user: Step = { kind: "user", name: "wpam", title: "Add it" };

/** A machine of which only these files are known, all of root's and of one mode. */
function look(files: Record<string, string>, mode = 0o644): View {
  const folders = Object.keys(files).map((path) => path.slice(0, path.lastIndexOf("/")));
  return {
    live: true,
    read: (path: string) => files[path],
    status: (path: string) =>
      path in files || folders.includes(path)
        ? { kind: "file", mode, uid: 0 } as FileStatus
        : undefined,
  } as View;
}

Deno.test("isDone() compares the whole text, and of a secret file mode and owner too", () => {
  assert.equal(isDone(file(), look({ [CONF]: "a = 2\n" }, 0o666)), true);
  assert.equal(isDone(file(), look({ [CONF]: "a = 2" })), false);
  assert.equal(isDone(file(), look({})), false);
  assert.equal(isDone(file({ after: undefined }), look({})), true);
  assert.equal(isDone(file({ after: "" }), look({})), false);
  const secret = file({ mode: 0o600, secret: true });
  assert.equal(isDone(secret, look({ [CONF]: "a = 2\n" }, 0o644)), false);
  assert.equal(isDone(secret, look({ [CONF]: "a = 2\n" }, 0o600)), true);
});

Deno.test("isDone() knows users and folders, also those that shall go", () => {
  const view = look({ "/etc/passwd": "wpamx:x:1:\nwpam:x:2:\n", "/etc/wpam/x": "" });
  const bare = look({ "/etc/passwd": "wpamx:x:1:\n" });
  assert.deepEqual([user, folder].map((step) => isDone(step, view)), [true, true]);
  assert.deepEqual([user, folder].map((step) => isDone(step, bare)), [false, false]);
  const gone = [user, folder].map((step) => ({ ...step, remove: true }) as Step);
  assert.deepEqual(gone.map((step) => isDone(step, view)), [false, false]);
  assert.deepEqual(gone.map((step) => isDone(step, bare)), [true, true]);
});

Deno.test("selectOpen() leaves nothing of what is done, and no command without a change before it (C10)", () => {
  const view = look({ [CONF]: "a = 2\n", "/etc/passwd": "wpam:x:2:\n" });
  const other = file({ path: "/etc/other" });
  assert.deepEqual(selectOpen([user, folder, file(), reload], view), []);
  assert.deepEqual(selectOpen([file(), other, reload], view), [other, reload]);
  assert.deepEqual(selectOpen([reload, other], view), [other]);
  assert.deepEqual(selectOpen([{ ...user, name: "x" }, reload], view).map(({ kind }) => kind), [
    "user",
  ]);
});

Deno.test("describe() shows titles, diffs, modes and commands", () => {
  assert.equal(
    describe([user, folder, file({ before: undefined }), file({ after: undefined }), reload]),
    `# Add it
+ user wpam

# Make it
+ folder /etc/wpam (0700)

# Write it
--- /dev/null
+++ ${CONF} (new, 0644)
@@ -0,0 +1,1 @@
+a = 2

# Write it
--- ${CONF}
+++ /dev/null
@@ -1,1 +0,0 @@
-a = 1

# Reload
$ systemctl reload ssh
`,
  );
  assert.match(
    describe([file({ after: "", before: undefined })]),
    /\+\+\+ \/etc\/wpam\/wpam.conf \(new/,
  );
  assert.match(
    describe([file({ after: "\x7fELF\0\xff" })]),
    /^--- .* \(6 bytes\)\n\+\+\+ .* \(6 bytes\)$/m,
  );
});

Deno.test("describe() hides secrets, in settings and on PAM lines, old and new", () => {
  const secrets = ["K3y-old", "K3y-new", "K3y with blanks", "pr0xy", "other-s3cret"];
  const shown = describe([
    file({
      before: `service_key = K3y-old\nservice_id = visible\n`,
      after:
        `service_key =K3y with blanks\n#service_key=K3y-old\nhttp_proxy = http://u:pr0xy@h:1\n` +
        "service_id = visible\nkey_logins = leave\n",
    }),
    file({
      path: "/etc/pam.d/sshd",
      before: "auth required pam_wpam.so service_key=K3y-old debug=1\n" +
        "auth required pam_wpam.so [service_key=K3y with blanks] debug=1\n" +
        "auth required pam_radius.so radius_secret=other-s3cret tries=1\n",
      after: "auth required pam_wpam.so SERVICE_KEY=K3y-new debug=1\n",
    }),
  ]);
  for (const secret of secrets) assert.ok(!shown.includes(secret), `${secret} in\n${shown}`);
  for (const text of ["visible", "key_logins = leave", "debug=1", "tries=1", "[REDACTED]"]) {
    assert.ok(shown.includes(text), `no ${text} in\n${shown}`);
  }
});

Deno.test("describe() hides every setting that is a secret", () => {
  for (const key of Object.keys(SETTINGS) as (keyof typeof SETTINGS)[]) {
    const hidden = !describe([file({ after: `${key} = ValueToShow\n` })]).includes("ValueToShow");
    assert.equal(hidden, isSecret(key), key);
  }
});
