/**
 * The canary: logins that a candidate configuration has to pass before anything that people use is changed.
 *
 * stageCandidate() and planCanaries() give texts and command lines: sshd's files as they shall be, copied below
 * a private folder; a PAM service of their own, wpam-canary; the ssh client. runCanary() lets them meet over
 * loopback; what came of it is canary_verdict.ts's to say. It never uses sshd's port, never touches the files of
 * the live sshd and asks nobody for a secret: ssh does that, on the terminal. Called by prove.ts.
 */
import { readSettings } from "../src/config.ts";
import { type Evidence, judgeCanary } from "./canary_verdict.ts";
import type { Finding } from "./checks.ts";
import type { Effective } from "./effective.ts";
import { type Host, toBytes, type View } from "./host.ts";
import { meet } from "./loopback.ts";
import { addModule, type Refusal } from "./pam_file.ts";
import { planPamFile, type Refused, type Wish } from "./pam_plan.ts";
import type { Source } from "./pam_stack.ts";
import { relocate, type Setting, type SshdConfig } from "./sshd_config.ts";
import type { FileStep } from "./steps.ts";
import { type Operations, operations } from "./transaction.ts";

/** What shall be installed. */
export interface Candidate {
  readonly host: Host;
  /** sshd's configuration as it shall be, without a mistake. */
  readonly sshd: SshdConfig;
  /** PAM's files as they are. */
  readonly pam: Source;
  /** The lines that sshd's PAM service shall have; the module may be one that is not in its place yet. */
  readonly wish: Wish;
  /** wpam.conf as it shall be. */
  readonly conf: string;
  /** ca.pem, if there is one. */
  readonly anchors: string | undefined;
}

/** A file of the private folder, below root only. */
export interface StagedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/**
 * Who logs in: nobody, with a wrong code that Werbot has to refuse; a key made for this; or the person at the
 * terminal.
 */
export type Kind = "wrong-code" | "key" | "person";

/** One login to try. */
export interface Canary {
  readonly kind: Kind;
  /** What is true when it went well. */
  readonly title: string;
  readonly user: string;
  /** The PAM service, to be there while the login runs and to be removed afterwards. */
  readonly step: FileStep;
  /** The type of the key to make for it, if it takes one. */
  readonly keyType: string | undefined;
  readonly server: readonly string[];
  readonly client: (port: number) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Seconds that the login may take. */
  readonly seconds: number;
}

/** Whom the canaries are for. */
export interface Visitors {
  /** A local user who may log in. */
  readonly user: string;
  /** Whether a person at a terminal tries it too, with an ID and a code. */
  readonly person: boolean;
}

/** The private folder, in which everybody may look for a name that he knows, but cannot list any. */
export const FOLDER = "/var/run/wpam-canary";
const SERVICE = "wpam-canary";
const HOST = "127.0.0.1";
const CONF = `${FOLDER}/wpam.conf`;
const KEY = `${FOLDER}/key`;
const AUTHORIZED = `${FOLDER}/authorized_keys`;
const LOGS = { ssh: `${FOLDER}/ssh.log`, sshd: `${FOLDER}/sshd.log`, wpam: `${FOLDER}/wpam.log` };

/** Nobody's: a Werbot ID that no user has, and a code. */
const NOBODY = "wpam-doctor";
const NO_CODE = "000000";
/** The questions of a login, as docs/login.md has them. */
const QUESTIONS: readonly (readonly [prompt: string, answer: string])[] = [
  ["Enter your Werbot ID (email or username): ", NOBODY],
  ["Enter your totp code (submit empty for U2F): ", NO_CODE],
];

/** What a canary needs otherwise than a login; nothing of it bears on whether the login is let in. */
const FORCED: readonly Setting[] = [
  ["LogLevel", "VERBOSE"],
  ["ForceCommand", "true"],
  ["PermitUserRC", "no"],
  ["DisableForwarding", "yes"],
  ["AuthorizedKeysFile", AUTHORIZED],
  ["PAMServiceName", SERVICE],
];

/** Gives the files of a candidate in the private folder, and the configuration among them to ask sshd about. */
export function stageCandidate(
  candidate: Candidate,
): { readonly files: readonly StagedFile[]; readonly config: string } {
  const { sshd, conf, anchors } = candidate;
  const texts = relocate(sshd, FOLDER, FORCED);
  texts.set(CONF, conf);
  if (anchors !== undefined) texts.set(`${FOLDER}/ca.pem`, anchors);
  const files = [...texts].map(([path, text]) => ({ path, text, mode: 0o600 }));
  return { files, config: FOLDER + sshd.main };
}

