/**
 * The checks of Werbot: the way there, stage by stage, and one question that it has to refuse.
 *
 * Settings and connection are those of a login (src/api.ts). The question is a made-up code of a made-up ID, never a
 * U2F request: nobody's phone rings.
 */
import { Connection, type Request, type Result } from "../src/api.ts";
import { Secret } from "../src/secret.ts";
import { advise, isAboutService } from "./advice.ts";
import {
  type Check,
  type Context,
  error,
  once,
  type Outcome,
  Unchecked,
  warning,
} from "./check.ts";
import { getPlaces, getSettings } from "./checks_conf.ts";
import { findAddresses, knockAt, readCertificate } from "./network.ts";

export const API_CHECKS: readonly Check[] = [
  {
    id: "api-name",
    title: "The name of the Werbot server is known",
    needs: ["config-parses"],
    root: true,
    run: checkName,
  },
  {
    id: "api-connect",
    title: "The Werbot server accepts connections",
    needs: ["api-name"],
    root: true,
    run: checkConnection,
  },
  {
    id: "api-reachable",
    title: "Werbot can be reached over TLS",
    needs: ["config-parses", "api-connect"],
    root: true,
    run: checkServer,
  },
  {
    id: "api-certificate",
    title: "The certificate of Werbot is good for two more weeks",
    needs: ["api-reachable"],
    root: true,
    run: checkCertificate,
  },
  {
    id: "api-answers",
    title: "Werbot knows this service, and refuses a made-up code",
    needs: ["api-reachable"],
    root: true,
    run: checkAnswer,
  },
  {
    id: "clock",
    title: "The clock is right",
    needs: ["api-reachable"],
    root: true,
    run: checkClock,
  },
];

/** Nobody's: an ID that no user has, and a code. */
const NOBODY = "wpam-doctor";
const NO_CODE = "000000";
/** Seconds for one address to answer. */
const PATIENCE = 5;
const DAY = 86_400_000;
const DAYS_SHORT = 14;
const DAYS_LAST = 3;
/** What a clock may be off: for a warning, and before codes do not match any more; in seconds. */
const DRIFT = 30;
const DRIFT_MAX = 90;

/** The first hop: the proxy where there is one. */
function getHop(context: Context): { host: string; port: number; key: string } {
  const { http_proxy, server_url } = getSettings(context);
  return http_proxy ? { ...http_proxy, key: "http_proxy" } : { ...server_url, key: "server_url" };
}

const findHop = once(async (context: Context) => {
  const begun = performance.now();
  const found = await findAddresses(getHop(context).host, PATIENCE);
  return { found, ms: performance.now() - begun };
});

async function checkName(context: Context): Promise<Outcome> {
  const { host, key } = getHop(context);
  const { found, ms } = await findHop(context);
  if (!("reason" in found)) return { findings: [], told: `name ${round(ms)}` };
  return [error(`The name ${host} cannot be looked up (${found.reason}).`, {
    where: getPlaces(context).conf,
    why: "Werbot cannot be reached, so nobody gets in by a code.",
    mend: `Look at ${key}, at /etc/resolv.conf, and at the name server.`,
  })];
}

async function checkConnection(context: Context): Promise<Outcome> {
  const { port, key } = getHop(context);
  const { found } = await findHop(context);
  const addresses = "reason" in found ? [] : found;
  const tried = await Promise.all(addresses.map(async (address) => {
    const begun = performance.now();
    const failure = await knockAt(address, port, PATIENCE);
    return { ...address, failure, ms: performance.now() - begun };
  }));
  const failed = tried.filter(({ failure }) => failure);
  const told = tried.filter(({ failure }) => !failure)
    .map(({ family, ms }) => `IPv${family} ${round(ms)}`).join(", ");
  if (failed.length === 0) return { findings: [], told };
  const [{ address, family, failure }] = failed as [typeof failed[0]];
  const target = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  if (failed.length === tried.length) {
    return [error(`No connection to ${target} comes about (${failure!.reason}).`, {
      where: getPlaces(context).conf,
      why: "Werbot cannot be reached, so nobody gets in by a code.",
      mend: `${advise("unreachable", failure!.reason).mend} The key is ${key}.`,
    })];
  }
  const seen = `No connection to ${target} comes about (${failure!.reason}), only to others.`;
  const finding = warning(seen, {
    why: `Logins that try IPv${family} first wait for it in vain.`,
    mend: `Mend the route or firewall for IPv${family}, or take that address out of DNS.`,
  });
  return { findings: [finding], told };
}

