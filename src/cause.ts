/**
 * What broke a connection, in words for an administrator instead of the runtime's own.
 *
 * Knows texts only, and never whether to trust: api.ts, which uses it, goes by the kind of an error.
 */

type Sentence = (found: RegExpExecArray, ownAnchors: boolean) => string;

/** What the runtime says, after "invalid peer certificate: " if that is how it begins; what we say. */
const SENTENCES: readonly (readonly [RegExp, Sentence])[] = [
  [
    /^UnknownIssuer$/,
    (_, ownAnchors) =>
      ownAnchors
        ? "the certificate's issuer is not in ca.pem, which alone is trusted"
        : "the certificate's issuer is not trusted: an authority of your own belongs in ca.pem",
  ],
  [
    /^Other\(OtherError\(CaUsedAsEndEntity\)\)$/,
    () => "the server shows an authority's certificate as its own",
  ],
  [
    /^certificate does not allow extended key usage for server authentication/,
    () => "the certificate is not for a server (extendedKeyUsage)",
  ],
  [
    /^certificate expired: .* after ([0-9]{1,11}) /,
    ([, time]) => `the certificate expired on ${formatTime(time!)}`,
  ],
  [
    /^certificate not valid yet: .* before ([0-9]{1,11}) /,
    ([, time]) =>
      `the certificate is not valid before ${formatTime(time!)}: check this host's clock`,
  ],
  [
    /^certificate not valid for name "(.+?)"; certificate is only valid for (.+)$/,
    ([, name, others]) => `the certificate is not for ${name} but for ${unwrapNames(others!)}`,
  ],
  [
    /^certificate not valid for name "(.+?)"; certificate is not valid for any names/,
    ([, name]) => `the certificate is not for ${name}: it names no host (subjectAltName)`,
  ],
  [
    /^received corrupt message of type InvalidContentType/,
    () => "the answer is not TLS: is this the HTTPS port?",
  ],
  [
    /^(connection reset|transport endpoint is not connected)/i,
    () => "the connection was reset",
  ],
  [/^(peer closed connection|unexpected end of file|broken pipe)/i, () => "the connection was cut"],
  [/^Client network socket disconnected/, () => "the connection was cut"],
];

function formatTime(unixSeconds: string): string {
  const iso = new Date(Number(unixSeconds) * 1000).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Turns `DnsName("a.example") or IpAddress(192.0.2.1)` into `a.example or 192.0.2.1`. */
function unwrapNames(names: string): string {
  return names.replace(/DnsName\("([^"\\]*)"\)|IpAddress\(([^)]*)\)/g, "$1$2");
}

/**
 * Says in one line what went wrong; words that are not known stay as they are. `ownAnchors`: ca.pem
 * stands in for the system's trust store.
 */
export function nameCause(error: unknown, ownAnchors = false): string {
  const message = error instanceof Error ? error.message : String(error);
  const text = message.split("\n")[0]!.replace(/ \(os error \d+\)$/, "");
  const words = text.replace(/^invalid peer certificate: /, "");
  for (const [pattern, sentence] of SENTENCES) {
    const found = pattern.exec(words);
    if (found) return sentence(found, ownAnchors);
  }
  return text;
}