/**
 * Plans the logins that can be tried: always a wrong code, a key where a key alone gets in without Werbot, and
 * the person if there is one. `effective` is what sshd says of the staged configuration for that user.
 */
export function planCanaries(
  candidate: Candidate,
  effective: Effective,
  visitors: Visitors,
): readonly Canary[] | Refused | Refusal {
  const { pam, wish, conf } = candidate;
  const own = [`config=${CONF}`, `log_file=${LOGS.wpam}`];
  const lines = { ...wish, arguments: [...wish.arguments, ...own] };
  const whole = planPamFile(pam, lines);
  if ("refusals" in whole) return whole;
  const bare = addModule("", { library: pam.library, ...lines, auth: 0, account: 0 });
  if ("refusal" in bare) return bare;
  // Nobody gets in by this one, whatever Werbot says.
  const closed = ["auth", "account", "session", "password"]
    .map((type) => `${type} required pam_deny.so\n`);

  const methods = effective.get("authenticationmethods") ?? "any";
  const lists = methods.split(" ").map((list) => list.split(","));
  const withKey = lists.every((list) => list.includes("publickey"));
  const keyAlone = methods === "any" || lists.some((list) => `${list}` === "publickey");
  const settings = readSettings(toBytes(conf), []);
  const leave = "key_logins" in settings && settings.key_logins === "leave";

  const make = (kind: Kind, title: string, text: string, key: boolean, seconds: number) =>
    plan(candidate, effective, visitors.user, { kind, title, text, key, seconds });
  const canaries = [
    make("wrong-code", "Werbot refuses a wrong code", bare.text + closed.join(""), withKey, 60),
  ];
  if (keyAlone && leave && effective.get("pubkeyauthentication") === "yes") {
    canaries.push(make("key", "A key logs in without Werbot, as before", whole.text, true, 60));
  }
  if (visitors.person) {
    canaries.push(make("person", "You can log in", whole.text, withKey, 300));
  }
  return canaries;
}

function plan(
  { host, sshd: { main } }: Candidate,
  effective: Effective,
  user: string,
  { kind, title, text, key, seconds }: Pick<Canary, "kind" | "title" | "seconds"> & {
    text: string;
    key: boolean;
  },
): Canary {
  const sshd = host.sshd!;
  // Before 9.8 the name of the program is that of its PAM service.
  const canName = effective.has("pamservicename");
  const forced = FORCED.filter(([keyword]) =>
    keyword === "PAMServiceName" ? canName : keyword !== "AuthorizedKeysFile" || key
  );
  const server = [
    ...[canName ? sshd.path : `${FOLDER}/${SERVICE}`, "-i"],
    ...["-f", FOLDER + main, "-E", LOGS.sshd],
    ...forced.flatMap(([keyword, value]) => ["-o", `${keyword}=${value}`]),
    ...sshd.options,
  ];
  const asks = kind !== "key";
  const options = [
    "LogLevel=VERBOSE",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "GlobalKnownHostsFile=/dev/null",
    "NumberOfPasswordPrompts=1",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    `IdentityFile=${KEY}`,
    `PubkeyAuthentication=${key ? "yes" : "no"}`,
    `PreferredAuthentications=${
      [...key ? ["publickey"] : [], ...asks ? ["keyboard-interactive"] : []].join(",")
    }`,
  ];
  const path = `${host.serviceFolders[0]}/${SERVICE}`;
  return {
    kind,
    title,
    user,
    seconds,
    step: { kind: "file", path, before: undefined, after: text, mode: 0o600, title },
    keyType: key ? chooseKeyType(effective) : undefined,
    server,
    client: (port) => [
      ...["ssh", "-F", "none", "-E", LOGS.ssh, "-p", `${port}`, "-l", user],
      ...options.flatMap((option) => ["-o", option]),
      ...[HOST, "true"],
    ],
    env: kind === "wrong-code" ? answer(user) : {},
  };
}

/**
 * Makes ssh answer the questions: it runs printenv with each, and the variable of that name holds the answer. So
 * no script has to be written to a file system that may not run any.
 */
