/**
 * installer/sshd_edit.ts: the place of our lines, and the way back to the byte.
 *
 * The numbers in brackets name traps, all of which somebody has fallen into: A1 to A19 are about the text
 * of sshd_config. Files as systems ship them are read from ../shared/hosts beside the checkout, if it is there.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  firstEffective,
  readSshdConfig,
  type Setting,
  type Source,
  type Traits,
  type Version,
} from "../../installer/sshd_config.ts";
import {
  type Edit,
  type Plan,
  planSshdConfig,
  type Refused,
  removeFromSshdConfig,
} from "../../installer/sshd_edit.ts";

type Files = Readonly<Record<string, string>>;

const MAIN = "/etc/ssh/sshd_config";
const FOLDER = "/etc/ssh/sshd_config.d";
const DROP_IN = `${FOLDER}/00-wpam.conf`;
const INCLUDE = `Include ${FOLDER}/*.conf\n`;
const OLD: Version = [8, 4];
const NEW: Version = [9, 2];
const WANTED: Setting[] = [
  ["UsePAM", "yes"],
  ["KbdInteractiveAuthentication", "yes"],
  ["PasswordAuthentication", "no"],
];
const METHODS: Setting = ["AuthenticationMethods", "publickey,keyboard-interactive:pam"];

function makeSource(files: Files, traits: Record<string, Traits> = {}): Source {
  const matches = (path: string, pattern: string) => {
    const parts = pattern.split("/");
    return path.split("/").length === parts.length && path.split("/").every((name, index) => {
      const part = parts[index] ?? "";
      const source = part.replace(/[.]/g, "\\.").replaceAll("*", ".*").replaceAll("?", ".");
      return new RegExp(`^${source}$`).test(name) && !(name.startsWith(".") && /^[*?]/.test(part));
    });
  };
  return {
    read: (path) => files[path],
    glob: (pattern) => Object.keys(files).filter((path) => matches(path, pattern)),
    traits: (path) => traits[path] ?? {},
  };
}

function read(
  files: Files | string,
  version = NEW,
  traits: Record<string, Traits> = {},
  main = MAIN,
) {
  return readSshdConfig(
    makeSource(typeof files === "string" ? { [main]: files } : files, traits),
    main,
    version,
  );
}

function apply(files: Files, edits: readonly Edit[]): Files {
  const result: Record<string, string> = { ...files };
  for (const { path, before, after } of edits) {
    assert.equal(result[path], before);
    if (after === undefined) delete result[path];
    else result[path] = after;
  }
  return result;
}

function plan(files: Files | string, wanted = WANTED, version = NEW): Plan {
  const planned = planSshdConfig(read(files, version), wanted);
  assert.ok("edits" in planned, JSON.stringify(planned));
  return planned;
}

function refuse(
  files: Files | string,
  wanted = WANTED,
  traits: Record<string, Traits> = {},
): Refused {
  const refused = planSshdConfig(read(files, NEW, traits), wanted);
  assert.ok("refusal" in refused, JSON.stringify(refused));
  return refused;
}

function remove(files: Files, version = NEW): Files {
  const removed = removeFromSshdConfig(read(files, version));
  assert.ok("edits" in removed, JSON.stringify(removed));
  return apply(files, removed.edits);
}

/** Installs, and checks what must hold after every installation; returns the files. */
function install(files: Files | string, wanted = WANTED, version = NEW): Files {
  const before = typeof files === "string" ? { [MAIN]: files } : files;
  const after = apply(before, plan(before, wanted, version).edits);
  for (const [keyword, value] of wanted) {
    assert.equal(valueIn(after, keyword, version)?.toLowerCase(), value);
  }
  assert.deepEqual(plan(after, wanted, version).edits, []);
  assert.deepEqual(remove(after, version), before);
  return after;
}

function valueIn(files: Files | string, keyword: string, version = NEW): string | undefined {
  return firstEffective(read(files, version), keyword)?.args.join(" ");
}

function isTop(files: Files): boolean {
  assert.equal(files[DROP_IN], undefined);
  return files[MAIN]!.startsWith("# wpam: begin ");
}

// Planning

Deno.test("planSshdConfig() puts nothing into a Match block (A1)", () => {
  const text = "Port 22\nMatch User bob\nPasswordAuthentication yes\n";
  assert.ok(isTop(install(text)));
  const { overrides } = plan(text);
  assert.deepEqual(overrides.map(({ line, match }) => [line, match]), [[3, ["User bob"]]]);
});

