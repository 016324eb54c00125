/**
 * The checks of sshd's settings: that it starts with them, what is in force for whom, and which line says so.
 *
 * They ask the very sshd, with its own options, and change nothing.
 */
import { type Check, type Context, error, once, type Seen, Unchecked, warning } from "./check.ts";
import { getSettings } from "./checks_conf.ts";
import type { Effective } from "./effective.ts";
import { askSshd, type Complaint, type Host, testSshd, type Visitor } from "./host.ts";
import { type Directive, firstEffective, listOverrides, type Setting } from "./sshd_config.ts";
import { listMatched } from "./visitors_matched.ts";

export const SSHD_CHECKS: readonly Check[] = [
  {
    id: "system-fits",
    title: "This system can run wpam",
    needs: [],
    run: ({ host }) =>
      host.obstacles.map(({ text }) => {
        const [, seen = text, mend] = /^(.*?): (.*)$/s.exec(text) ?? [];
        return error(`${seen.replace(/\.$/, "")}.`, mend === undefined ? {} : { mend });
      }),
  },
  {
    id: "sshd-config",
    title: "sshd accepts its configuration",
    needs: ["system-fits"],
    root: true,
    run: checkConfig,
  },
  {
    id: "sshd-effective",
    title: "sshd's settings are in force",
    needs: [],
    root: true,
    run: checkEffective,
  },
  {
    id: "sshd-methods",
    title: "Every user has a way to log in that sshd can offer",
    needs: ["sshd-config", "sshd-effective"],
    root: true,
    run: checkMethods,
  },
  {
    id: "login-grace",
    title: "sshd waits for logins as long as wpam waits for Werbot",
    needs: ["config-parses", "sshd-config"],
    root: true,
    run: checkGrace,
  },
  {
    id: "sshd-dns",
    title: "Werbot is told addresses, not names",
    needs: ["sshd-config"],
    root: true,
    run: async (context) => {
      const [, effective] = [...await askAll(context)][0] ?? [];
      if (effective?.get("usedns") !== "yes") return [];
      return [warning("sshd looks up the name of each client (UseDNS yes).", {
        ...at(firstEffective(context.sshd!, "UseDNS")),
        why: "Werbot is then told a name that the client's network chose, and logins wait for DNS.",
        mend: "Turn it off.",
        ...comment(context, firstEffective(context.sshd!, "UseDNS")),
      })];
    },
  },
  {
    id: "sshd-penalties",
    title: "A few wrong codes do not shut out an address for long",
    needs: ["sshd-config"],
    root: true,
    run: async (context) => {
      const [, effective] = [...await askAll(context)][0] ?? [];
      const penalties = effective?.get("persourcepenalties") ?? "";
      const seconds = Number(/\bauthfail:(\d+)/.exec(penalties)?.[1] ?? 0);
      if (seconds <= USUAL_PENALTY) return [];
      return [warning(`A refused login costs its address ${seconds} s (PerSourcePenalties).`, {
        ...at(firstEffective(context.sshd!, "PerSourcePenalties")),
        why: "Whoever mistypes a code shuts out all who share his address, with keys as well.",
        mend:
          `Lower authfail to ${USUAL_PENALTY}, or name your networks in PerSourcePenaltyExemptList.`,
      })];
    },
  },
];

/** What OpenSSH takes for a refused login, in seconds. */
const USUAL_PENALTY = 5;

const keepComplaint = once(({ host }: Context) => testSshd(host));

/** Asks what is in force for each visitor, and for those whom Match blocks are about. */
export const askAll = once(async (context: Context): Promise<Map<Visitor, Effective>> => {
  const { host, sshd, staged, visitors } = context;
  const all = staged === undefined && sshd ? [...visitors, ...listMatched(host, sshd)] : visitors;
  const answers = await Promise.all(
    all.map(async (visitor) => [visitor, await askSshd(host, visitor, staged)] as const),
  );
  const refused = answers.map(([, answer]) => answer).find(isComplaint);
  if (refused) throw new Refused(refused);
  return new Map(answers as [Visitor, Effective][]);
});

