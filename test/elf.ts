// Writes ELF files that say what a test wants and cannot run. Called by test/tree.ts and the tests of
// installer/elf.ts.

export interface Wanted {
  bits?: 32 | 64;
  machine?: number;
  interpreter?: string;
  needed?: string[];
  /** DT_RUNPATH. */
  runpath?: string;
  /** Strings that somebody may search the file for. */
  strings?: string[];
}

/** Makes the bytes of a little-endian ELF file. */
export function makeElf(wanted: Wanted): Uint8Array<ArrayBuffer> {
  const wide = (wanted.bits ?? 64) === 64;
  const word = (value: number, size: number) =>
    Array.from({ length: size }, (_, index) => Math.floor(value / 2 ** (8 * index)) % 256);
  const half = (value: number) => word(value, 2);
  const long = (value: number) => word(value, 4);
  const address = (value: number) => word(value, wide ? 8 : 4);
  const encode = (
    ...texts: string[]
  ) => [...new TextEncoder().encode(texts.map((text) => `${text}\0`).join(""))];

  // Sections lie one after the other behind the headers, each at the address of its offset plus BASE.
  const BASE = 0x1000;
  const [headSize, entrySize] = wide ? [64, 56] : [52, 32];
  const needed = wanted.needed ?? [];
  const names = ["", ...needed, ...wanted.runpath === undefined ? [] : [wanted.runpath]];
  const offsets = names.map((_, index) => encode(...names.slice(0, index)).length);
  const count = wanted.interpreter === undefined ? 2 : 3;

  const atInterpreter = headSize! + count * entrySize!;
  const interpreter = wanted.interpreter === undefined ? [] : encode(wanted.interpreter);
  const atNames = atInterpreter + interpreter.length;
  const table = encode(...names);
  const atDynamic = atNames + table.length;
  const dynamic = [
    [5, BASE + atNames],
    ...needed.map((_, index) => [1, offsets[index + 1]!]),
    ...wanted.runpath === undefined ? [] : [[29, offsets[needed.length + 1]!]],
    [0, 0],
  ].flatMap(([tag, value]) => [...address(tag!), ...address(value!)]);
  const strings = encode("", ...wanted.strings ?? []);
  const end = atDynamic + dynamic.length + strings.length;

  const header = (type: number, at: number, length: number) =>
    wide
      ? [
        ...long(type),
        ...long(4),
        ...[at, BASE + at, BASE + at, length, length, 1].flatMap(address),
      ]
      : [type, at, BASE + at, BASE + at, length, length, 4, 1].flatMap(long);
  return Uint8Array.from([
    ...[0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1, 0, ...word(0, 8)],
    ...[...half(3), ...half(wanted.machine ?? 62), ...long(1)],
    ...[...address(0), ...address(headSize!), ...address(0), ...long(0)],
    ...[headSize!, entrySize!, count, 0, 0, 0].flatMap(half),
    ...header(1, 0, end),
    ...header(2, atDynamic, dynamic.length),
    ...wanted.interpreter === undefined ? [] : header(3, atInterpreter, interpreter.length),
    ...interpreter,
    ...table,
    ...dynamic,
    ...strings,
  ]);
}