Deno.test("planSshdConfig() tells file and line of what it beats (A7), and leaves comments alone (A13)", () => {
  const text = "ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\n";
  const [beaten, ...more] = plan(text, [["KbdInteractiveAuthentication", "yes"]]).beaten;
  assert.deepEqual([beaten?.path, beaten?.line, more], [MAIN, 1, []]);
  const comments = "#KbdInteractiveAuthentication yes\n# UsePAM yes\n";
  assert.ok(install(comments)[MAIN]!.endsWith(comments));
});

Deno.test("planSshdConfig() makes a drop-in that is read first (A2)", () => {
  const files = {
    [MAIN]: `# Debian\n\n${INCLUDE}UsePAM yes\n`,
    [`${FOLDER}/10-a.conf`]: "PasswordAuthentication yes\n",
    [`${FOLDER}/9-b.conf`]: "UsePAM no\n",
  };
  const { edits, beaten } = plan(files);
  assert.deepEqual(edits.map(({ path, before }) => [path, before]), [[DROP_IN, undefined]]);
  assert.deepEqual(beaten.map(({ path }) => path), [
    `${FOLDER}/9-b.conf`,
    `${FOLDER}/10-a.conf`,
  ]);
  assert.match(
    install(files)[DROP_IN]!,
    /^# wpam: begin [0-9a-f]{16} .*\nUsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n# wpam: end\n$/,
  );
});

Deno.test("planSshdConfig() takes the main file where another drop-in would win (A2)", () => {
  const files = { [MAIN]: INCLUDE, [`${FOLDER}/00-first.conf`]: "PasswordAuthentication yes\n" };
  assert.ok(isTop(install(files)));
  assert.ok(
    !isTop({
      ...install({ ...files, [`${FOLDER}/00-first.conf`]: "Port 22\n" }),
      [DROP_IN]: undefined!,
    }),
  );
});

Deno.test("planSshdConfig() does not use an Include that something stands before (A3)", () => {
  assert.ok(isTop(install(`UsePAM no\n${INCLUDE}`)));
  assert.ok(isTop(install(`Subsystem sftp internal-sftp\nInclude "${FOLDER}/*.conf"\n`)));
});

Deno.test("planSshdConfig() does not use an Include below a Match (A4)", () => {
  assert.ok(isTop(install(`Match User bob\n${INCLUDE}`)));
});

Deno.test("planSshdConfig() makes no drop-in that a Match block includes once more", () => {
  const before = `${INCLUDE}Match User bob\n${INCLUDE}`;
  const after = install(before);
  assert.deepEqual(Object.keys(after), [MAIN]);
  assert.ok(after[MAIN]!.startsWith("# wpam: begin") && after[MAIN]!.endsWith(before));
});

Deno.test("planSshdConfig() uses every form of a first Include, and no commented one (A5)", () => {
  for (
    const line of [
      'include="/etc/ssh/sshd_config.d/*.conf"',
      "INCLUDE\tsshd_config.d/*.conf",
      "Include /etc/crypto-policies/none.config sshd_config.d/*",
      "Include /usr/etc/ssh/sshd_config.d/*.conf\nInclude sshd_config.d/0?-*.conf",
    ]
  ) {
    const files = install(`# c\n${line}\nUsePAM no\n`);
    assert.ok(files[DROP_IN] !== undefined, line);
  }
  for (
    const line of [
      `#${INCLUDE}`,
      "Include 50-one.conf\n",
      "Include a*/*.conf\n",
      "Include sshd_config.d/[0-9]*\n",
    ]
  ) {
    assert.ok(isTop(install(`${line}UsePAM no\n`)), line);
  }
});

Deno.test("planSshdConfig() takes its turn behind Includes of other folders", () => {
  const files = {
    [MAIN]: "Include /etc/crypto-policies/ssh.config\nInclude sshd_config.d/*.conf\n",
    "/etc/crypto-policies/ssh.config": "Ciphers aes256-ctr\n",
  };
  assert.ok(install(files)[DROP_IN] !== undefined);
  assert.ok(isTop(install({ ...files, "/etc/crypto-policies/ssh.config": "UsePAM no\n" })));
});

