// A disk that forgets: what a folder of files would be after a power cut, by what had been synced until then.
// It looks at a real folder and builds others; the folder itself it never changes. Called by test/kill_test.ts.

import type { Operations } from "../installer/transaction.ts";

interface Inode {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The bytes of a file, the target of a link; a folder has none of its own. */
  readonly content: Uint8Array | string | undefined;
}

/** Names in a folder, and the inode of each. */
type Names = ReadonlyMap<string, number>;

/** Decides whether something that was not synced outlives the cut. */
export type Luck = () => boolean;

/** What is on the disk below a folder, as far as that is certain. */
export class Disk {
  readonly #inodes = new Map<number, Inode>();
  readonly #folders = new Map<number, Names>();

  /** Begins with everything synced. */
  constructor(readonly root: string) {
    const walk = (path: string) => {
      this.sync(path);
      for (const { name, isDirectory } of Deno.readDirSync(path)) {
        if (isDirectory) walk(`${path}/${name}`);
        else this.sync(`${path}/${name}`);
      }
    };
    walk(root);
  }

  /** Takes note of an fsync: of a file's bytes, or of a folder's names. */
  sync(path: string): void {
    const [number, inode] = look(path);
    this.#inodes.set(number, inode);
    if (inode.content === undefined) this.#folders.set(number, list(path));
  }

  /** Watches operations, which it carries out. */
  watch(ops: Operations): Operations {
    return {
      ...ops,
      sync: (path) => {
        ops.sync(path);
        this.sync(path);
      },
      makeFolder: (path, ...attributes) => {
        ops.makeFolder(path, ...attributes);
        this.sync(path);
      },
      run: async (argv, options) => {
        const output = await ops.run(argv, options);
        // Whatever other programs write, they sync themselves.
        for (const file of ["passwd", "group"]) this.sync(`${this.root}/etc/${file}`);
        return output;
      },
    };
  }

  /** Builds, in an empty folder, what the disk has after a cut. */
  rebuild(target: string, luck: Luck): void {
    const made = new Map<number, string>();
    const build = (number: number, inode: Inode, path: string, now: string | undefined) => {
      const first = made.get(number);
      if (first !== undefined) return Deno.linkSync(first, path);
      made.set(number, path);
      if (typeof inode.content === "string") return Deno.symlinkSync(inode.content, path);
      if (inode.content !== undefined) Deno.writeFileSync(path, inode.content);
      else Deno.mkdirSync(path);
      Deno.chownSync(path, inode.uid, inode.gid);
      Deno.chmodSync(path, inode.mode);
      if (inode.content !== undefined) return;
      const live = now === undefined ? new Map<string, number>() : list(now);
      const synced = this.#folders.get(number) ?? new Map<string, number>();
      for (const name of new Set([...synced.keys(), ...live.keys()])) {
        const chosen = luck() ? live.get(name) : synced.get(name);
        if (chosen === undefined) continue;
        const there = live.get(name) === chosen ? `${now}/${name}` : undefined;
        build(chosen, this.#choose(chosen, there, luck), `${path}/${name}`, there);
      }
    };
    const [number, inode] = look(this.root);
    Deno.removeSync(target);
    build(number, inode, target, this.root);
  }

  /** A file that was written since its sync, or never synced, may be empty, or half of it there. */
  #choose(number: number, there: string | undefined, luck: Luck): Inode {
    const empty = { mode: 0o600, uid: 0, gid: 0, content: new Uint8Array() };
    const synced = this.#inodes.get(number);
    const live = there === undefined ? undefined : look(there)[1];
    if (live === undefined || isSame(live, synced)) return synced ?? live ?? empty;
    if (!luck()) return synced ?? empty;
    const { content } = live;
    if (!(content instanceof Uint8Array) || luck()) return live;
    return { ...live, content: content.subarray(0, luck() ? content.length / 2 : 0) };
  }
}

function isSame(one: Inode, other: Inode | undefined): boolean {
  return toText(one) === (other && toText(other));
}

function toText({ mode, uid, gid, content }: Inode): string {
  return `${mode} ${uid} ${gid} ${content}`;
}

function look(path: string): [number: number, inode: Inode] {
  const { ino, mode, uid, gid, isFile, isSymlink } = Deno.lstatSync(path);
  const content = isFile
    ? Deno.readFileSync(path)
    : isSymlink
    ? Deno.readLinkSync(path)
    : undefined;
  return [ino!, { mode: mode! & 0o7777, uid: uid!, gid: gid!, content }];
}

function list(path: string): Names {
  return new Map(
    [...Deno.readDirSync(path)].map(({ name }) => [name, Deno.lstatSync(`${path}/${name}`).ino!]),
  );
}
