/**
 * installer/pam_plan.ts: what an edit would change, and where our lines go.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Code, type Library, removeModule } from "../../installer/pam_file.ts";
import { judge, type Login, type Plan, planPamFile, type Wish } from "../../installer/pam_plan.ts";
import {
  expandStack,
  type Finding,
  simulate,
  type Source,
  type Stack,
} from "../../installer/pam_stack.ts";

const source = (files: Record<string, string>, library: Library = "linux-pam"): Source => ({
  library,
  read: (name) => Object.hasOwn(files, name) ? files[name] : undefined,
});
const WISH: Wish = {
  service: "sshd",
  module: "pam_wpam.so",
  arguments: [],
  login: "password,werbot",
};
const OURS = "auth required pam_wpam.so\n";
const ids = (findings: readonly Finding[]) => findings.map(({ id }) => id);

/** Judges an auth part, given as text without the word `auth`, against the same with our line where `+` stands. */
function judgeText(
  lines: string,
  files: Record<string, string> = {},
  login: Login = WISH.login,
): Finding[] {
  const write = (line: string) =>
    line.trim() === "" || line.startsWith("@")
      ? line
      : line.startsWith("+")
      ? `auth ${line.slice(1)}`
      : `auth ${line}`;
  const text = lines.split("\n").map((line) => line.trim());
  const after = text.map(write).join("\n");
  const before = text.filter((line) => !line.startsWith("+")).map(write).join("\n");
  const expand = (sshd: string) => expandStack(source({ ...files, sshd }), "sshd", "auth");
  return judge(expand(before), expand(after), { login });
}

function expand(
  sshd: string,
  files: Record<string, string> = {},
  library: Library = "linux-pam",
): Stack {
  return expandStack(source({ ...files, sshd }, library), "sshd", "auth");
}

function plan(
  files: Record<string, string>,
  wish: Partial<Wish> = {},
  library: Library = "linux-pam",
): Plan {
  const planned = planPamFile(source(files, library), { ...WISH, ...wish });
  assert.ok("text" in planned, JSON.stringify(planned, null, 2));
  return planned;
}

function refuse(
  files: Record<string, string>,
  wish: Partial<Wish> = {},
  library: Library = "linux-pam",
): Finding {
  const planned = planPamFile(source(files, library), { ...WISH, ...wish });
  assert.ok("refusals" in planned, "text" in planned ? planned.text : "");
  return planned.refusals[0]!;
}

