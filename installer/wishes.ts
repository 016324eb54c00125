/**
 * What the administrator wants: the options, then what this machine has already, then questions, then defaults.
 *
 * It looks at values only and changes nothing. Without a terminal it never asks, and names the option that is
 * missing. Called by install.ts.
 */
import { type Key, SETTINGS } from "../src/config.ts";
import { Secret } from "../src/secret.ts";
import type { InstallOptions } from "./command.ts";
import type { Predecessor } from "./pam_file.ts";
import type { Login } from "./pam_plan.ts";
import { Stop } from "./report.ts";
import { isSecret, type Values } from "./wpam_conf.ts";

/** What this machine has already. */
export interface Found {
  /** The settings in wpam.conf. */
  readonly conf: ReadonlyMap<Key, string | Secret>;
  /** The settings on PAM lines of the Go predecessor. */
  readonly predecessor: ReadonlyMap<Key, string | Secret>;
  /** Whether those lines check public-key logins with Werbot. */
  readonly checksKeys: boolean;
  /** How wpam is set up already; undefined when it is not. */
  readonly installed: { readonly login: Login; readonly services: readonly string[] } | undefined;
  /** Whether the PAM lines ask for a password at all. */
  readonly password: boolean;
}

/** What is to be. */
export interface Wishes {
  readonly login: Login;
  readonly services: readonly string[];
  readonly alongside: boolean;
  /** What wpam.conf is to say; keys that are not here stay as they are. */
  readonly values: Values;
}

/** A person at a terminal. */
export interface Terminal {
  /** Asks one question and returns the answer, the standard one for an empty line. */
  ask(question: string, options?: { standard?: string; hidden?: boolean }): Promise<string>;
}

const USAGE = 2;
const SERVER = "api.werbot.com";
const MISSING: Partial<Record<Key, string>> = {
  service_id: "The ID of the service is missing: give it with --service-id, as Werbot shows it.",
  service_key:
    "The key of the service is missing: give it with --service-key-file, as Werbot shows it.",
};
/** What stands where something would have to be asked for a plan that is only shown. */
const GAP = "...";
const QUESTIONS: Partial<Record<Key, string>> = {
  server_url: "Werbot server",
  service_id: "Service ID, as Werbot shows it",
  service_key: "Service key, as Werbot shows it (not shown here)",
};
const LOGINS: readonly Login[] = ["password,werbot", "key,werbot", "werbot"];

/** Reads the settings on the predecessor's lines, which had the same names; what wpam would refuse is left out. */
export function readPredecessor(lines: readonly Predecessor[]): Map<Key, string | Secret> {
  const found = new Map<Key, string | Secret>();
  for (const word of lines.flatMap((line) => line.arguments)) {
    const [, key = "", value = ""] = /^([a-z_]+)=(.*)$/.exec(word) ?? [];
    if (!Object.hasOwn(SETTINGS, key) || found.has(key as Key)) continue;
    if (SETTINGS[key as Key].read(value) === undefined) continue;
    found.set(key as Key, isSecret(key as Key) ? new Secret(value) : value);
  }
  return found;
}

/** Decides what is wanted, and asks the person, if there is one, for what nobody has said yet. */
export async function decideWishes(
  options: InstallOptions,
  found: Found,
  terminal: Terminal | undefined,
): Promise<Wishes> {
  const { installed } = found;
  // What is only shown need not be complete.
  const shown = options.dryRun || options.printManual;
  const [person, gap] = shown ? [undefined, GAP] : [terminal, undefined];
  const values = new Map<Key, string | Secret | undefined>();
  const given = readOptions(options);
  for (const key of ["server_url", "service_id", "service_key"] as const) {
    const standard = found.predecessor.get(key) ?? (key === "server_url" ? SERVER : undefined);
    const value = given.get(key) ?? found.conf.get(key) ??
      (person ? await askFor(key, standard, person) : standard ?? gap);
    if (value === undefined) throw new Stop(USAGE, MISSING[key] ?? `${key} is missing.`);
    values.set(key, typeof value === "string" && isSecret(key) ? new Secret(value) : value);
  }
  for (const [key, value] of found.predecessor) if (!found.conf.has(key)) values.set(key, value);
  for (const [key, value] of given) values.set(key, value);
  values.set("key_logins", await decideKeyLogins(options, found, person));
  const login = options.login ?? installed?.login ??
    await askLogin(found.password ? "password,werbot" : "werbot", person);
  return {
    login,
    services: options.service ?? installed?.services ?? ["sshd"],
    alongside: options.alongside ?? false,
    values,
  };
}