async function checkServer(context: Context): Promise<Outcome> {
  const settings = getSettings(context);
  const begun = performance.now();
  const connection = new Connection(settings, context.anchors);
  const failed = await connection.reach(settings.timeout);
  connection.close();
  if (!failed) return { findings: [], told: `TLS ${round(performance.now() - begun)}` };
  const { host, port } = settings.server_url;
  const { meaning, mend } = tellResult(failed);
  return [error(`The Werbot server ${host}:${port} cannot be used (${failed.reason}).`, {
    where: getPlaces(context).conf,
    why: meaning,
    mend,
  })];
}

async function checkCertificate(context: Context): Promise<Outcome> {
  const { server_url: { host, port }, http_proxy, insecure_skip_verify } = getSettings(context);
  if (http_proxy) throw new Unchecked("the proxy is in between");
  if (insecure_skip_verify) throw new Unchecked("insecure_skip_verify accepts any certificate");
  const found = await readCertificate(host, port, PATIENCE);
  if ("reason" in found) throw new Unchecked(found.reason);
  const days = Math.floor((found.to - Date.now()) / DAY);
  const told = `${found.protocol}, certificate good for ${days} days`;
  if (days >= DAYS_SHORT) return { findings: [], told };
  const end = new Date(found.to).toISOString().slice(0, 10);
  const tell = days < DAYS_LAST ? error : warning;
  const finding = tell(`The certificate of ${host}:${port} ends on ${end}, in ${days} days.`, {
    why: "From then on nobody gets in by a code, offline users neither.",
    mend: `Renew it on the server; it is issued by ${found.issuer}.`,
  });
  return { findings: [finding], told };
}

interface Probe {
  readonly result: Result;
  /** From the question to the answer, in ms. */
  readonly ms: number;
  /** This machine's time, half of that before the answer. */
  readonly at: number;
}

/** Asks Werbot once; only the check of the answer and that of the clock want to know. */
const probe = once(async (context: Context): Promise<Probe> => {
  const settings = getSettings(context);
  const request: Request = {
    serviceID: settings.service_id,
    serviceKey: settings.service_key,
    user: "root",
    tfaMethod: "totp",
    totpCode: new Secret(NO_CODE),
    userIP: "127.0.0.1",
    wID: NOBODY,
  };
  const connection = new Connection(settings, context.anchors);
  const failed = await connection.reach(settings.timeout);
  const begun = performance.now();
  const result = failed ?? await connection.post(request, settings.timeout);
  const ms = performance.now() - begun;
  return { result, ms, at: Date.now() - ms / 2 };
});

async function checkAnswer(context: Context): Promise<Outcome> {
  const { result, ms } = await probe(context);
  const told = `HTTP ${round(ms)}`;
  const { kind, reason } = result;
  const said = reason === "" ? "" : ` (${reason})`;
  if (kind === "granted") {
    return [error("Werbot lets in a made-up ID with the code 000000.", {
      why: "The service does not guard this machine: anybody passes without a second factor.",
      mend: "Look in Werbot at the policies of this service.",
    })];
  }
  if (kind === "refused" && !isAboutService(reason)) return { findings: [], told };
  const { meaning, mend } = tellResult(result);
  if (kind === "refused") {
    const seen = `Werbot refused a made-up ID and code, but perhaps any${said}.`;
    return { findings: [warning(seen, { why: meaning, mend })], told };
  }
  return [error(`Werbot gives no usable answer${said}.`, {
    where: getPlaces(context).conf,
    why: `${meaning} Nobody gets in by a code.`,
    mend,
  })];
}

async function checkClock(context: Context): Promise<Outcome> {
  const { result, at } = await probe(context);
  const server = Date.parse(result.answer?.date ?? "");
  if (Number.isNaN(server)) throw new Unchecked("the server does not tell its time");
  // The server cuts its seconds off.
  const ahead = Math.round((at - server - 500) / 1000);
  const seconds = Math.abs(ahead);
  if (seconds <= DRIFT) return [];
  const tell = seconds > DRIFT_MAX ? error : warning;
  const side = ahead > 0 ? "ahead of" : "behind";
  return [tell(`The clock of this machine is ${seconds} s ${side} Werbot's.`, {
    why: "Codes count for half a minute, and a certificate by its dates.",
    mend: "Set the clock, and have it kept.",
    run: context.host.view.status("/run/systemd/system") ? ["timedatectl set-ntp true"] : [],
  })];
}

/** Finds the words for a result as for the outcome that a login would have. */
function tellResult({ kind, reason }: Result) {
  return advise(kind === "granted" ? "allowed" : kind === "refused" ? "denied" : kind, reason);
}

function round(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
