/**
 * installed.json: what `wpam install` keeps in mind for the next install, for uninstall and for status.
 *
 * Text in, values out. It holds no secret, and nothing that the files themselves tell. A file that is missing
 * or damaged is as good as none: then the machine's own files have to do.
 */
import type { Login } from "./pam_plan.ts";
import type { Step } from "./steps.ts";
import { VERSION } from "./version.ts";

export const INSTALLED = "/var/lib/wpam/installed.json";

/** What was installed. */
export interface Installed {
  /** The wpam that did it. */
  readonly version: string;
  /** When, for people. */
  readonly when: string;
  readonly services: readonly string[];
  readonly login: Login;
  /** Copies of packages' PAM files, and folders, that were made for our lines. */
  readonly created: readonly string[];
}

const SCHEMA = 1;

function writeInstalled(installed: Installed): string {
  return `${JSON.stringify({ schema: SCHEMA, ...installed })}\n`;
}

/** Makes the step that writes it; what is as it was keeps its date, and so its bytes. */
export function makeMemory(
  text: string | undefined,
  wanted: Pick<Installed, "services" | "login" | "created">,
): Step {
  const before = readInstalled(text);
  const created = [...new Set([...before?.created ?? [], ...wanted.created])];
  const { services, login } = wanted;
  const write = (when: string) =>
    writeInstalled({ version: VERSION, when, services, login, created });
  const same = before && write(before.when) === text;
  return {
    kind: "file",
    path: INSTALLED,
    before: text,
    after: same ? text : write(new Date().toISOString()),
    mode: 0o600,
    secret: true,
    title: "Remember what is installed",
  };
}

/** Reads the file; undefined when it is none of ours. */
export function readInstalled(text: string | undefined): Installed | undefined {
  try {
    const { schema, version, when, services, login, created } = JSON.parse(text ?? "");
    const words = [services, created].every((list) =>
      Array.isArray(list) && list.every((word) => typeof word === "string")
    );
    const known = ["password,werbot", "key,werbot", "werbot"].includes(login);
    return schema === SCHEMA && words && known
      ? { version, when, services, login, created }
      : undefined;
  } catch {
    return undefined;
  }
}