function answer(user: string): Record<string, string> {
  const answers = QUESTIONS.flatMap(([prompt, text]) => [
    [prompt, text],
    [`(${user}@${HOST}) ${prompt}`, text],
  ]);
  return {
    ...Object.fromEntries(answers),
    SSH_ASKPASS: "printenv",
    SSH_ASKPASS_REQUIRE: "force",
    // Before 8.4 ssh takes a display for granted.
    DISPLAY: ":0",
  };
}

function chooseKeyType(effective: Effective): string {
  const accepted = effective.get("pubkeyacceptedalgorithms") ??
    effective.get("pubkeyacceptedkeytypes") ?? "ssh-ed25519";
  const names = accepted.split(",");
  if (names.includes("ssh-ed25519")) return "ed25519";
  return names.includes("ecdsa-sha2-nistp256") ? "ecdsa" : "rsa";
}

/** Makes the private folder, with the files of a candidate and nothing else. */
export function openFolder(
  { host }: Candidate,
  files: readonly StagedFile[],
  ops: Operations = operations,
): void {
  closeFolder(host.view, ops);
  ops.makeFolder(FOLDER, 0o711, 0, 0);
  for (const { path, text, mode } of files) {
    const names = path.slice(FOLDER.length).split("/").slice(1, -1);
    names.forEach((_, at) => {
      const folder = [FOLDER, ...names.slice(0, at + 1)].join("/");
      if (!host.view.status(folder)) ops.makeFolder(folder, 0o700, 0, 0);
    });
    ops.writeNew(path, toBytes(text), mode, 0, 0);
  }
  ops.symlink(host.sshd!.path, `${FOLDER}/${SERVICE}`);
}

/** Removes the private folder and all that is in it, whoever left it there. */
export function closeFolder(view: View, ops: Operations = operations): void {
  const remove = (path: string) => {
    const status = view.status(path);
    if (status?.kind === "folder") {
      for (const name of view.list(path)) remove(`${path}/${name}`);
      ops.removeFolder(path);
    } else if (status) ops.remove(path);
  };
  remove(FOLDER);
}

/**
 * Tries one login, and tells how it went; an error speaks against the candidate. The folder has to be open, the
 * PAM service in its place. Throws a sentence when it could not be tried, and the signal's reason.
 */
export async function runCanary(
  canary: Canary,
  { view }: Host,
  signal?: AbortSignal,
  ops: Operations = operations,
): Promise<Finding[]> {
  if (canary.keyType !== undefined && !view.status(KEY)) await makeKey(canary.keyType, view, ops);
  const attend = async (prefix: readonly string[]): Promise<Evidence> => {
    for (const path of Object.values(LOGS)) if (view.status(path)) ops.remove(path);
    const code = await meet([...prefix, ...canary.server], canary.client, {
      env: canary.env,
      terminal: canary.kind === "person",
      seconds: canary.seconds,
      ...signal && { signal },
    });
    const [ssh, sshd, wpam] = [LOGS.ssh, LOGS.sshd, LOGS.wpam].map((path) => view.read(path) ?? "");
    return { code, ssh: ssh!, sshd: sshd!, wpam: wpam! };
  };
  const enforcing = view.read("/sys/fs/selinux/enforce")?.trim() === "1";
  const confined = enforcing && view.status("/run/systemd/system") !== undefined;
  if (confined) {
    const evidence = await attend(CONFINED);
    if (evidence.sshd !== "") return judgeCanary(canary, evidence);
  }
  const findings = judgeCanary(canary, await attend([]));
  return enforcing ? [...findings, UNCONFINED] : findings;
}

/** From a root shell sshd would be free of the rules that SELinux has for it. */
const CONFINED = ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--"];
const UNCONFINED: Finding = {
  id: "canary-unconfined",
  severity: "warning",
  seen:
    "SELinux keeps sshd from a test like this, so it was tried without SELinux's rules for sshd.",
  fix: { text: "Log in from another terminal before you confirm.", commands: [] },
};

async function makeKey(type: string, view: View, ops: Operations): Promise<void> {
  const argv = ["ssh-keygen", "-q", "-t", type, "-N", "", "-C", SERVICE, "-f", KEY];
  const { code, err } = await ops.run(argv);
  if (code !== 0) throw new Error(`No key can be made for the test login: ${err.trim()}.`);
  ops.writeNew(AUTHORIZED, toBytes(view.read(`${KEY}.pub`)!), 0o644, 0, 0);
}