Deno.test("planSshdConfig() writes the pair before OpenSSH 8.7 (A8)", () => {
  const files = install("ChallengeResponseAuthentication no\n", WANTED, OLD);
  assert.equal(valueIn(files, "ChallengeResponseAuthentication", OLD), "yes");
  assert.equal(valueIn(files, "KbdInteractiveAuthentication", OLD), "yes");
  assert.doesNotMatch(install("UsePAM no\n")[MAIN]!, /ChallengeResponse/);
});

Deno.test("planSshdConfig() gives a CRLF file lines that end in CRLF (A10)", () => {
  const text = "Port 22\r\nUsePAM no\r\n";
  const after = install(text)[MAIN]!;
  assert.ok(after.endsWith(text));
  assert.doesNotMatch(after, /[^\r]\n/);
});

Deno.test("planSshdConfig() gives back a file without a final newline (A11)", () => {
  for (const text of ["", "#", "UsePAM no", "Port 22\nUsePAM no", "Match User bob\nBanner /a"]) {
    assert.ok(isTop(install(text)));
  }
});

Deno.test("planSshdConfig() changes nothing where sshd would not start (A12, A16)", () => {
  assert.match(refuse("\uFEFFUsePAM yes\n").refusal, /byte-order mark/);
  const source = makeSource({ [MAIN]: INCLUDE });
  const dangling = { ...source, glob: () => [`${FOLDER}/50-gone.conf`] };
  const refused = planSshdConfig(readSshdConfig(dangling, MAIN, NEW), WANTED);
  assert.match("refusal" in refused ? refused.refusal : "", /50-gone\.conf cannot be read/);
});

Deno.test("planSshdConfig() follows a link inside /etc/ssh, and no other (A14)", () => {
  const text = "UsePAM no\n";
  const inside = planSshdConfig(
    read(text, NEW, { [MAIN]: { symlink: "/etc/ssh/local/sshd_config" } }),
    WANTED,
  );
  assert.deepEqual("edits" in inside && inside.edits.map(({ path }) => path), [
    "/etc/ssh/local/sshd_config",
  ]);
  const away = refuse(text, WANTED, { [MAIN]: { symlink: "/nix/store/abc/sshd_config" } });
  assert.match(away.refusal, /is kept in \/nix\/store\/abc\/sshd_config, outside \/etc\/ssh/);
  assert.deepEqual(away.byHand.map(({ path }) => path), [MAIN]);
  const folder = refuse({ [MAIN]: INCLUDE }, WANTED, { [FOLDER]: { symlink: "/srv/repo" } });
  assert.deepEqual(folder.byHand.map(({ path }) => path), [DROP_IN]);
});

Deno.test("planSshdConfig() does not part hard links (A15)", () => {
  const { refusal, byHand } = refuse("UsePAM no\n", WANTED, { [MAIN]: { links: 2 } });
  assert.match(refusal, /has 2 names/);
  assert.equal(byHand.length, 1);
});

Deno.test("planSshdConfig() never overwrites AuthenticationMethods (A18)", () => {
  const cases: [value: string, wanted: Setting[], proposal: RegExp][] = [
    ["publickey", WANTED, /Either write publickey,keyboard-interactive:pam there/],
    [
      "publickey password,publickey",
      WANTED,
      /publickey,keyboard-interactive:pam password,publickey,keyb/,
    ],
    [
      "publickey,keyboard-interactive",
      [...WANTED, METHODS],
      /or write publickey,keyboard-interactive:pam there/,
    ],
    ["publickey", [...WANTED, METHODS], /delete the line, and wpam writes publickey,key/],
    ["any", [...WANTED, METHODS], /Either delete the line, and wpam writes publickey,[^ ]*$/],
    ["none", WANTED, /write keyboard-interactive:pam there/],
  ];
  for (const [value, wanted, proposal] of cases) {
    for (const head of ["", "Match all\n"]) {
      const { refusal } = refuse(`Port 22\n${head}AuthenticationMethods ${value}\n`, wanted);
      assert.match(refusal, /^\/etc\/ssh\/sshd_config, line [23]: /);
      assert.match(refusal, proposal);
    }
  }
});

