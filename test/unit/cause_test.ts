/**
 * src/cause.ts: what an administrator reads for each text that Deno has been seen to give.
 */
import assert from "node:assert/strict";
import { nameCause } from "../../src/cause.ts";

/** Texts of Deno 2.9.5, each from a fake server that behaves so; and of a certificate's names. */
const seen: Record<string, string> = {
  "invalid peer certificate: UnknownIssuer":
    "the certificate's issuer is not trusted: an authority of your own belongs in ca.pem",
  "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))":
    "the server shows an authority's certificate as its own",
  "invalid peer certificate: certificate expired: verification time 1795486428 (UNIX), but certificate is not valid after 1795400028 (86400 seconds ago)":
    "the certificate expired on 2026-11-23 02:13 UTC",
  "invalid peer certificate: certificate not valid yet: verification time 1795486428 (UNIX), but certificate is not valid before 1795572828 (86400 seconds in future)":
    "the certificate is not valid before 2026-11-25 02:13 UTC: check this host's clock",
  'invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("wrong.example")':
    "the certificate is not for 127.0.0.1 but for wrong.example",
  'invalid peer certificate: certificate not valid for name "werbot.test"; certificate is only valid for DnsName("*.example.com"), IpAddress(192.0.2.1) or IpAddress(2001:db8::1)':
    "the certificate is not for werbot.test but for *.example.com, 192.0.2.1 or 2001:db8::1",
  'invalid peer certificate: certificate not valid for name "werbot.test"; certificate is not valid for any names (according to its subjectAltName extension)':
    "the certificate is not for werbot.test: it names no host (subjectAltName)",
  "invalid peer certificate: certificate does not allow extended key usage for server authentication, allows 1, 3, 6, 1, 4, 1, 567, 10, 3, 3":
    "the certificate is not for a server (extendedKeyUsage)",
  "received corrupt message of type InvalidContentType":
    "the answer is not TLS: is this the HTTPS port?",
  "received corrupt message of type InvalidContentType (SSL routines:ssl3_get_record:wrong version number)":
    "the answer is not TLS: is this the HTTPS port?",
  "connection reset": "the connection was reset",
  "Connection reset by peer (os error 104)": "the connection was reset",
  "Transport endpoint is not connected (os error 107)": "the connection was reset",
  "unexpected end of file": "the connection was cut",
  "Broken pipe (os error 32)": "the connection was cut",
  "Client network socket disconnected before secure TLS connection was established":
    "the connection was cut",
  "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest/rustls/manual/_03_howto/index.html#unexpected-eof":
    "the connection was cut",
};

for (const [runtime, sentence] of Object.entries(seen)) {
  Deno.test(`nameCause() says: ${sentence} (${runtime.slice(0, 48)})`, () => {
    assert.equal(nameCause(new Error(runtime)), sentence);
  });
}

Deno.test("nameCause() tells an issuer that ca.pem lacks from one that the system lacks", () => {
  assert.equal(
    nameCause(new Error("invalid peer certificate: UnknownIssuer"), true),
    "the certificate's issuer is not in ca.pem, which alone is trusted",
  );
});

Deno.test("nameCause() keeps words that it does not know, in one line", () => {
  for (
    const text of [
      "received fatal alert: HandshakeFailure",
      "invalid peer certificate: BadSignature",
      "invalid peer certificate: certificate expired: verification time 1 (UNIX), but certificate is not valid after 999999999999999 (0 seconds ago)",
      "something: https://example.com/ about UnknownIssuer",
      "",
    ]
  ) assert.equal(nameCause(new Error(text)), text);
  assert.equal(nameCause(new Error("Connection refused (os error 111)")), "Connection refused");
  assert.equal(nameCause(new Error("first\nsecond")), "first");
  assert.equal(nameCause("a text"), "a text");
});
