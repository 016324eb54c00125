/**
 * installer/offline_codes.ts and offline.ts: new codes are on the disk before they are shown, old ones go after that, and
 * what a folder says of its codes.
 */
import assert from "node:assert/strict";
import { openView } from "../../installer/host.ts";
import { makeCodes } from "../../installer/offline.ts";
import { findCodes, listCodes, putCodes, removeCodes } from "../../installer/offline_codes.ts";
import { OFFLINE } from "../../installer/our_lines.ts";
import { Report } from "../../installer/report.ts";
import { type Machine, type Operations, operations } from "../../installer/transaction.ts";

const NAMES = ["a", "b", "c"].map((digit) => digit.repeat(64));

/** An image in a folder of its own; what is done to it is noted, and can be made to fail. */
class Image implements Disposable {
  readonly calls: string[] = [];
  readonly folder = Deno.makeTempDirSync();
  readonly machine: Machine;
  failing = "";

  constructor() {
    Deno.mkdirSync(`${this.folder}/etc`);
    Deno.mkdirSync(`${this.folder}/var/lib`, { recursive: true });
    const view = openView(this.folder);
    const noted = Object.entries(operations).map(([name, run]) => [
      name,
      (path: string, ...more: never[]) => {
        const call = `${name} ${path.slice(view.root.length)}`;
        this.calls.push(call);
        if (call === this.failing) throw new Error("no");
        return (run as (path: string, ...more: never[]) => unknown)(path, ...more);
      },
    ]);
    this.machine = { view, ops: Object.fromEntries(noted) as unknown as Operations };
  }

  put(names: readonly string[]): void {
    putCodes(this.machine, OFFLINE, "alice", names);
  }

  find() {
    return findCodes(this.machine.view, OFFLINE, "alice");
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("putCodes() has every file and its folder on the disk when it returns", () => {
  using image = new Image();
  image.put(NAMES);
  const own = `${OFFLINE}/alice`;
  const written = image.calls.slice(image.calls.indexOf(`writeNew ${own}/${NAMES[0]}`));
  assert.deepEqual(written, [
    ...NAMES.flatMap((name) => [`writeNew ${own}/${name}`, `sync ${own}/${name}`]),
    `sync ${own}`,
  ]);
  for (const path of ["/var/lib/wpam", OFFLINE, own]) {
    assert.equal(image.machine.view.status(path)?.mode, 0o700, path);
    assert.ok(image.calls.includes(`sync ${path.replace(/\/[^/]*$/, "")}`), path);
  }
  assert.deepEqual(image.find(), { user: "alice", names: NAMES, lastUsed: undefined });
});

Deno.test("putCodes() leaves no code that nobody knows when one cannot be written", () => {
  using image = new Image();
  image.put([NAMES[0]!]);
  image.failing = `writeNew ${OFFLINE}/alice/${NAMES[2]}`;
  assert.throws(() => image.put(NAMES.slice(1)), /no/);
  assert.deepEqual(image.find().names, [NAMES[0]]);
});

Deno.test("putCodes() refuses a folder from which the module takes no code", () => {
  for (
    const spoil of [
      (path: string) => Deno.chmodSync(path, 0o750),
      (path: string) => {
        Deno.renameSync(path, `${path}.real`);
        Deno.symlinkSync(`${path}.real`, path);
      },
    ]
  ) {
    using image = new Image();
    image.put([NAMES[0]!]);
    spoil(`${image.folder}${OFFLINE}/alice`);
    assert.throws(() => image.put([NAMES[1]!]), /is no folder of root's alone/);
  }
});

Deno.test("makeCodes() shows codes that are on the disk, and removes the old ones after that", async () => {
  using image = new Image();
  image.put(NAMES);
  const old = image.find();
  image.calls.length = 0;
  const write = (text: string) => void image.calls.push(/-[0-9A-Z]{5}\n/.test(text) ? "show" : "");
  const report = new Report({ write, terminal: false, colour: false, utf8: true });
  const codes = await makeCodes(image.machine, OFFLINE, old, 2, report);
  assert.equal(codes.length, 2);
  const sync = `sync ${OFFLINE}/alice`;
  assert.deepEqual(
    image.calls.filter((call) => call !== "").map((call) => call.replace(/\/[0-9a-f]{64}$/, "/*")),
    [
      ...codes.flatMap(() => [`writeNew ${OFFLINE}/alice/*`, `${sync}/*`]),
      sync,
      "show",
      ...NAMES.map(() => `remove ${OFFLINE}/alice/*`),
      sync,
    ],
  );
  assert.equal(image.find().names.length, 2);
  assert.ok(NAMES.every((name) => !image.find().names.includes(name)));
});

Deno.test("removeCodes() goes past a code that a login has spent, and syncs", () => {
  using image = new Image();
  image.put(NAMES);
  const codes = image.find();
  Deno.removeSync(`${image.folder}${OFFLINE}/alice/${NAMES[1]}`);
  removeCodes(image.machine, OFFLINE, codes);
  assert.deepEqual(image.find().names, []);
  assert.equal(image.calls.at(-1), `sync ${OFFLINE}/alice`);
});

Deno.test("findCodes() takes the folder's time for the last use, if it is younger than the codes", () => {
  using image = new Image();
  image.put(NAMES);
  const own = `${image.folder}${OFFLINE}/alice`;
  for (const name of NAMES) Deno.utimeSync(`${own}/${name}`, 1000, 1000);
  Deno.utimeSync(own, 1001, 1001);
  assert.equal(image.find().lastUsed, undefined);
  Deno.utimeSync(own, 2000, 2000);
  assert.deepEqual(image.find().lastUsed, new Date(2_000_000));
  Deno.writeTextFileSync(`${own}/notes`, "");
  Deno.writeTextFileSync(`${image.folder}${OFFLINE}/stray`, "");
  assert.deepEqual(
    listCodes(image.machine.view, OFFLINE).map(({ user, names }) => [user, names.length]),
    [["alice", 3]],
  );
  assert.deepEqual(findCodes(image.machine.view, OFFLINE, "bob"), {
    user: "bob",
    names: [],
    lastUsed: undefined,
  });
});
