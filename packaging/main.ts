/**
 * Writes manual pages and completions to the folder that it is given, as they lie below /usr/share.
 *
 * The only file of packaging/ that touches the world. Run by the build.
 */
import { type Actions, buildProgram } from "../installer/command.ts";
import { VERSION } from "../installer/version.ts";
import { describe } from "./command_line.ts";
import { writeBash, writeFish, writeZsh } from "./completions.ts";
import { writePage } from "./manual.ts";

/** The manual pages, each with the folder of its section. */
export const PAGES = ["man8/wpam.8", "man8/pam_wpam.8", "man5/wpam.conf.5"] as const;

/** Writes every file, as text by its path. */
export function writeAll(): Map<string, string> {
  // Nothing is run: the command line is only read.
  const idle = { out: () => {}, err: () => {} };
  const program = describe(buildProgram(VERSION, {} as Actions, idle, () => {}));
  const pages = PAGES.map((path): [string, string] => {
    const source = new URL(`man/${path.replace(/.*\//, "")}`, import.meta.url);
    return [`man/${path}`, writePage(Deno.readTextFileSync(source), program)];
  });
  return new Map([
    ...pages,
    ["bash-completion/completions/wpam", writeBash(program)],
    ["zsh/site-functions/_wpam", writeZsh(program)],
    ["fish/vendor_completions.d/wpam.fish", writeFish(program)],
  ]);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  for (const [path, text] of writeAll()) {
    const file = `${folder}/${path}`;
    Deno.mkdirSync(file.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(file, text);
  }
}
