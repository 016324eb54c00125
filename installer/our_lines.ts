/**
 * The lines of PAM's service files that run pam_wpam, and what stands on them.
 *
 * It only looks, through a Source. Called by doctor, the checks and the test login.
 */
import { nameModule, parsePamFile, type Type } from "./pam_file.ts";
import { expandStack, type Source } from "./pam_stack.ts";

/** One line that runs our module. */
export interface OurLine {
  readonly service: string;
  readonly type: Type;
  readonly module: string;
  readonly arguments: readonly string[];
  /** Service and line where it is written. */
  readonly where: string;
}

/** Where the module finds what it needs, by its own arguments or by default. */
export interface Places {
  readonly conf: string;
  readonly anchors: string;
  readonly log: string;
  /** The folder of the offline codes. */
  readonly offline: string;
  /** Undefined: the one that is compiled in. */
  readonly helper: string | undefined;
}

const CONF = "/etc/wpam/wpam.conf";
const LOG = "/var/log/wpam.log";
/** The folder of the offline codes, by default. */
export const OFFLINE = "/var/lib/wpam/offline";

/** Lists the lines that a login of some services comes to, those of included files among them. */
export function findOurLines(pam: Source, services: readonly string[]): OurLine[] {
  return services.flatMap((service) =>
    (["auth", "account"] as const).flatMap((type) =>
      expandStack(pam, service, type).entries
        .filter(({ module }) => nameModule(module) === "pam_wpam")
        .map(({ module, arguments: words, where }) => ({
          service,
          type,
          module,
          arguments: words,
          where,
        }))
    )
  );
}

/** Tells whether a file has a line of its own that runs our module. */
export function mentionsUs(text: string): boolean {
  return parsePamFile(text).lines.some((line) =>
    line.kind === "rule" && nameModule(line.module) === "pam_wpam"
  );
}

/** Reads from arguments of a line where its files are. */
export function findPlaces(words: readonly string[]): Places {
  const read = (key: string) =>
    words.findLast((word) => word.startsWith(`${key}=/`))?.slice(key.length + 1);
  const conf = read("config") ?? CONF;
  return {
    conf,
    anchors: conf.replace(/[^/]+$/, "ca.pem"),
    log: read("log_file") ?? LOG,
    offline: read("offline_dir") ?? OFFLINE,
    helper: read("helper"),
  };
}
