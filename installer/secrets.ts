/**
 * The secrets of this machine's settings, so that they can be kept out of what is shown, whoever wrote it there.
 *
 * Called by doctor, log and test.
 */
import { scrub } from "../src/log.ts";
import { Secret } from "../src/secret.ts";
import type { Host } from "./host.ts";
import { findOurLines, findPlaces } from "./our_lines.ts";
import { listServices, readPam } from "./sources.ts";
import { readKeys } from "./wpam_conf.ts";

/** Collects what must not be shown: service keys and passwords of proxies, from wpam.conf and all PAM lines. */
export function listSecrets(host: Host): Secret[] {
  const pam = readPam(host);
  const services = listServices(host);
  const words = services.flatMap((service) =>
    [...(attempt(() => pam.read(service)) ?? "").matchAll(/\b(service_key|http_proxy)=([^\s\]]+)/g)]
      .map(([, , value]) => value!)
  );
  const [line] = attempt(() => findOurLines(pam, ["sshd"])) ?? [];
  const conf = attempt(() => host.view.read(findPlaces(line?.arguments ?? []).conf)) ?? "";
  const settings = [...readKeys(conf).values()].filter((value) => value instanceof Secret);
  const values = [...words, ...settings.map((secret) => secret.reveal())].flatMap((value) => {
    if (!/^http:\/\//.test(value)) return [value];
    // Of a proxy the password is the secret.
    const password = /^http:\/\/[^:@/]*:([^@/]*)@/.exec(value)?.[1] ?? "";
    return [password, attempt(() => decodeURIComponent(password)) ?? ""];
  });
  return [...new Set(values)].map((value) => new Secret(value));
}

/** Copies values with all their texts, from which the secrets are blanked. */
export function blank<T>(value: T, secrets: readonly Secret[]): T {
  return JSON.parse(
    JSON.stringify(value),
    (_, inner) => typeof inner === "string" ? scrub(inner, secrets) : inner,
  );
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