Deno.test("planSshdConfig() accepts AuthenticationMethods that ask for wpam in every list (A18)", () => {
  install(`AuthenticationMethods ${METHODS[1]}\n`, [...WANTED, METHODS]);
  install(`AuthenticationMethods ${METHODS[1]}\n`);
  install("AuthenticationMethods publickey,keyboard-interactive\n");
  install("AuthenticationMethods any\n");
});

Deno.test("planSshdConfig() refuses AuthenticationMethods that nobody could complete (A18)", () => {
  const cases: [text: string, wanted: Setting[], refusal: RegExp][] = [
    ["PubkeyAuthentication no\n", [...WANTED, METHODS], /^The wanted .* lock out everybody/],
    ["", [["UsePAM", "no"], METHODS], /^The wanted /],
    ["", [METHODS], /^The wanted /],
    ["", [["KbdInteractiveAuthentication", "no"], ["UsePAM", "yes"], METHODS], /^The wanted /],
    [
      "AuthenticationMethods password,keyboard-interactive\n",
      WANTED,
      /line 1: .* lock out everybody/,
    ],
    [
      "Match User bob\nPubkeyAuthentication no\n",
      [...WANTED, METHODS],
      /^The wanted .* Match User bob/,
    ],
    ["Match User bob\nAuthenticationMethods password\n", WANTED, /line 2: .* Match User bob/],
    ["Match User bob\nAuthenticationMethods hostbased gssapi-with-mic\n", WANTED, /line 2: /],
  ];
  for (const [text, wanted, refusal] of cases) assert.match(refuse(text, wanted).refusal, refusal);
  const exempt = "Match User bob\nAuthenticationMethods password\nPasswordAuthentication yes\n";
  assert.equal(plan(exempt, [...WANTED, METHODS]).overrides.length, 2);
  const { refusal } = refuse("", [
    ["UsePAM", "yes"],
    ["KbdInteractiveAuthentication", "no"],
    METHODS,
  ]);
  assert.match(refusal, /every list has a method that is off/);
  const old = planSshdConfig(read("", OLD), [
    ...WANTED,
    ["ChallengeResponseAuthentication", "no"],
    METHODS,
  ]);
  assert.ok("refusal" in old);
});

Deno.test("planSshdConfig() refuses when Match all would beat every other line", () => {
  const { refusal } = refuse("Port 22\nMatch User bob\nMatch all\nPasswordAuthentication yes\n");
  assert.match(refusal, /^\/etc\/ssh\/sshd_config, line 4: .*Change it to no there/);
  install("Match all\nPasswordAuthentication no\n");
});

Deno.test("planSshdConfig() never makes a main file, nor edits that of the system", () => {
  assert.match(refuse({}).refusal, /cannot be read/);
  const main = "/usr/etc/ssh/sshd_config";
  const included = { [main]: `${INCLUDE}Include /usr/etc/ssh/sshd_config.d/*.conf\nUsePAM no\n` };
  const planned = planSshdConfig(read(included, NEW, {}, main), WANTED);
  assert.deepEqual("edits" in planned && planned.edits.map(({ path }) => path), [DROP_IN]);
  const alone = planSshdConfig(read("UsePAM no\n", NEW, {}, main), WANTED);
  assert.match(
    "refusal" in alone ? alone.refusal : "",
    /belongs to the system .* hide it from sshd/,
  );
});

Deno.test("planSshdConfig() changes only its own lines when other values are wanted", () => {
  for (const text of ["UsePAM no\n", INCLUDE]) {
    const before = install(text);
    const { edits } = plan(before, [...WANTED, METHODS]);
    const after = apply(before, edits);
    assert.equal(edits.length, 1);
    assert.equal(after[DROP_IN] === undefined, before[DROP_IN] === undefined);
    assert.equal(valueIn(after, "AuthenticationMethods"), METHODS[1]);
    assert.deepEqual(remove(after), { [MAIN]: text });
  }
});

Deno.test("planSshdConfig() leaves its lines where they do their work", () => {
  const top = install("UsePAM no\n");
  const managed = { [MAIN]: `# managed by hand\n${INCLUDE}${top[MAIN]}` };
  assert.deepEqual(plan(managed).edits, []);
  const beaten = { [MAIN]: `PasswordAuthentication yes\n${top[MAIN]}` };
  assert.ok(isTop(apply(beaten, plan(beaten).edits)));
});

// Taking back

