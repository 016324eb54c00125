// Makes throw-away certificates in memory, in the shapes that a TLS client must accept or refuse.
// It never touches the disk, and nothing it makes is trusted by anybody who was not told to.
// Called by the fake Werbot service and by tests that need a trust anchor of their own.

import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const hour = 3_600_000;

/** Describes whom a leaf stands for, and when. */
export interface Subject {
  /** Is the first name when absent. */
  readonly commonName?: string;
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Whether it is called an authority, though its key may not sign certificates. */
  readonly authority?: boolean;
  /** The OID of what it is for, in place of being a server. */
  readonly use?: string;
}

/** Holds what a TLS server presents, in PEM. */
export interface Identity {
  readonly chain: string;
  readonly key: string;
}

/** Issues leaves as a private certificate authority. */
export class Authority {
  /** Gives the certificate that clients should trust, in PEM. */
  readonly certificate: string;
  readonly #issuer: X509Certificate;
  readonly #key: CryptoKey;

  private constructor(issuer: X509Certificate, key: CryptoKey) {
    this.certificate = issuer.toString("pem");
    this.#issuer = issuer;
    this.#key = key;
  }

  /** Creates an authority with a key of its own. */
  static async create(name = "Fake Authority"): Promise<Authority> {
    const keys = await makeKeys();
    const issuer = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      signingAlgorithm: algorithm,
      ...validity({}),
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    });
    return new Authority(issuer, keys.privateKey);
  }

  /** Issues a leaf for a subject. */
  async issue(subject: Subject): Promise<Identity> {
    const keys = await makeKeys();
    const leaf = await X509CertificateGenerator.create({
      issuer: this.#issuer.subjectName,
      subject: commonName(subject),
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: algorithm,
      ...validity(subject),
      extensions: leafExtensions(subject, false),
    });
    return identity(leaf, keys.privateKey);
  }
}

/** Makes a leaf that signed itself; with `authority` it is CA:TRUE, as `openssl req -x509` makes it. */
export async function selfSign(subject: Subject, authority = false): Promise<Identity> {
  const keys = await makeKeys();
  const leaf = await X509CertificateGenerator.createSelfSigned({
    name: commonName(subject),
    keys,
    signingAlgorithm: algorithm,
    ...validity(subject),
    extensions: leafExtensions(subject, authority),
  });
  return identity(leaf, keys.privateKey);
}

function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function commonName(subject: Subject): string {
  return `CN=${subject.commonName ?? subject.names?.[0] ?? "fake"}`;
}

function validity(subject: Subject): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: subject.notBefore ?? new Date(Date.now() - hour),
    notAfter: subject.notAfter ?? new Date(Date.now() + 90 * 24 * hour),
  };
}

function leafExtensions(subject: Subject, authority: boolean): Extension[] {
  const names: JsonGeneralName[] = [
    ...(subject.names ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(subject.addresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const common = [
    new BasicConstraintsExtension(authority || subject.authority === true, undefined, true),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
  ];
  if (authority) return common;
  const use = subject.use ?? ExtendedKeyUsage.serverAuth;
  return [
    ...common,
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([use]),
  ];
}

async function identity(leaf: X509Certificate, key: CryptoKey): Promise<Identity> {
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", key);
  return { chain: leaf.toString("pem"), key: PemConverter.encode(pkcs8, "PRIVATE KEY") };
}