class Refused extends Error {
  constructor(readonly complaint: Complaint) {
    super(complaint.text);
  }
}

function isComplaint(answer: Effective | Complaint): answer is Complaint {
  return "cause" in answer;
}

async function checkConfig(context: Context): Promise<Seen[]> {
  const { host } = context;
  const complaint = await keepComplaint(context);
  if (complaint === undefined) return [];
  const { cause, text, folder } = complaint;
  const seen = `sshd does not start: ${text.replace(/\.$/, "")}.`;
  const why = "The next reload or reboot leaves this machine without ssh.";
  if (cause === "privsep-folder") {
    return [error(seen, { why, mend: "Make the folder.", run: [`mkdir -p -m 0755 ${folder}`] })];
  }
  if (cause === "host-keys") {
    return [error(seen, { why, mend: "Make host keys.", run: ["ssh-keygen -A"] })];
  }
  const dangling = context.sshd?.mistake &&
    /^(\/\S+) cannot be read/.exec(context.sshd.mistake)?.[1];
  if (dangling && host.view.status(dangling)?.kind === "link") {
    const mend = "Remove it: it is a link that leads nowhere.";
    return [error(seen, { where: dangling, why, mend, run: [`rm ${dangling}`, ...reload(host)] })];
  }
  const [, path, line] = /(\/\S+?)(?:,|:)? line (\d+)/.exec(text) ?? [];
  const mend = "Mend what it names.";
  if (path === undefined || host.view.read(path) === undefined) return [error(seen, { why, mend })];
  const run = [`sed -i '${line}s/^/#/' ${path}`];
  return [
    error(seen, { where: `${path}:${line}`, why, mend: "Mend that line, or comment it out.", run }),
  ];
}

async function checkEffective(context: Context): Promise<Seen[]> {
  const { sshd, wanted, staged } = context;
  if (wanted.length === 0) return [];
  let all: Map<Visitor, Effective>;
  try {
    all = await askAll(context);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    // That is the finding of sshd-config, but for a candidate.
    if (staged === undefined && await keepComplaint(context)) {
      throw new Unchecked("sshd does not accept its configuration");
    }
    return [error(`sshd does not start: ${refused.complaint.text}.`)];
  }
  const findings = [...all].flatMap(([{ user }, effective]) =>
    wanted.flatMap(([keyword, value]) => {
      const found = effective.get(keyword.toLowerCase()) ?? "unknown";
      if (found.toLowerCase() === value.toLowerCase()) return [];
      const lines = sshd ? [...listOverrides(sshd, keyword), firstEffective(sshd, keyword)] : [];
      const line = lines.find((line) => line?.args.join(" ").toLowerCase() === found.toLowerCase());
      return [{ user, keyword, found, value, line }];
    })
  );
  // The same line is told once, whomever it hits.
  const key = ({ keyword, found, line }: typeof findings[number]) =>
    `${keyword} ${found} ${line?.path}:${line?.line}`;
  const groups = Map.groupBy(findings, key);
  return [...groups.values()].map(([first, ...others]) => {
    const { user, keyword, found, value, line } = first!;
    const more = others.length > 0 ? ` and ${others.length} more` : "";
    return error(`For ${user}${more}, sshd has ${keyword} ${found} instead of ${value}.`, {
      ...at(line),
      why: REASONS[keyword.toLowerCase()] ?? "The login is not the one that wpam was set up for.",
      ...mendEffective(context, line),
    });
  });
}

const REASONS: Readonly<Record<string, string>> = {
  usepam: "Without PAM nobody asks Werbot.",
  kbdinteractiveauthentication: "sshd cannot ask for a code.",
  passwordauthentication: "sshd's own password method hands the password to any hidden prompt.",
  authenticationmethods: "A key or a code alone would do.",
};