Deno.test("removeFromSshdConfig() keeps what was added by hand elsewhere", () => {
  const top = install("UsePAM no\n");
  assert.deepEqual(remove({ [MAIN]: `Banner /a\n${top[MAIN]}Banner /b` }), {
    [MAIN]: "Banner /a\nUsePAM no\nBanner /b",
  });
  const dropIn = install(INCLUDE);
  const extended = { [MAIN]: `# c\n${INCLUDE}`, [DROP_IN]: `${dropIn[DROP_IN]}Banner /b\n` };
  assert.deepEqual(remove(extended), { [MAIN]: `# c\n${INCLUDE}`, [DROP_IN]: "Banner /b\n" });
});

Deno.test("removeFromSshdConfig() reports a block changed by hand, and so does planSshdConfig() (B14)", () => {
  const text = install("Port 22\n")[MAIN]!;
  const changes = [
    text.replace("UsePAM yes", "UsePAM no"),
    text.replace("UsePAM yes\n", "UsePAM yes\nBanner /a\n"),
    text.replace("# wpam: end\n", ""),
    text.replace(/^# wpam: begin.*\n/, ""),
    text.replace("# wpam: end", "  # wpam: end"),
    text + text,
  ];
  for (const changed of changes) {
    const config = read(changed);
    for (const refused of [removeFromSshdConfig(config), planSshdConfig(config, WANTED)]) {
      assert.match("refusal" in refused ? refused.refusal : "", /sshd_config, line \d: .*by hand/);
    }
  }
});

Deno.test("removeFromSshdConfig() knows its lines again after a change of line ends", () => {
  const text = install("Port 22\n")[MAIN]!.replaceAll("\n", "\r\n");
  assert.deepEqual(remove({ [MAIN]: text }), { [MAIN]: "Port 22\r\n" });
});

Deno.test("removeFromSshdConfig() works on a broken file, and where no Include leads any more (A16)", () => {
  const files = { ...install(INCLUDE), [MAIN]: 'Banner "/a\n' };
  const config = read(files);
  assert.deepEqual(removeFromSshdConfig(config), { edits: [] });
  const removed = removeFromSshdConfig(config, [DROP_IN, MAIN]);
  assert.deepEqual("edits" in removed && apply(files, removed.edits), { [MAIN]: 'Banner "/a\n' });
});

Deno.test("removeFromSshdConfig() plans nothing where nothing is ours", () => {
  assert.deepEqual(removeFromSshdConfig(read("UsePAM yes\n")), { edits: [] });
  assert.deepEqual(removeFromSshdConfig(read({})), { edits: [] });
});

// Any file

const flags = [
  "UsePAM",
  "KbdInteractiveAuthentication",
  "ChallengeResponseAuthentication",
  "PasswordAuthentication",
];
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constantFrom("", " ", "\t"),
      fc.constantFrom(...flags, ...flags.map((flag) => flag.toLowerCase()), '"UsePAM"'),
      fc.constantFrom(" ", "\t ", "=", " = "),
      fc.constantFrom("yes", "no", '"yes"', "NO"),
      fc.constantFrom("", " ", " # c", "\f"),
    ).map((parts) => parts.join("")),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "",
      "#",
      "#UsePAM no",
      "# wpam",
      "\t",
      '"UsePAM yes',
      "Banner /\u00e9=a\\",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "Match User bob",
      "match address=192.0.2.0/24",
      "Match Group a # c",
      "Match all",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      INCLUDE.trim(),
      "Include sshd_config.d/* other",
      'include="/etc/ssh/other"',
    ),
  },
);
const text = fc.tuple(
  fc.array(line, { maxLength: 12 }),
  fc.constantFrom("\n", "\r\n"),
  fc.boolean(),
).map(([lines, end, closed]) => lines.join(end) + (closed && lines.length > 0 ? end : ""));
const noInclude = text.map((content) => content.replace(/^.*include.*$/gim, "# no circle"));

