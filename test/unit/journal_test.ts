/**
 * installer/journal.ts: a journal is read back as it was written, or not at all.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { FileStatus, View } from "../../installer/host.ts";
import {
  type Journal,
  loadJournal,
  readJournal,
  readPending,
  writeJournal,
} from "../../installer/journal.ts";

const JOURNAL: Journal = {
  id: "0a1b2c3d",
  version: "0.1.0",
  state: "applied",
  when: "2026-11-24T12:00:00.000Z",
  boot: "b",
  uptime: 12.34,
  deadline: 312.34,
  armed: { how: "at", outlivesBoot: true, job: "7" },
  entries: [
    {
      step: {
        kind: "file",
        path: "/etc/pam.d/sshd",
        before: "auth required pam_unix.so\n\0\xff",
        after: undefined,
        mode: 0o644,
        title: "Frage “Werbot”",
      },
      existed: true,
      attributes: { mode: 0o644, uid: 0, gid: 0 },
      done: true,
    },
    {
      step: { kind: "folder", path: "/etc/wpam", mode: 0o700, title: "x" },
      existed: false,
      done: true,
    },
    { step: { kind: "user", name: "wpam", title: "x" }, existed: false, done: true },
    {
      step: { kind: "command", run: [["kill", "-HUP", "1"]], title: "x" },
      existed: false,
      done: true,
    },
  ],
  remembered: "effective values",
};

function findFault(text: string): string {
  const read = readJournal(text);
  assert.ok("fault" in read, "it was read");
  return read.fault;
}

/** A machine with this journal, and with the boot of that name. */
function look(text: string, { mode = 0o600, uid = 0, kind = "file", boot = "b" } = {}): View {
  const status = { kind, mode, uid } as FileStatus;
  return {
    root: "",
    live: true,
    read: (path: string) => path.endsWith("boot_id") ? `${boot}\n` : text,
    status: () => status,
  } as unknown as View;
}

Deno.test("readJournal() gives back what writeJournal() was given, in ASCII", () => {
  const text = writeJournal(JOURNAL);
  assert.match(text, /^[\n -~]+$/);
  assert.deepEqual(readJournal(text), JOURNAL);
  fc.assert(
    fc.property(
      fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) }),
      (before) => {
        const [entry] = JOURNAL.entries;
        const step = { ...entry!.step, before };
        const read = readJournal(
          writeJournal({ ...JOURNAL, entries: [{ ...entry!, step } as typeof entry & object] }),
        );
        assert.ok("entries" in read && read.entries[0]!.step.kind === "file");
        assert.equal(read.entries[0]!.step.before, before);
        assert.equal(read.entries[0]!.step.after, undefined);
      },
    ),
  );
});

Deno.test("readJournal() refuses a journal cut off anywhere, and any other byte in it", () => {
  const text = writeJournal(JOURNAL);
  // JSON has two spellings for the hex digits of an escape.
  const spell = (text: string) =>
    text.replace(/\\u[0-9a-f]{4}/gi, (escape) => escape.toLowerCase());
  for (let length = 0; length < text.length - 1; length++) findFault(text.slice(0, length));
  fc.assert(
    fc.property(fc.nat(text.length - 2), fc.integer({ min: 32, max: 126 }), (at, code) => {
      const other = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
      fc.pre(spell(other) !== text);
      findFault(other);
    }),
    { numRuns: 2000 },
  );
  findFault("");
  findFault("null");
  findFault("\0".repeat(text.length));
});

Deno.test("readJournal() names the format of another version", () => {
  const text = writeJournal(JOURNAL).replace('"schema":1', '"schema":7');
  assert.equal(findFault(text), "is of another version of wpam (format 7, not 1)");
});

Deno.test("readJournal() takes no path that leads elsewhere, and no name that is an option", () => {
  const [file, , user] = JOURNAL.entries;
  const bad = [
    ...["relative", "/etc/../x", "/etc/./x", "/etc//x", "/etc/", "/", "/a\0b"]
      .map((path) => ({ ...file!, step: { ...file!.step, path } })),
    ...["--root=/", "", "a b", "A"].map((name) => ({ ...user!, step: { ...user!.step, name } })),
    { ...file!, step: { ...file!.step, kind: "other" } },
  ];
  for (const entry of bad) {
    const text = writeJournal({ ...JOURNAL, entries: [entry as typeof file & object] });
    assert.equal(findFault(text), "does not say what wpam has to know", JSON.stringify(entry.step));
  }
  findFault(writeJournal({ ...JOURNAL, id: "../../x" }));
});

Deno.test("loadJournal() trusts no file that others can write to or read, and tells how to mend it", () => {
  const text = writeJournal(JOURNAL);
  for (const doubtful of [{ mode: 0o644 }, { mode: 0o620 }, { uid: 1000 }, { kind: "link" }]) {
    assert.throws(() => loadJournal(look(text, doubtful)), /is open to others than root/);
  }
  assert.throws(() => loadJournal(look(text.slice(0, 99))), {
    message:
      /^\/var\/lib\/wpam\/journal\/change.json is cut off or damaged, so wpam changes nothing: .*remove the journal\.$/,
  });
});

Deno.test("readPending() tells what the next run has to know", () => {
  const pending = readPending(look(writeJournal({ ...JOURNAL, uptime: 0, deadline: 1e9 })))!;
  assert.deepEqual(
    [pending.state, pending.rebooted, pending.paths, pending.remembered],
    ["waiting", false, ["/etc/pam.d/sshd"], "effective values"],
  );
  assert.ok(pending.secondsLeft! > 1e8);
  const states = { staging: "unfinished", applying: "unfinished", kept: "kept" } as const;
  for (const [state, told] of Object.entries(states)) {
    const text = writeJournal({ ...JOURNAL, state: state as Journal["state"], uptime: 0 });
    assert.equal(readPending(look(text))!.state, told);
  }
});

Deno.test("readPending() knows that the machine was started anew, by name or by clock (C15)", () => {
  const text = writeJournal({ ...JOURNAL, uptime: 0, deadline: 1e9 });
  const [other, future] = [
    readPending(look(text, { boot: "c" }))!,
    readPending(
      look(writeJournal({ ...JOURNAL, boot: "", uptime: 1e9, deadline: 2e9 }), { boot: "" }),
    )!,
  ];
  assert.deepEqual([other.rebooted, other.secondsLeft], [true, 0]);
  assert.deepEqual([future.rebooted, future.secondsLeft], [true, 0]);
});
