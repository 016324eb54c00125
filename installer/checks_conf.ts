/**
 * The checks of the settings: wpam.conf, ca.pem, and what stands on the PAM lines.
 *
 * They read text as a login does, by the same code, and show no value of it.
 */
import { readAnchors, readSettings, type Settings } from "../src/config.ts";
import { type Check, type Context, error, once, type Seen, warning } from "./check.ts";
import { toBytes } from "./host.ts";
import { findOurLines, findPlaces, mentionsUs, type Places } from "./our_lines.ts";
import { findService, listServices } from "./sources.ts";

/** Gives the places of the files of a login; where services differ, those of the first. */
export const getPlaces = once((context: Context): Places => findPlaces(getArguments(context)));

/** Gives what stands after our module on the first line that runs it. */
const getArguments = once(({ pam, services }: Context): readonly string[] =>
  findOurLines(pam, services.map(({ service }) => service))[0]?.arguments ?? []
);

const readConf = once((context: Context): ReturnType<typeof readSettings> => {
  const { conf } = context;
  const words = getArguments(context).map(toBytes);
  return readSettings(conf === undefined ? undefined : toBytes(conf), words);
});

/** Gives the settings of a login, for checks that need `config-parses`. */
export function getSettings(context: Context): Settings {
  return readConf(context) as Settings;
}

export const CONF_CHECKS: readonly Check[] = [
  {
    id: "config-parses",
    title: "wpam.conf is understood",
    needs: [],
    root: true,
    run: checkMistakes,
  },
  {
    id: "key-on-pam-line",
    title: "No secret stands on a PAM line",
    needs: [],
    run: checkPamLines,
  },
  {
    id: "insecure-tls",
    title: "The certificate of Werbot is verified",
    needs: ["config-parses"],
    root: true,
    run: (context) =>
      getSettings(context).insecure_skip_verify
        ? [error("insecure_skip_verify is on, so any certificate of the server is accepted.", {
          where: getPlaces(context).conf,
          why: "Whoever is between this host and Werbot can let himself in.",
          mend: "Take the line out; an authority of your own belongs into ca.pem beside it.",
          run: [remove("insecure_skip_verify", context)],
        })]
        : [],
  },
  {
    id: "debug-on",
    title: "The log does not hold more than it needs",
    needs: ["config-parses"],
    root: true,
    run: (context) =>
      getSettings(context).debug
        ? [warning("debug is on, so the log shows every request and answer.", {
          where: getPlaces(context).conf,
          why: "Secrets are blanked, but the log grows, and tells who logs in with which ID.",
          mend: "Take the line out when you are done.",
          run: [remove("debug", context)],
        })]
        : [],
  },
];

function remove(key: string, context: Context): string {
  return `sed -i '/^[[:blank:]]*${key}[[:blank:]]*=/d' ${getPlaces(context).conf}`;
}

function checkMistakes(context: Context): Seen[] {
  const { conf, anchors } = context;
  const settings = readConf(context);
  const path = getPlaces(context).conf;
  const read = anchors === undefined ? "" : readAnchors(toBytes(anchors));
  const mistakes = "mistakes" in settings ? settings.mistakes : [];
  const ofAnchors = typeof read === "object" ? read.mistakes : [];
  if (conf === undefined && mistakes.length > 0) {
    return [error(`There is no ${path}, so every login is refused.`, {
      mend: "Set wpam up again, with the ID and key of the service.",
    })];
  }
  return [...mistakes, ...ofAnchors].map((text) =>
    error(text.replace(/(?<![.?!])$/, "."), {
      ...place(text, path),
      why: "With a mistake in its settings wpam refuses every login.",
      ...mend(text, path),
    })
  );
}

function place(text: string, path: string): { where?: string } {
  const line = /^wpam\.conf line (\d+)/.exec(text)?.[1];
  return line === undefined ? {} : { where: `${path}:${line}` };
}

/** Finds the command for a mistake that a program can mend; keys whose default differs are a person's choice. */
function mend(text: string, path: string): { mend?: string; run?: string[] } {
  const line = /^wpam\.conf line (\d+)/.exec(text)?.[1];
  const [, wrong, right] = /unknown key "([\w-]+)": did you mean (\w+)\?/.exec(text) ?? [];
  if (line && wrong) {
    return { mend: "Correct the name.", run: [`sed -i '${line}s/${wrong}/${right}/' ${path}`] };
  }
  if (line && / is already set in /.test(text)) {
    return { mend: "Delete the second one.", run: [`sed -i '${line}d' ${path}`] };
  }
  const free = /: (timeout|u2f_timeout|attempts|echo_code|debug|insecure_skip_verify) must be /;
  if (line && free.test(text)) {
    return {
      mend: "Correct it, or delete the line: then the default holds.",
      run: [`sed -i '${line}d' ${path}`],
    };
  }
  if (text.startsWith("ca.pem")) return {};
  return { mend: "Mend it as docs/settings.md tells." };
}

function checkPamLines({ host, pam }: Context): Seen[] {
  return listServices(host).flatMap((service) => {
    const text = pam.read(service) ?? "";
    if (!mentionsUs(text)) return [];
    const at = text.split("\n").findIndex((line) =>
      /^[^#]*\bpam_wpam\b.*\b(service_key=|http_proxy=\S*:\S*@)/.test(line)
    );
    if (at < 0) return [];
    return [error(`A secret stands on the PAM line of ${service}, which everybody can read.`, {
      where: `${findService(host, service)}:${at + 1}`,
      why: "Any user of this machine can take the service's key and ask Werbot in its name.",
      mend:
        "Move the setting to /etc/wpam/wpam.conf, take it off the line, and give the service a new key.",
    })];
  });
}