Deno.test("planSshdConfig() puts its values in force in any file, and they come out again", () => {
  let refused = 0;
  const runs = 2000;
  fc.assert(
    fc.property(
      text,
      fc.dictionary(fc.constantFrom("00-a", "50-b", "99-c"), noInclude, { maxKeys: 3 }),
      noInclude,
      fc.constantFrom<Version>(OLD, NEW, [10, 0]),
      (main, dropIns, other, version) => {
        const entries = Object.entries(dropIns).map((
          [name, content],
        ) => [`${FOLDER}/${name}.conf`, content]);
        const files: Files = {
          [MAIN]: main,
          "/etc/ssh/other": other,
          ...Object.fromEntries(entries),
        };
        const planned = planSshdConfig(read(files, version), WANTED);
        if ("edits" in planned) install(files, WANTED, version);
        else {
          refused++;
          assert.match(planned.refusal, /Match block for all logins/);
          assert.match(Object.values(files).join("\n"), /Match all/);
        }
      },
    ),
    { numRuns: runs },
  );
  assert.ok(refused < runs / 2, `${refused} of ${runs} refused`);
});

// Files as systems ship them

const HOSTS = new URL("../../../shared/hosts/", import.meta.url);
const VERSIONS: Record<string, Version> = {
  "alpine": [10, 0],
  "amazon-2": [7, 4],
  "arch": [9, 9],
  "arch-2023-01": [9, 1],
  "debian-11": [8, 4],
  "debian-12": [9, 2],
  "fedora-36": [8, 8],
  "fedora-41": [9, 8],
  "freebsd-14": [9, 7],
  "gentoo": [9, 6],
  "macos-14": [9, 3],
  "macos-15": [9, 8],
  "macos-26": [10, 0],
  "netbsd-10": [9, 5],
  "openbsd-7": [9, 9],
  "opensuse-tumbleweed": [9, 9],
  "rhel-10": [9, 9],
  "rhel-7": [7, 4],
  "rhel-8": [8, 0],
  "rhel-9": [8, 7],
  "sles-15": [9, 6],
  "ubuntu-20.04": [8, 2],
  "ubuntu-22.04": [8, 9],
  "void": [9, 9],
};

function readHost(name: string): Files {
  const files: Record<string, string> = {};
  const add = (path: string, file: string) =>
    files[path] = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(Deno.readFileSync(new URL(`${name}/${file}`, HOSTS)));
  for (const { name: entry } of Deno.readDirSync(new URL(name, HOSTS))) {
    if (entry === "sshd_config") add(MAIN, entry);
    else if (entry.startsWith("usr-etc-ssh-")) {
      add(
        entry.replace(/^usr-etc-ssh-/, "/usr/etc/ssh/").replace("sshd_config.d-", "sshd_config.d/"),
        entry,
      );
    } else if (entry === "sshd_config.d") {
      for (const { name: file } of Deno.readDirSync(new URL(`${name}/${entry}`, HOSTS))) {
        add(`${FOLDER}/${file}`, `${entry}/${file}`);
      }
    }
  }
  return files;
}

let hosts: string[] = [];
try {
  hosts = [...Deno.readDirSync(HOSTS)].filter(({ isDirectory }) => isDirectory).map(({ name }) =>
    name
  );
} catch {
  console.log(
    "skipped: no ../shared/hosts beside the checkout, so no file as systems ship it is tried",
  );
}

for (const name of hosts.toSorted()) {
  const files = readHost(name);
  const main = [MAIN, "/usr/etc/ssh/sshd_config"].find((path) => files[path] !== undefined);
  if (main === undefined) continue;
  Deno.test(`planSshdConfig() and removeFromSshdConfig() round trip on ${name}`, () => {
    const version = VERSIONS[name] ?? assert.fail(`no version for ${name}`);
    const wanted = [...WANTED, METHODS];
    const planned = planSshdConfig(read(files, version, {}, main), wanted);
    assert.ok("edits" in planned, JSON.stringify(planned));
    const after = apply(files, planned.edits);
    const config = read(after, version, {}, main);
    for (const [keyword, value] of wanted) {
      assert.equal(firstEffective(config, keyword)?.args.join(" "), value);
    }
    const again = planSshdConfig(config, wanted);
    assert.deepEqual("edits" in again && again.edits, []);
    const removed = removeFromSshdConfig(config);
    assert.ok("edits" in removed);
    assert.deepEqual(apply(after, removed.edits), files);
    const beaten = planned.beaten.map((d) => `${d.keyword} of ${d.path}:${d.line}`).join(", ");
    console.log(
      [
        name.padEnd(20),
        planned.edits.map(({ path }) => path).join(),
        `beats ${beaten || "nothing"}`,
      ].join("  "),
    );
  });
}