function mendEffective(
  context: Context,
  line: Directive | undefined,
): { mend: string; run: string[] } {
  if (line?.match.length) return { mend: "Take that line out.", ...comment(context, line) };
  return { mend: "Let wpam put its settings first again.", run: ["wpam install"] };
}

/** Gives the commands that comment a line out and have sshd read that. */
function comment({ host }: Context, line: Directive | undefined): { run: string[] } {
  if (line === undefined) return { run: [] };
  return { run: [`sed -i '${line.line}s/^/#/' ${line.path}`, ...reload(host)] };
}

/** Gives the commands by which sshd reads its settings again, after a test of them. */
export function reload({ sshd, service }: Host, argvs = service.reload): string[] {
  if (!sshd) return [];
  return [[sshd.path, "-t", ...sshd.options], ...argvs].map((argv) => argv.join(" "));
}

function at(line: Directive | undefined): { where?: string } {
  return line === undefined ? {} : { where: `${line.path}:${line.line}` };
}

async function checkMethods(context: Context): Promise<Seen[]> {
  const seen = [...await askAll(context)].flatMap(([{ user }, effective]) => {
    const methods = effective.get("authenticationmethods") ?? "any";
    const lists = methods === "any" ? [] : methods.split(" ").map((list) => list.split(","));
    if (
      lists.length === 0 || lists.some((list) => list.every((each) => isOffered(each, effective)))
    ) {
      return [];
    }
    const off = lists.flat().find((each) => !isOffered(each, effective));
    return [{ user, methods, off }];
  });
  const line = context.sshd && [
    ...listOverrides(context.sshd, "AuthenticationMethods"),
    firstEffective(context.sshd, "AuthenticationMethods"),
  ].find((line) => line?.args.join(" ") === seen[0]?.methods);
  return seen.slice(0, 1).map(({ user, methods, off }) =>
    error(`${user} has to log in by ${methods}, but sshd does not offer ${off}.`, {
      ...at(line ?? undefined),
      why: "There is no way in for this user; `sshd -t` does not notice that.",
      mend: "Take the line out, or turn the method on.",
      ...comment(context, line ?? undefined),
    })
  );
}

const SWITCHES: readonly (readonly [method: RegExp, ...keywords: Setting[]])[] = [
  [/^publickey/, ["pubkeyauthentication", "yes"]],
  [/^password/, ["passwordauthentication", "yes"]],
  [/^keyboard-interactive:pam/, ["usepam", "yes"], ["kbdinteractiveauthentication", "yes"]],
  [/^keyboard-interactive/, ["kbdinteractiveauthentication", "yes"]],
  [/^hostbased/, ["hostbasedauthentication", "yes"]],
  [/^gssapi-with-mic/, ["gssapiauthentication", "yes"]],
];

function isOffered(method: string, effective: Effective): boolean {
  const [, ...needed] = SWITCHES.find(([pattern]) => pattern.test(method)) ?? [/$/];
  return needed.every(([keyword, value]) => (effective.get(keyword) ?? value) === value);
}

/** Time for typing an ID and a code, in seconds. */
const TYPING = 20;

async function checkGrace(context: Context): Promise<Seen[]> {
  const { timeout, u2f_timeout } = getSettings(context);
  const longest = Math.max(timeout, u2f_timeout);
  const [, effective] = [...await askAll(context)][0] ?? [];
  const grace = Number(effective?.get("logingracetime") ?? 120);
  if (grace === 0 || grace >= longest + TYPING) return [];
  const line = firstEffective(context.sshd!, "LoginGraceTime");
  return [
    warning(`sshd ends a login after ${grace} s, and wpam may wait ${longest} s for Werbot.`, {
      ...at(line),
      why: "A user who takes his time is cut off without a word.",
      mend: `Give LoginGraceTime at least ${longest + TYPING} s, or lower u2f_timeout.`,
      ...line?.path.includes("/sshd_config") ? comment(context, line) : {},
    }),
  ];
}