/** The text with markers shortened, as a reader would sum it up. */
const shorten = (text: string) =>
  text.replaceAll(/# wpam: begin .*\n/g, "<").replaceAll(/\n# wpam: end.*/g, ">");

Deno.test("judge() finds nothing against a line after a required password", () => {
  assert.deepEqual(ids(judgeText("requisite pam_unix.so\n+required pam_wpam.so")), []);
  assert.deepEqual(ids(judgeText("required pam_unix.so\n+required pam_wpam.so")), [
    "asked-in-vain",
  ]);
  assert.deepEqual(ids(judgeText("+required pam_wpam.so\nrequired pam_unix.so")), ["asked-first"]);
});

Deno.test("judge() finds a jump that ends elsewhere than before (B3)", () => {
  const common = "requisite pam_deny.so\nrequired pam_permit.so";
  const into = judgeText(
    `[success=1 default=ignore] pam_unix.so\n+required pam_wpam.so\n${common}`,
  );
  assert.deepEqual(ids(into), ["jump-moved", "locked-out"]);
  const two = judgeText(
    `[success=2 default=ignore] pam_unix.so\n[success=1 default=ignore] pam_sss.so\n+required pam_wpam.so\n${common}`,
  );
  assert.equal(two.filter(({ id }) => id === "jump-moved").length, 2);
  const after = judgeText(
    `[success=1 default=ignore] pam_unix.so\n${common}\n+required pam_wpam.so`,
  );
  assert.deepEqual(after, []);
});

Deno.test("judge() counts the lines of an include one by one, a substack as one (B3)", () => {
  const files = { x: "auth required pam_env.so\nauth required pam_faildelay.so\n" };
  const around = (how: string, count: number) =>
    ids(judgeText(
      `required pam_unix.so\n[success=${count} default=ignore] pam_localuser.so\n${how} x\n+required pam_wpam.so\nrequired pam_permit.so`,
      files,
    ));
  assert.ok(!around("include", 2).includes("jump-moved"));
  assert.ok(around("include", 3).includes("bypassed"));
  assert.ok(!around("substack", 1).includes("jump-moved"));
  assert.ok(around("substack", 2).includes("bypassed"));
});

Deno.test("judge() finds the bypass by sufficient in an included file (B4)", () => {
  const files = { x: "auth sufficient pam_unix.so\nauth required pam_deny.so\n" };
  const [finding] = judgeText("include x\n+required pam_wpam.so", files);
  assert.equal(finding?.id, "bypassed");
  assert.match(
    finding.text,
    /^pam_unix \(x line 1\) can let a login in without pam_wpam: .*sufficient/,
  );
  assert.deepEqual(ids(judgeText("substack x\n+required pam_wpam.so", files)), ["asked-in-vain"]);
  assert.deepEqual(ids(judgeText("+required pam_wpam.so\ninclude x", files)), ["asked-first"]);
});

Deno.test("judge() finds the bypass by done, and by a jump over our line (B4)", () => {
  const done = judgeText(
    "[success=done default=ignore] pam_unix.so\n+required pam_wpam.so\nrequired pam_deny.so",
  );
  assert.ok(ids(done).includes("bypassed"));
  const jump = judgeText(
    "required pam_unix.so\n[success=1 default=ignore] pam_succeed_if.so\n+required pam_wpam.so\nrequired pam_permit.so",
  );
  assert.ok(ids(jump).includes("bypassed") && ids(jump).includes("jump-moved"));
});

Deno.test("judge() finds a second factor swallowed by a backslash (B5)", () => {
  const before = expand("auth required pam_unix.so \\\nnullok\n");
  const after = expand(`auth required pam_unix.so \\\n${OURS}nullok\n`);
  assert.ok(ids(judge(before, after, WISH)).includes("not-there"));
  const marked = expand(`auth required pam_unix.so \\\n# wpam: begin\n${OURS}`);
  assert.ok(ids(judge(before, marked, WISH)).includes("unreadable"));
});

Deno.test("judge() finds a second factor that is there already (B8)", () => {
  const stack =
    "required pam_unix.so\nrequired pam_google_authenticator.so nullok\n+required pam_wpam.so";
  const found = judgeText(stack).find(({ id }) => id === "second-factor");
  assert.deepEqual([found?.severity, found?.text], [
    "refusal",
    "pam_google_authenticator (sshd line 2) asks for a second factor already",
  ]);
  for (
    const name of [
      "pam_duo.so",
      "/usr/lib64/security/pam_u2f.so",
      "pam_radius_auth.so",
      "pam_oath.so",
    ]
  ) {
    assert.ok(
      ids(judgeText(`required pam_unix.so\nrequired ${name}\n+required pam_wpam.so`)).includes(
        "second-factor",
      ),
    );
  }
  const file = {
    sshd: "auth required pam_unix.so\nauth required pam_duo.so\naccount required pam_unix.so\n",
  };
  assert.equal(refuse(file).id, "second-factor");
  assert.ok(ids(plan(file, { alongside: true }).notes).includes("second-factor"));
});

Deno.test("judge() finds a stack where a code is all that is left (B10)", () => {
  const optional = judgeText("optional pam_unix.so\n+required pam_wpam.so");
  assert.deepEqual(ids(optional), ["code-only"]);
  const env = judgeText("required pam_env.so\n+required pam_wpam.so");
  assert.equal(env.find(({ id }) => id === "code-only")?.severity, "refusal");
  for (const login of ["werbot", "key,werbot"] as const) {
    const [found] =
      plan({ sshd: "auth required pam_unix.so\naccount required pam_unix.so\n" }, { login }).notes;
    assert.deepEqual([found?.id, found?.severity], ["code-only", "note"]);
  }
  const ignoring = judgeText("required pam_sss.so ignore_unknown_user\n+required pam_wpam.so");
  assert.ok(ids(ignoring).includes("code-only"));
});

Deno.test("judge() finds a line of ours that forgives (B7, B15)", () => {
  const forgiving = [
    "[success=ok authinfo_unavail=ignore default=bad]",
    "[success=ok module_unknown=ignore default=die]",
    "optional",
    "sufficient",
  ];
  for (const control of forgiving) {
    assert.ok(
      ids(judgeText(`required pam_unix.so\n+${control} pam_wpam.so`)).includes("forgiven"),
      control,
    );
  }
  const reset =
    "required pam_unix.so\n+required pam_wpam.so\n[default=reset] pam_env.so\nrequired pam_permit.so";
  assert.ok(ids(judgeText(reset)).includes("forgiven"));
  for (const result of ["authinfo_unavail", "module_unknown", "service_err"] as const) {
    const stack = expand(`auth required pam_unix.so\n${OURS}`);
    const { code } = simulate(
      stack,
      (entry) => entry.module === "pam_wpam.so" ? result : "success",
    );
    assert.equal(code, result);
  }
});

Deno.test("judge() finds a file that locks out before the edit, and one that does after it (B1, B2)", () => {
  const broken = judgeText("required pam_unix.so\nrequired pam_deny.so\n+required pam_wpam.so");
  assert.deepEqual(ids(broken), ["broken-before"]);
  const before = expand("auth required pam_unix.so\n");
  const locked = expand(`auth required pam_unix.so\n${OURS}auth required pam_deny.so\n`);
  assert.deepEqual(ids(judge(before, locked, WISH)), ["changed", "locked-out", "asked-in-vain"]);
});

Deno.test("judge() walks a stack of hundreds of lines in full", () => {
  const lines = [...Array(300).keys()].map((n) =>
    `auth [success=${n % 4 + 1} auth_err=bad user_unknown=ok default=ignore] pam_x${n}.so`
  ).join("\n");
  const rest = "\nauth required pam_permit.so".repeat(4);
  const before = expand(`${lines}${rest}\nauth required pam_unix.so\n`);
  const after = expand(`${lines}${rest}\nauth required pam_unix.so\n${OURS}`);
  assert.deepEqual(ids(judge(before, after, WISH)), ["asked-in-vain"]);
});

Deno.test("judge() finds our line twice, and lines that are gone", () => {
  const before = expand("auth required pam_env.so\nauth required pam_unix.so\n");
  const twice = expand(`auth required pam_env.so\nauth required pam_unix.so\n${OURS}${OURS}`);
  assert.deepEqual(ids(judge(before, twice, WISH)), ["twice"]);
  const gone = expand(`auth required pam_unix.so\n${OURS}`);
  assert.ok(ids(judge(before, gone, WISH)).includes("changed"));
});

Deno.test("judge() lets no account path pass by our line, an expired password included (B4)", () => {
  const common = "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n" +
    "account requisite pam_deny.so\naccount required pam_permit.so\n";
  const account = (sshd: string) => expandStack(source({ sshd, common }), "sshd", "account");
  const ours = "account required pam_wpam.so\n";
  const include = "account include common\n";
  assert.deepEqual(ids(judge(account(include), account(include + ours), WISH)), ["bypassed"]);
  assert.deepEqual(judge(account(include), account(ours + include), WISH), []);
});

/** What the distributions ship, reduced to what matters. */
const DEBIAN = {
  "sshd":
    "# Standard Un*x authentication.\n@include common-auth\n\naccount    required     pam_nologin.so\n" +
    "# Standard Un*x authorization.\n@include common-account\nsession required pam_env.so # [1]\n@include common-password\n",
  "common-auth":
    "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
  "common-account":
    "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\naccount requisite pam_deny.so\n" +
    "account required pam_permit.so\n",
  "common-password": "password required pam_unix.so\n",
};
const REDHAT = {
  "sshd":
    "#%PAM-1.0\nauth substack password-auth\nauth include postlogin\n-auth optional pam_reauthorize.so prepare\n" +
    "account required pam_nologin.so\naccount include password-auth\nsession include postlogin\n",
  "password-auth":
    "auth required pam_env.so\nauth sufficient pam_unix.so nullok\nauth required pam_deny.so\n" +
    "account required pam_unix.so\n",
  "postlogin": "session optional pam_umask.so silent\n",
};

Deno.test("planPamFile() puts our lines after @include common-auth, and before what could skip them", () => {
  assert.equal(
    shorten(plan(DEBIAN).text),
    `# Standard Un*x authentication.
@include common-auth
<auth required pam_wpam.so>

account    required     pam_nologin.so
<account required pam_wpam.so>
# Standard Un*x authorization.
@include common-account
session required pam_env.so # [1]
@include common-password
`,
  );
});

Deno.test("planPamFile() puts our line after substack password-auth, and account by the profile", () => {
  const local = shorten(plan(REDHAT).text);
  assert.match(
    local,
    /substack password-auth\n<auth required pam_wpam.so>\nauth include postlogin/,
  );
  assert.match(local, /account include password-auth\n<account required pam_wpam.so>\n/);
  const sssd = REDHAT["password-auth"] +
    "account sufficient pam_localuser.so\naccount required pam_sss.so\n";
  const other = shorten(plan({ ...REDHAT, "password-auth": sssd }).text);
  assert.match(
    other,
    /pam_nologin.so\n<account required pam_wpam.so>\naccount include password-auth\n/,
  );
});

Deno.test("planPamFile() goes above an include with sufficient, and says that Werbot is asked first (B4)", () => {
  const sshd = "auth requisite pam_nologin.so\nauth include common\naccount include common\n";
  const required = { sshd, common: "auth required pam_unix.so\naccount required pam_unix.so\n" };
  assert.match(
    shorten(plan(required).text),
    /auth include common\n<auth required pam_wpam.so>\naccount/,
  );
  const sufficient = {
    sshd,
    common: "auth sufficient pam_unix.so\nauth required pam_sss.so\naccount required pam_unix.so\n",
  };
  const planned = plan(sufficient);
  assert.match(
    shorten(planned.text),
    /pam_nologin.so\n<auth required pam_wpam.so>\nauth include common\n/,
  );
  assert.ok(ids(planned.notes).includes("asked-first"));
});

Deno.test("planPamFile() stays out of jumps in the file itself (B3)", () => {
  const sshd = DEBIAN["common-auth"] + "account required pam_unix.so\n";
  assert.match(
    shorten(plan({ sshd }).text),
    /pam_deny.so\n<auth required pam_wpam.so>\nauth required pam_permit.so\n/,
  );
});

Deno.test("planPamFile() goes above S/Key and OPIE on OpenPAM", () => {
  const account = "account\trequired\tpam_unix.so\n";
  const skey =
    "auth\trequired\tpam_nologin.so\nauth\tsufficient\tpam_skey.so\nauth\trequired\tpam_unix.so\n";
  assert.match(
    shorten(plan({ sshd: skey + account }, {}, "openpam").text),
    /pam_nologin.so\n<auth required pam_wpam.so>\nauth\tsufficient\tpam_skey.so/,
  );
  const plain = plan({ sshd: "auth\trequired\tpam_unix.so\n" + account }, {}, "openpam");
  assert.match(
    shorten(plain.text),
    /^auth\trequired\tpam_unix.so\n<auth required pam_wpam.so\naccount/,
  );
  const top = plan(
    { sshd: `# head\nauth sufficient pam_opie.so\nauth required pam_unix.so\n${account}` },
    {},
    "openpam",
  );
  assert.match(
    shorten(top.text),
    /^# head\n<auth required pam_wpam.so>\nauth sufficient pam_opie.so\n/,
  );
});

Deno.test("planPamFile() comments the password out for a login without it", () => {
  const planned = plan(DEBIAN, { login: "werbot" });
  assert.match(
    shorten(planned.text),
    /authentication.\n<#@include common-auth\nauth required pam_wpam.so>\n\naccount/,
  );
  const removed = removeModule(planned.text);
  assert.equal("text" in removed && removed.text, DEBIAN.sshd);
  const shared = {
    sshd: "@include system\n",
    system: "auth required pam_unix.so\naccount required pam_unix.so\n",
  };
  assert.equal(refuse(shared, { login: "werbot" }).id, "shared-line");
});

Deno.test("planPamFile() changes nothing on its own result, and only our lines for other arguments", () => {
  for (const login of ["password,werbot", "key,werbot", "werbot"] as const) {
    const { text } = plan(DEBIAN, { login });
    assert.equal(plan({ ...DEBIAN, sshd: text }, { login }).text, text);
    const other = plan({ ...DEBIAN, sshd: text }, { login, arguments: ["debug=1"] }).text;
    const plain = (text: string) =>
      text.replaceAll(" debug=1", "").replaceAll(/begin \w+/g, "begin");
    assert.equal(plain(other), plain(text));
    assert.equal(plan({ ...DEBIAN, sshd: text }).text, plan(DEBIAN).text);
  }
});

Deno.test("planPamFile() takes over from the Go predecessor", () => {
  const old = "auth required /lib/security/pam_wpam.so service_id=i service_key=k\n";
  const planned = plan({ ...DEBIAN, sshd: DEBIAN.sshd.replace("\n\n", `\n${old}\n`) });
  assert.equal(planned.text, plan(DEBIAN).text);
  assert.deepEqual(planned.predecessor.map((line) => [line.number, ...line.arguments]), [
    [3, "service_id=i", "service_key=k"],
  ]);
  const alone = { sshd: `#@include common-auth\n${old}account required pam_unix.so\n` };
  assert.equal(refuse(alone).id, "no-line");
});

Deno.test("planPamFile() refuses with a sentence that names the place, and no argument", () => {
  const file = DEBIAN.sshd;
  const cases: [Record<string, string>, string, RegExp][] = [
    [{}, "no-file", /^sshd: there is no such PAM file/],
    [
      { sshd: "account required pam_unix.so\n", other: "auth required pam_deny.so\n" },
      "no-line",
      /no auth line/,
    ],
    [
      { ...DEBIAN, sshd: file.replaceAll("\n", "\r\n") },
      "not-editable",
      /line 2 ends as on Windows/,
    ],
    [{ ...DEBIAN, sshd: `${file}secret=1 a b` }, "not-editable", /line 9 begins with no type/],
    [{ sshd: file }, "no-password", /no line that wpam knows asks for a password/],
    [{ sshd: "auth required pam_odd.so\naccount required pam_odd.so\n" }, "no-password", /--login/],
    [
      { ...DEBIAN, "common-auth": "auth required pam_unix.so\nauth required pam_deny.so\n" },
      "broken-before",
      /even without wpam/,
    ],
    [
      { ...DEBIAN, "common-auth": `auth required pam_unix.so\n${OURS}` },
      "twice",
      /common-auth line 2/,
    ],
    [
      {
        ...DEBIAN,
        sshd: plan(DEBIAN).text.replace("auth required pam_wpam", "auth optional pam_wpam"),
      },
      "edited-by-hand",
      /lines 3 to 5 were edited/,
    ],
  ];
  for (const [files, id, pattern] of cases) {
    const finding = refuse(files);
    assert.equal(finding.id, id, finding.text);
    assert.match(finding.text, pattern);
    assert.doesNotMatch(finding.text, /secret/);
  }
});

const control = fc.oneof(
  fc.constantFrom("required", "requisite", "sufficient", "optional"),
  fc.array(
    fc.tuple(
      fc.constantFrom("success", "ignore", "auth_err", "authinfo_unavail", "default"),
      fc.constantFrom("ignore", "ok", "done", "bad", "die", "reset", "1", "2"),
    ).map((pair) => pair.join("=")),
    { maxLength: 3 },
  ).map((pairs) => `[${pairs.join(" ")}]`),
);
const name = fc.constantFrom("pam_unix.so", "pam_env.so", "pam_deny.so", "pam_permit.so");
const entries = fc.array(fc.tuple(control, name).map((words) => `auth ${words.join(" ")}`), {
  maxLength: 3,
});

/** Every run of a stack, with each result that could matter for each line. */
function* runAll(
  stack: Stack,
  chosen: Code[] = [],
): Generator<{ code: Code; reached: number[]; results: Code[] }> {
  const entry = stack.entries[chosen.length];
  if (!entry) {
    const { code, reached } = simulate(stack, (_, index) => chosen[index]!);
    return yield { code, reached: [...reached], results: chosen };
  }
  const ours = entry.module === "pam_wpam.so";
  const all: Code[] = entry.module === "pam_deny.so"
    ? ["auth_err"]
    : entry.module === "pam_permit.so"
    ? ["success"]
    : ["success", "auth_err", "authinfo_unavail", "cred_err", "new_authtok_reqd", "ignore"];
  const never: Code[] = ours
    ? ["ignore", "new_authtok_reqd"]
    : entry.module === "pam_unix.so"
    ? ["ignore"]
    : [];
  for (const code of all) if (!never.includes(code)) yield* runAll(stack, [...chosen, code]);
}

Deno.test("judge() finds exactly the paths that trying every result finds", () => {
  const seen: Record<string, number> = {};
  fc.assert(
    fc.property(entries, entries, control, (above, below, ours) => {
      const before = expand([...above, ...below].join("\n"));
      const after = expand([...above, `auth ${ours} pam_wpam.so`, ...below].join("\n"));
      const mine = above.length;
      const runs = [...runAll(after)].filter(({ code }) => code === "success");
      const known = (run: { reached: number[]; results: Code[] }) =>
        run.reached.some((index) =>
          after.entries[index]!.module === "pam_unix.so" &&
          ["success", "new_authtok_reqd"].includes(run.results[index]!)
        );
      const right = runs.filter((run) =>
        run.reached.includes(mine) && run.results[mine] === "success"
      );
      const expected = [
        runs.some((run) => !run.reached.includes(mine)) && "bypassed",
        runs.some((run) => run.reached.includes(mine) && run.results[mine] !== "success") &&
        "forgiven",
        right.length === 0 && "locked-out",
        right.some((run) => !known(run)) && "code-only",
      ].filter((id) => id !== false);
      const found = ids(judge(before, after, WISH));
      if (found.includes("broken-before") || before.entries.length === 0) return;
      const judged = ["bypassed", "forgiven", "locked-out", "code-only"].filter((id) =>
        found.includes(id)
      );
      assert.deepEqual(judged, expected);
      for (const id of judged) seen[id] = (seen[id] ?? 0) + 1;
    }),
    { numRuns: 300 },
  );
  assert.equal(Object.keys(seen).length, 4, JSON.stringify(seen));
});

/** What a system's sshd file includes and the collection lacks, as its distribution has it. */
const LENT: Record<string, string> = {
  "base-auth": "auth required pam_env.so\nauth required pam_unix.so nullok\n",
  "base-account": "account required pam_nologin.so\naccount required pam_unix.so\n",
  "common-auth": "auth required pam_env.so\nauth required pam_unix.so try_first_pass\n",
  "common-account": "account required pam_unix.so try_first_pass\n",
  "postlogin-auth": "",
  "postlogin-account": "",
};
/** The same of SUSE and of old system-auth files with a directory service. */
const LENT_SSS: Record<string, string> = {
  ...LENT,
  "common-auth":
    "auth required pam_env.so\nauth sufficient pam_unix.so try_first_pass\nauth required pam_sss.so\n",
  "common-account":
    "account requisite pam_unix.so try_first_pass\naccount sufficient pam_localuser.so\naccount required pam_sss.so\n",
};
const HOSTS = new URL("../../../shared/hosts/", import.meta.url);

/** Decoded one byte to one character, so that bytes can be compared. */
function readBytes(path: string): string | undefined {
  try {
    return Array.from(Deno.readFileSync(new URL(path, HOSTS)), (byte) => String.fromCharCode(byte))
      .join("");
  } catch {
    return undefined;
  }
}

function readHost(host: string, lender: string, lent: Record<string, string>): Source {
  return {
    library: /^(freebsd|netbsd|macos)/.test(host) ? "openpam" : "linux-pam",
    read: (name) =>
      readBytes(`${host}/pam.d-${name}`) ?? readBytes(`${host}/usr-lib-pam.d-${name}`) ??
        readBytes(`${lender}/pam.d-${name}`) ?? lent[name],
  };
}

/** The line of its type after which ours stands. */
function describePlace(text: string, type: string): string {
  const lines = text.slice(0, text.indexOf(`${type} required pam_wpam.so\n`)).split("\n");
  const above = lines.findLast((line) =>
    new RegExp(`^-?(@include|${type})\\b`).test(line) && !line.includes("pam_wpam")
  );
  return above === undefined
    ? "on top"
    : `after ${above.split(/\s+/).slice(above.startsWith("@") ? 0 : 1, 3).join(" ")}`;
}

const hosts = (() => {
  try {
    return [...Deno.readDirSync(HOSTS)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
})().filter((host) => readBytes(`${host}/pam.d-sshd`) ?? readBytes(`${host}/usr-lib-pam.d-sshd`));
if (hosts.length === 0) {
  console.log("skipped: ../shared/hosts, the collection of real files, is absent");
}

Deno.test({
  name: "planPamFile() finds the place on every system of the collection, and it can be taken back",
  ignore: hosts.length === 0,
  fn() {
    const rows = [["system", "included from", "auth line", "account line", "notes"]];
    for (const host of hosts) {
      const lenders = /^(rhel|fedora|amazon)/.test(host)
        ? ["authselect-local", "authselect-sssd"]
        : /^(arch|void)/.test(host)
        ? ["gentoo"]
        : /^ubuntu/.test(host)
        ? ["debian-12"]
        : /suse|sles/.test(host)
        ? ["plain", "sss"]
        : ["-"];
      for (const lender of lenders) {
        const files = readHost(host, lender, lender === "sss" ? LENT_SSS : LENT);
        const original = files.read("sshd")!;
        for (const login of ["werbot", "key,werbot", "password,werbot"] as const) {
          const planned = planPamFile(files, { ...WISH, login });
          assert.ok("text" in planned, JSON.stringify([host, lender, login, planned]));
          const { text, notes } = planned;
          const read = (name: string) => name === "sshd" ? text : files.read(name);
          const again = planPamFile({ ...files, read }, { ...WISH, login });
          assert.equal("text" in again && again.text, text, host);
          const removed = removeModule(text);
          assert.equal("text" in removed && removed.text, original, host);
          if (login !== "password,werbot") continue;
          const places = [describePlace(text, "auth"), describePlace(text, "account")];
          rows.push([host, lender, ...places, ids(notes).join(", ")]);
        }
      }
    }
    const widths = [20, 17, 37, 40, 0];
    for (const row of rows) console.log(row.map((cell, at) => cell.padEnd(widths[at]!)).join(" "));
  },
});
