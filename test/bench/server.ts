// Werbot and, if wanted, Duo in a process of their own, so that what they take is not charged to who asks them.
// Prints one line of JSON that says where they are, then for each line of its standard input how many TLS handshakes
// Werbot has seen, and ends with that input. Called by test/bench/world.ts.
//
//   server.ts ADDRESS NAME [duo]      ADDRESS: where to listen; NAME: what the certificates are for

import { Authority } from "../fake/certificate.ts";
import { Werbot } from "../fake/werbot.ts";
import { BIG_ID, ID, type Place } from "./world.ts";

/** Bytes of the largest answer: a helper takes at most 65,536. */
const BIG = 65_000;

/** A document of texts and documents. */
interface Document {
  readonly [name: string]: string | Document;
}

function writeInt32(value: number): string {
  return String.fromCharCode(value & 255, value >> 8 & 255, value >> 16 & 255, value >> 24 & 255);
}

/** Encodes a document as BSON, one character a byte. */
function encodeBson(document: Document): string {
  const elements = Object.entries(document).map(([name, value]) =>
    typeof value === "string"
      ? `\x02${name}\0${writeInt32(value.length + 1)}${value}\0`
      : `\x03${name}\0${encodeBson(value)}`
  ).join("");
  return `${writeInt32(elements.length + 5)}${elements}\0`;
}

/** Stands in for Duo as pam_duo asks it for a passcode; returns the authority that it has to trust. */
async function serveDuo(hostname: string, name: string): Promise<string> {
  const authority = await Authority.create();
  const { chain, key } = await authority.issue({ names: [name] });
  const answers: Record<string, Document> = {
    "/rest/v1/preauth.bson": {
      result: "auth",
      prompt: "Passcode: ",
      factors: { default: "passcode" },
    },
    "/rest/v1/auth.bson": { txid: "1" },
    "/rest/v1/status.bson": { result: "allow", status: "Success" },
  };
  Deno.serve({ hostname, port: 443, cert: chain, key, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    const response = answers[pathname];
    if (response === undefined) console.error(`Duo is asked for ${pathname}`);
    const text = encodeBson(response === undefined ? { stat: "FAIL" } : { stat: "OK", response });
    return new Response(Uint8Array.from(text, (byte) => byte.charCodeAt(0)));
  });
  return authority.certificate;
}

const [hostname, name, duo] = Deno.args as [string, string, string | undefined];
const users = [{ id: ID }, { id: BIG_ID }];
const werbot = await Werbot.start({ hostname, names: [name], users, reuse: true });
werbot.behaveFor(BIG_ID, `big ${BIG}`);
const place: Place = {
  address: `${name}:${werbot.port}`,
  ca: werbot.ca,
  serviceID: werbot.serviceID,
  serviceKey: werbot.serviceKey,
  url: werbot.url(ID),
  duoCa: duo === undefined ? "" : await serveDuo(hostname, name),
};
console.log(JSON.stringify(place));
while (await Deno.stdin.read(new Uint8Array(1)) !== null) console.log(werbot.handshakes);
for (const violation of werbot.violations) console.error(violation);
Deno.exit(werbot.violations.length > 0 ? 1 : 0);