/** Turns options into settings; a switch that was turned off leaves its line to the default. */
function readOptions(options: InstallOptions): Map<Key, string | Secret | undefined> {
  const given = new Map<Key, string | Secret | undefined>();
  const add = (key: Key, value: string | Secret | undefined) => {
    if (value !== undefined) given.set(key, value);
  };
  add("server_url", options.serverUrl);
  add("service_id", options.serviceId);
  add("service_key", options.serviceKey);
  add("offline_users", options.offlineUsers);
  for (
    const [key, on] of [
      ["debug", options.debug],
      ["insecure_skip_verify", options.insecureSkipVerify],
    ] as const
  ) {
    if (on !== undefined) given.set(key, on ? "true" : undefined);
  }
  return given;
}

async function askFor(
  key: Key,
  standard: string | Secret | undefined,
  terminal: Terminal,
): Promise<string | Secret> {
  // What is already known of a secret is kept without showing it.
  if (standard instanceof Secret) return standard;
  const hidden = isSecret(key);
  for (let hint = "";; hint = `It must be ${SETTINGS[key].range}. `) {
    const options = { hidden, ...standard === undefined ? {} : { standard } };
    const answer = (await terminal.ask(`${hint}${QUESTIONS[key]}`, options)).trim();
    if (SETTINGS[key].read(answer) !== undefined) return hidden ? new Secret(answer) : answer;
  }
}

async function decideKeyLogins(
  options: InstallOptions,
  { conf, installed, checksKeys }: Found,
  terminal: Terminal | undefined,
): Promise<string | undefined> {
  const known = options.keyLogins ?? conf.get("key_logins")?.toString();
  // Nobody wrote it: then it was meant to be as the parser has it.
  if (known !== undefined || (installed && conf.size > 0)) return known;
  const standard = checksKeys ? "check" : "leave";
  const question = "Public-key logins: left to sshd, or checked with Werbot";
  return terminal ? await choose(terminal, question, standard, ["leave", "check"]) : standard;
}

async function askLogin(standard: Login, terminal: Terminal | undefined): Promise<Login> {
  return terminal
    ? await choose(terminal, "Logins without a key ask for", standard, LOGINS)
    : standard;
}

async function choose<T extends string>(
  terminal: Terminal,
  question: string,
  standard: T,
  words: readonly T[],
): Promise<T> {
  for (;;) {
    const answer = await terminal.ask(`${question} (${words.join(" | ")})`, { standard });
    const word = words.find((word) => word === answer.trim());
    if (word !== undefined) return word;
  }
}

/** Tells, in sentences, what the settings mean for who gets in. */
export function warnOfSettings({ login, values }: Wishes): string[] {
  const says = (key: "key_logins" | "insecure_skip_verify" | "offline_users", value?: string) => {
    const found = values.get(key);
    return found instanceof Secret ? false : value === undefined ? !!found : found === value;
  };
  return [
    ...login !== "key,werbot" && says("key_logins", "leave")
      ? ["A public key still logs in without Werbot, as before."]
      : [],
    ...says("key_logins", "check")
      ? [
        "Public-key logins are checked with Werbot under the unix user's name; who has none is shut out.",
      ]
      : [],
    ...says("insecure_skip_verify", "true")
      ? ["Any certificate of the server is accepted: whoever is in the middle can let himself in."]
      : [],
    ...says("offline_users")
      ? [
        "While Werbot cannot be reached, offline users get in by another factor or an offline code.",
      ]
      : ["While Werbot cannot be reached, nobody gets in through wpam; keep a console or a key."],
  ];
}
