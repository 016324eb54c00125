/**
 * The log and its older parts, rotated and compressed, as files.
 *
 * It only reads. Called by log.ts.
 */
import { toBytes, toText, type View } from "./host.ts";

/** Programs for what the runtime cannot open, by the ending. */
const TOOLS: Readonly<Record<string, string>> = { xz: "xz", zst: "zstd", bz2: "bzip2" };

/** Lists a log and what logrotate or newsyslog made of it, the oldest first. */
export function listLogs(view: View, path: string): string[] {
  const tail = /^([.-]\d{1,14}){0,2}(\.(gz|xz|zst|bz2))?$/;
  const age = (each: string) => each === path ? Infinity : view.status(each)?.mtime ?? 0;
  return view.glob(`${path}*`)
    .filter((each) => tail.test(each.slice(path.length)) && view.status(each)?.kind === "file")
    .sort((a, b) => age(a) - age(b));
}

/** Reads one of them, whatever it is compressed with. Throws a sentence when that is not possible. */
export async function readLogFile(view: View, path: string): Promise<string> {
  const ending = path.slice(path.lastIndexOf(".") + 1);
  if (ending === "gz") return await unzip(path, view.read(path) ?? "");
  const tool = TOOLS[ending];
  if (tool === undefined) return view.read(path) ?? "";
  const { code, out, err } = await view.run([tool, "-dc", path]);
  if (code === 0) return out;
  throw new Error(`${path} cannot be read (${err.trim() || `exit code ${code}`}).`);
}

async function unzip(path: string, text: string): Promise<string> {
  try {
    const stream = new Blob([toBytes(text)]).stream();
    const plain = stream.pipeThrough(new DecompressionStream("gzip"));
    return toText(await new Response(plain).bytes());
  } catch {
    throw new Error(`${path} is no whole gzip file: move it away.`);
  }
}
