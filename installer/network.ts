/**
 * A look at the way to a server, stage by stage: its addresses, a connection to each, and the certificate it shows.
 *
 * It sends nothing but a TLS greeting, trusts nothing that it sees and changes nothing: whether a login would trust
 * the server is for src/api.ts to say. Called by the checks of Werbot.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";

/** One address of a name. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Why a stage failed, in the words of the system. */
export interface Failure {
  readonly reason: string;
}

/** A certificate, as the server shows it. */
export interface Certificate {
  /** The version of TLS. */
  readonly protocol: string;
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

/** Looks a name up as a login does, in the hosts file and in DNS, for at most so many seconds. */
export async function findAddresses(
  host: string,
  seconds: number,
): Promise<readonly Address[] | Failure> {
  try {
    const found = await limit(lookup(host, { all: true }), seconds);
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  } catch (error) {
    return tell(error);
  }
}

/** Connects to an address and hangs up; undefined when that went well. */
export async function knockAt(
  { address }: Address,
  port: number,
  seconds: number,
): Promise<Failure | undefined> {
  try {
    const signal = AbortSignal.timeout(seconds * 1000);
    (await Deno.connect({ hostname: address, port, signal })).close();
    return undefined;
  } catch (error) {
    return error instanceof DOMException
      ? { reason: `no connection within ${seconds} s` }
      : tell(error);
  }
}

/** Reads the certificate that a server shows, whether or not it is to be trusted. */
export async function readCertificate(
  host: string,
  port: number,
  seconds: number,
): Promise<Certificate | Failure> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const name = isIP(host) ? {} : { servername: host };
  const options = {
    host,
    port,
    ...name,
    rejectUnauthorized: false,
    ca: [],
    ALPNProtocols: ["http/1.1"],
  };
  const socket: TLSSocket = connect(options, resolve);
  socket.once("error", reject);
  try {
    await limit(promise, seconds);
    const { valid_from, valid_to, issuer } = socket.getPeerCertificate();
    return {
      protocol: socket.getProtocol() ?? "unknown",
      issuer: [issuer?.O, issuer?.CN].flat().filter(Boolean).join(", ") || "unknown",
      from: Date.parse(valid_from),
      to: Date.parse(valid_to),
    };
  } catch (error) {
    return tell(error);
  } finally {
    socket.destroy();
  }
}

async function limit<T>(work: Promise<T>, seconds: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`no answer within ${seconds} s`)),
    seconds * 1000,
  );
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** The words of getaddrinfo(3) that tell little. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no such name",
  EAI_AGAIN: "no name server answers",
};

function tell(error: unknown): Failure {
  const code = error instanceof Error && "code" in error ? WORDS[`${error.code}`] : undefined;
  if (code !== undefined) return { reason: code };
  const text = error instanceof Error ? error.message : String(error);
  return { reason: text.split("\n")[0]!.replace(/ \(os error \d+\)$/, "") };
}
