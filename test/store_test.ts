// Whom the helper trusts: the system's store, or ca.pem in its place. Only inside test/sandbox.sh, where
// the system's store is a copy that a test may change. Called by `deno test`.

import assert from "node:assert/strict";
import { Authority } from "./fake/certificate.ts";
import { explainNoModule, findParts, makeTest, SANDBOX } from "./installed.ts";
import { playOnPam } from "./rung_pam.ts";
import { parseStory } from "./story.ts";

const test = makeTest(
  explainNoModule() ??
    (SANDBOX ? null : "the system's trust store is changed only inside test/sandbox.sh"),
);

/** Where systems keep all authorities in one file. */
const STORES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

const DIALOGUE = `[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- "{code}"
`;

/** Writes a story about a login that is allowed, or untrusted for this reason. */
function tell(reason: string | null, files = ""): string {
  const outcome = reason === null ? "allowed" : "untrusted";
  const line = reason === null
    ? "INFO: login allowed {...}"
    : `ERROR: login untrusted {...} reason="${reason}"`;
  const requests = reason === null ? 1 : 0;
  return `# Trust.\n[files]\n${files}\n${DIALOGUE}[outcome]\n${outcome}\n[log]\n${line}\n` +
    `[requests]\nrequests = ${requests}\n`;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Plays a story; if so asked, the system's store holds the fake server's authority meanwhile. */
async function play(source: string, inStore: boolean): Promise<void> {
  const store = STORES.find((path) => exists(path)) ?? assert.fail("no store");
  const before = await Deno.readTextFile(store);
  try {
    await playOnPam(parseStory("store", source), findParts(), async ({ werbot }) => {
      if (inStore) await Deno.writeTextFile(store, `${before}\n${werbot.ca}`);
    });
  } finally {
    await Deno.writeTextFile(store, before);
  }
}

test("without ca.pem an authority of the system's store is trusted", () =>
  play(tell(null, "ca.pem absent"), true));

test("without ca.pem an authority that is not in the system's store is not trusted", () =>
  play(
    tell(
      "the certificate's issuer is not trusted: an authority of your own belongs in ca.pem",
      "ca.pem absent",
    ),
    false,
  ));

test("with ca.pem an authority that only the system's store holds is not trusted", async () => {
  const { certificate } = await Authority.create("Another Authority");
  await play(
    tell(
      "the certificate's issuer is not in ca.pem, which alone is trusted",
      `ca.pem text ${JSON.stringify(certificate)}`,
    ),
    true,
  );
});

test("with ca.pem its authority is trusted, whatever the system's store holds", () =>
  play(tell(null), false));
