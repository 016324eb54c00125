/**
 * What the end of a login means, and the likely mend: one table, by outcome and reason.
 *
 * A reason of Werbot's is a hint and never decides anything. Values in, sentences out. Called by log, test and the
 * checks of Werbot.
 */
import type { Outcome } from "../src/policy.ts";

/** What to tell about a login. */
export interface Advice {
  readonly meaning: string;
  /** What to do; empty where nothing has to be done. */
  readonly mend: string;
}

type Row = readonly [reason: RegExp, meaning: string, mend: string];

const ALLOWED: readonly Row[] = [
  [
    /^left to sshd/,
    "A public key logged in, and key_logins=leave leaves that to sshd.",
    "",
  ],
  [
    /^offline with another factor/,
    "Werbot could not be reached, and this offline user had shown another factor.",
    "Find out why by: wpam doctor",
  ],
  [
    /^offline with a code/,
    "Werbot could not decide, and this offline user had an offline code, which is spent now.",
    "Find out why by: wpam doctor",
  ],
  [
    /^offline without a factor/,
    "Werbot could not be reached, and offline_factor=none asks offline users for nothing.",
    "Set offline_factor to required: whoever blocks the network gets in.",
  ],
  [/^/, "Werbot let the user in.", ""],
];

const DENIED: readonly Row[] = [
  [
    /well-formed answer/,
    "The answers were no Werbot ID and no code, in all attempts.",
    "An ID is an email or a user name; a code is six digits, or empty for a U2F key.",
  ],
  [
    /^sshd does not let/,
    "sshd would not have let this user in, whatever the answers.",
    "Look at PermitRootLogin, AllowUsers and DenyUsers, and whether the user exists.",
  ],
  [
    /conversation error/,
    "The program could not ask: it has no terminal, or the client left.",
    "Log in by ssh with keyboard-interactive; sshd's own password method cannot ask for an ID.",
  ],
  [
    /not valid UTF-8/,
    "The name of the unix user is no text.",
    "Rename the user.",
  ],
  [
    /polic|not assigned|not allowed|no access/i,
    "Werbot knows the ID, but does not let it into this unix account.",
    "In Werbot, give the user a policy for this service and this unix account.",
  ],
  [
    /user.*(not found|unknown)|unknown user|no such user/i,
    "Werbot does not know this ID.",
    "Look for a typing error; the ID is the email or the user name in Werbot.",
  ],
  [
    /already used|reused|spent/i,
    "The code was right, and had been used before.",
    "Wait for the next code.",
  ],
  [
    /device|no answer|request rejected|U2F|timed? ?out/i,
    "Nobody confirmed on a device of the user in time, or somebody declined.",
    "Try again with the device at hand, or type a code.",
  ],
  [
    /service|agent|\bkey\b|credential|unauthori[sz]ed|forbidden|licen[cs]e/i,
    "Werbot does not accept this service.",
    "Compare service_id and service_key with Werbot: wpam install --service-key-file FILE",
  ],
  [
    /code|totp|otp|token/i,
    "The code was wrong.",
    "If it is so for everybody, look at the clocks: wpam doctor --only clock",
  ],
  [
    /^/,
    "Werbot refused this login.",
    "Look in Werbot at the user, the policies of this service, and its own log.",
  ],
];

const UNREACHABLE: readonly Row[] = [
  [
    /lookup|resolve|name or service|no such host|\.invalid:/i,
    "The name of the server could not be looked up.",
    "Look at server_url and /etc/resolv.conf.",
  ],
  [
    /proxy/i,
    "The proxy gave no way to Werbot.",
    "Look at http_proxy and at the proxy's own log.",
  ],
  [
    /refused/i,
    "Nothing listens at that address and port, or a firewall says so.",
    "Look at server_url, and whether the server runs.",
  ],
  [
    /no connection within|timed out|unreachable|no route/i,
    "Nothing came back from that address.",
    "Look at the firewall, at the route, and at http_proxy.",
  ],
  [
    /reset|cut|hung up/i,
    "Something on the way ended the connection before TLS was up.",
    "Look at firewalls on the way, at the server, and at a proxy before it.",
  ],
  [/^/, "Werbot could not be reached.", "Find out why by: wpam doctor"],
];

const UNDECIDED: readonly Row[] = [
  [
    /HTTP 401/,
    "Werbot does not know this service, or its key.",
    "Compare service_id and service_key with Werbot: wpam install --service-key-file FILE",
  ],
  [
    /HTTP 403/,
    "Werbot, or a gateway before it, does not let this machine ask.",
    "Look in Werbot at the networks of this service, and at the gateway.",
  ],
  [
    /HTTP 404|HTTP 405/,
    "What answers there is not Werbot's API.",
    "Look at server_url.",
  ],
  [
    /HTTP 3\d\d/,
    "The server sends us elsewhere, and wpam does not follow.",
    "Write the address that it names into server_url.",
  ],
  [/HTTP 429/, "Werbot gets too many requests.", "Wait, and look who asks so often."],
  [
    /HTTP 5\d\d/,
    "Werbot, or a gateway before it, has a problem of its own.",
    "Look at the server's own log.",
  ],
  [
    /no answer within|cut|reset/,
    "The question was sent, and no whole answer came.",
    "Look at the server's load and at proxies on the way; timeout is how long wpam waits.",
  ],
  [
    /^/,
    "What answered does not speak as Werbot does.",
    "Look at server_url, and at gateways on the way.",
  ],
];

