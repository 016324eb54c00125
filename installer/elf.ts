/**
 * What an ELF program or library says of itself: for which machine it is, and which libraries it loads.
 *
 * Bytes in (as Latin-1 text), values out: it runs nothing, so it also reads the programs of an image or of
 * another architecture. Called by host.ts to find the libpam of sshd, and by the checks of the module.
 */

/** The head of an ELF file. */
export interface Elf {
  readonly bits: 32 | 64;
  /** As `e_machine` numbers it: 62 is x86-64, 183 is aarch64. */
  readonly machine: number;
  /** The loader, which tells glibc from musl; libraries have none. */
  readonly interpreter: string | undefined;
  /** Names of the libraries that it loads itself. */
  readonly needed: readonly string[];
  /** Where it looks for them first, as written. */
  readonly searched: readonly string[];
}

const PT = { load: 1, dynamic: 2, interpreter: 3 };
const DT = { needed: 1, strings: 5, rpath: 15, runpath: 29 };

/** Reads the head of an ELF file; undefined when it is none, or cut short. */
export function readElf(text: string): Elf | undefined {
  if (!text.startsWith("\x7fELF")) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function parse(text: string): Elf {
  const wide = text.charCodeAt(4) === 2;
  const little = text.charCodeAt(5) === 1;
  const read = (at: number, size: number) => {
    if (at + size > text.length) throw new RangeError("cut short");
    let value = 0;
    for (let index = 0; index < size; index++) {
      value = value * 256 + text.charCodeAt(little ? at + size - 1 - index : at + index);
    }
    return value;
  };
  const size = wide ? 8 : 4;
  const half = (at: number) => read(at, 2);
  const word = (at: number) => read(at, 4);
  const address = (at: number) => read(at, size);
  const readString = (at: number) => text.slice(at, text.indexOf("\0", at));

  const first = address(wide ? 32 : 28);
  const headers = Array.from({ length: half(wide ? 56 : 44) }, (_, index) => {
    const at = first + index * half(wide ? 54 : 42);
    return {
      type: word(at),
      offset: address(at + (wide ? 8 : 4)),
      start: address(at + (wide ? 16 : 8)),
      length: address(at + (wide ? 32 : 16)),
    };
  });
  const findOffset = (target: number) => {
    const load = headers.find(({ type, start, length }) =>
      type === PT.load && target >= start && target < start + length
    );
    return load === undefined ? target : target - load.start + load.offset;
  };

  const dynamic = headers.find(({ type }) => type === PT.dynamic);
  const entries = Array.from(
    { length: Math.floor(Math.min(dynamic?.length ?? 0, text.length) / (2 * size)) },
    (_, index) => dynamic!.offset + index * 2 * size,
  ).map((at) => ({ tag: address(at), value: address(at + size) }));
  const strings = findOffset(entries.find(({ tag }) => tag === DT.strings)?.value ?? 0);
  const list = (...tags: number[]) =>
    entries.filter(({ tag }) => tags.includes(tag)).map(({ value }) => readString(strings + value));

  const interpreter = headers.find(({ type }) => type === PT.interpreter);
  return {
    bits: wide ? 64 : 32,
    machine: half(18),
    interpreter: interpreter && readString(interpreter.offset),
    needed: list(DT.needed),
    searched: list(DT.rpath, DT.runpath).flatMap((folders) => folders.split(":")),
  };
}