const UNTRUSTED: readonly Row[] = [
  [
    /not TLS|InvalidContentType/,
    "What answers at that port does not speak TLS.",
    "Look at the port in server_url.",
  ],
  [
    /not valid before/,
    "The certificate is of the future, as this machine's clock has it.",
    "Set the clock: timedatectl set-ntp true",
  ],
  [
    /expired/,
    "The certificate of the server is over, or this machine's clock is ahead.",
    "Renew the certificate on the server, or set the clock.",
  ],
  [
    /issuer is not in ca\.pem/,
    "The server's certificate is of an authority that is not in ca.pem.",
    "Put that authority into /etc/wpam/ca.pem, or remove the file if it is a public one.",
  ],
  [
    /issuer is not trusted/,
    "The server's certificate is of an authority that this machine does not know.",
    "Put an authority of your own into /etc/wpam/ca.pem; else install ca-certificates.",
  ],
  [
    /certificate is not for/,
    "The server's certificate has another name than server_url.",
    "Write one of the names in the certificate into server_url.",
  ],
  [
    /^/,
    "The server could not prove that it is Werbot; somebody may be in the middle.",
    "Look at server_url and at the server's certificate before you do anything else.",
  ],
];

const MISCONFIGURED: readonly Row[] = [
  [
    /^wpam\.conf|^PAM argument|^ca\.pem/,
    "A setting is missing or wrong, and then nobody gets in.",
    "Mend the line that the reason names; docs/settings.md tells what it may be.",
  ],
  [
    /chown|chmod|symbolic link|not a regular file/,
    "Others than root could have written a file that a login needs.",
    "Run the command in the reason: first look who has changed the file.",
  ],
  [
    /system user wpam/,
    "The user that the login helper runs as is not there.",
    "Add it: wpam install",
  ],
  [
    /module speaks version|verdict that is not|unknown frame|broken frame/,
    "The PAM module and the login helper are of different versions.",
    "Install both again: make install, then wpam install",
  ],
  [
    /proxy refuses/,
    "The proxy does not let wpam through.",
    "Look at the user and password in http_proxy.",
  ],
  [
    /no such file/i,
    "A file that a login needs is missing.",
    "Install wpam again: make install, then wpam install",
  ],
  [
    /could not be started|exit status|signal|could not be confined|had to be killed|helper/,
    "The login helper did not do its work.",
    "Find out why by: wpam doctor --only helper-answers",
  ],
  [/^/, "wpam is set up wrongly, and then nobody gets in.", "Find out why by: wpam doctor"],
];

const TABLE: Readonly<Record<Outcome, readonly Row[]>> = {
  allowed: ALLOWED,
  denied: DENIED,
  unreachable: UNREACHABLE,
  undecided: UNDECIDED,
  untrusted: UNTRUSTED,
  misconfigured: MISCONFIGURED,
};

/** The outcomes, as the log names them. */
export const OUTCOMES = Object.keys(TABLE) as Outcome[];

/** Finds what an outcome with its reason means; the first row that fits. */
export function advise(outcome: Outcome, reason: string): Advice {
  const [, meaning, mend] = TABLE[outcome].find(([pattern]) => pattern.test(reason))!;
  return { meaning, mend };
}

/** Tells whether a refusal may be about the service rather than about a made-up user. */
export function isAboutService(reason: string): boolean {
  return advise("denied", reason).meaning.startsWith("Werbot does not accept");
}

/** Lines of sshd and libpam whose words tell little. */
const SYSTEM: readonly (readonly [line: RegExp, meaning: string])[] = [
  [
    /unable to dlopen\(.*pam_wpam|adding faulty module: .*pam_wpam/,
    "PAM could not load pam_wpam.so.",
  ],
  [/unable to dlopen|adding faulty module/, "PAM could not load a module of the stack."],
  [/PAM: Module is unknown/, "PAM could not load a module of the stack."],
  [/PAM: initialisation failed|pam_start/, "PAM could not read the service file."],
  [/no authentication methods enabled/i, "sshd has no way to log in to offer that user."],
  [/Access denied for user .* by PAM account/, "An account line of the stack refused a login."],
  [/Missing privilege separation directory/, "The folder that sshd locks itself into is missing."],
  [/penalty:|drop connection .* penalty/, "sshd shut an address out after refused logins."],
  [/Internal error: PAM auth succeeded when/, "A module accepted a user whom sshd bars."],
];

/** Finds what a line of the system's log means; undefined for one that is not known. */
export function explainLine(line: string): string | undefined {
  return SYSTEM.find(([pattern]) => pattern.test(line))?.[1];
}
