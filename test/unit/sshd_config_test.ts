/**
 * installer/sshd_config.ts: sshd's way of reading, and what is in force.
 *
 * The numbers in brackets name traps, all of which somebody has fallen into: A1 to A19 are about the text
 * of sshd_config.
 */
import assert from "node:assert/strict";
import {
  firstEffective,
  listOverrides,
  readSshdConfig,
  relocate,
  type Source,
  type Version,
} from "../../installer/sshd_config.ts";

type Files = Readonly<Record<string, string>>;

const MAIN = "/etc/ssh/sshd_config";
const FOLDER = "/etc/ssh/sshd_config.d";
const INCLUDE = `Include ${FOLDER}/*.conf\n`;
const OLD: Version = [8, 4];
const NEW: Version = [9, 2];

function makeSource(files: Files): Source {
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
  };
}

function read(files: Files | string, version = NEW) {
  const source = makeSource(typeof files === "string" ? { [MAIN]: files } : files);
  return readSshdConfig(source, MAIN, version);
}

function valueIn(files: Files | string, keyword: string, version = NEW): string | undefined {
  return firstEffective(read(files, version), keyword)?.args.join(" ");
}

for (
  const [line, version, expected] of [
    ["UsePAM yes", NEW, ["usepam", "yes"]],
    ["usepam YES", NEW, ["usepam", "YES"]],
    ["\tUsePAM\t \tyes \t\f", NEW, ["usepam", "yes"]],
    ["UsePAM=yes", NEW, ["usepam", "yes"]],
    ["UsePAM = yes", NEW, ["usepam", "yes"]],
    ["UsePAM==yes", NEW, ["usepam", "=yes"]],
    ['"UsePAM" "yes"', NEW, ["usepam", "yes"]],
    ["Use\"PAM\" 'yes'", NEW, ["usepam", "yes"]],
    ["UsePAM yes # c", NEW, ["usepam", "yes"]],
    ["UsePAM yes#c", NEW, ["usepam", "yes#c"]],
    ["UsePAM yes#c", OLD, ["usepam", "yes"]],
    ["UsePAM yes # c", OLD, ["usepam", "yes"]],
    ["Banner=/a=b", OLD, ["banner", "/a", "b"]],
    ["Banner=/a=b", NEW, ["banner", "/a=b"]],
    ['Banner "/a b"', OLD, ["banner", "/a b"]],
    ["Banner '/a b'", OLD, ["banner", "'/a", "b'"]],
    [String.raw`Banner "/a \"b\" \c \ d"e f`, NEW, ["banner", String.raw`/a "b" \c \ de`, "f"]],
    [String.raw`Banner /a\ b`, NEW, ["banner", "/a b"]],
    ["Match  User=bob,carol Address 192.0.2.1 # c", NEW, [
      "match",
      "User",
      "bob,carol",
      "Address",
      "192.0.2.1",
    ]],
    ["UsePAM yes\r", NEW, ["usepam", "yes"]],
    ['"UsePAM yes', NEW, undefined],
    ["# UsePAM yes", NEW, undefined],
    [" \t", NEW, undefined],
  ] as const
) {
  const name = `${JSON.stringify(line)} of OpenSSH ${version.join(".")}`;
  Deno.test(`readSshdConfig() cuts ${name} as sshd does (A9)`, () => {
    const [directive] = read(line, version).directives;
    assert.deepEqual(directive && [directive.keyword, ...directive.args], expected);
  });
}

Deno.test("readSshdConfig() tells what would stop sshd, with its place", () => {
  const cases: [Files, RegExp][] = [
    [{}, /^\/etc\/ssh\/sshd_config cannot be read/],
    [{ [MAIN]: "Port 22\nUsePAM" }, /sshd_config, line 2: no value/],
    [{ [MAIN]: 'Banner "/a' }, /sshd_config, line 1: .*quote/],
    [{ [MAIN]: `Include ${MAIN}` }, /included through more than 16 files/],
  ];
  for (const [files, expected] of cases) assert.match(read(files).mistake ?? "", expected);
});

Deno.test("readSshdConfig() knows neither byte-order marks nor lines that go on (A12)", () => {
  assert.match(read("\uFEFFUsePAM yes\n").mistake ?? "", /line 1: .*byte-order mark/);
  assert.match(read("\xEF\xBB\xBFUsePAM yes\n").mistake ?? "", /byte-order mark/);
  assert.deepEqual(
    read("Banner \\\nUsePAM yes\n").directives.map(({ keyword }) => keyword),
    ["banner", "usepam"],
  );
});

Deno.test("readSshdConfig() follows every form of Include, in lexical order (A5)", () => {
  const files = {
    [`${FOLDER}/9-b.conf`]: "Banner /9\n",
    [`${FOLDER}/10-a.conf`]: "Banner /10\n",
    [`${FOLDER}/10-a.bak`]: "Banner /bak\n",
    "/etc/ssh/other": "Banner /other\n",
  };
  const banners = (text: string) =>
    read({ ...files, [MAIN]: text }).directives
      .filter(({ keyword }) => keyword === "banner").map(({ args }) => args[0]);
  for (const head of ["Include ", "include=", "INCLUDE\t", "Include = "]) {
    assert.deepEqual(banners(`${head}${FOLDER}/*.conf`), ["/10", "/9"]);
  }
  assert.deepEqual(banners(`Include "${FOLDER}/*.conf"`), ["/10", "/9"]);
  assert.deepEqual(banners("Include other sshd_config.d/9* none"), ["/other", "/9"]);
  assert.deepEqual(banners(`#Include ${FOLDER}/*.conf`), []);
});

Deno.test("readSshdConfig() takes backups for configuration where the pattern is * (A17)", () => {
  const files = {
    [MAIN]: `Include ${FOLDER}/*\n`,
    [`${FOLDER}/a.conf`]: "",
    [`${FOLDER}/a.conf.bak`]: "",
    [`${FOLDER}/.b.conf`]: "",
  };
  assert.deepEqual([...read(files).files.keys()], [
    MAIN,
    `${FOLDER}/a.conf`,
    `${FOLDER}/a.conf.bak`,
  ]);
});

Deno.test("readSshdConfig() gives each directive its place and the Match blocks around it", () => {
  const files = {
    [MAIN]: `Port 22\nMatch User bob\n  ${INCLUDE}  Banner /bob\nMatch all\nBanner /all\n`,
    [`${FOLDER}/a.conf`]: "Banner /a\nMatch Address 192.0.2.1\nBanner /deep\n",
  };
  assert.deepEqual(listOverrides(read(files), "banner"), [
    { keyword: "banner", args: ["/a"], path: `${FOLDER}/a.conf`, line: 1, match: ["User bob"] },
    {
      keyword: "banner",
      args: ["/deep"],
      path: `${FOLDER}/a.conf`,
      line: 3,
      match: ["User bob", "Address 192.0.2.1"],
    },
    { keyword: "banner", args: ["/bob"], path: MAIN, line: 4, match: ["User bob"] },
  ]);
  assert.equal(firstEffective(read(files), "Banner")?.line, 6);
});

Deno.test("readSshdConfig() ends a Match block with its file (A6)", () => {
  const files = {
    [MAIN]: `${INCLUDE}UsePAM yes\n`,
    [`${FOLDER}/a.conf`]: "Match User bob\nBanner /bob\n",
    [`${FOLDER}/b.conf`]: "Banner /b\n",
  };
  assert.equal(valueIn(files, "banner"), "/b");
  assert.equal(valueIn(files, "usepam"), "yes");
});

Deno.test("firstEffective() takes the first and tells file and line of it (A7)", () => {
  const text = "ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\n";
  const first = firstEffective(read(text), "KbdInteractiveAuthentication");
  assert.deepEqual([first?.path, first?.line, first?.args], [MAIN, 1, ["no"]]);
});

Deno.test("firstEffective() keeps the two names apart before OpenSSH 8.7 (A8)", () => {
  const text = "SkeyAuthentication no\nKbdInteractiveAuthentication yes\n";
  assert.equal(valueIn(text, "KbdInteractiveAuthentication", OLD), "yes");
  assert.equal(valueIn(text, "ChallengeResponseAuthentication", OLD), "no");
  assert.equal(valueIn(text, "ChallengeResponseAuthentication", [8, 7]), "no");
  assert.equal(valueIn(text, "KbdInteractiveAuthentication", [10, 0]), "no");
});

Deno.test("firstEffective() sees no setting in a comment (A13)", () => {
  const text = "#KbdInteractiveAuthentication yes\n# UsePAM yes\n";
  assert.equal(valueIn(text, "KbdInteractiveAuthentication"), undefined);
});

Deno.test("firstEffective() sees no setting that only a Match block has", () => {
  const config = read("Match User bob\nPasswordAuthentication no\n");
  assert.equal(firstEffective(config, "PasswordAuthentication"), undefined);
  assert.equal(listOverrides(config, "PasswordAuthentication").length, 1);
});

Deno.test("firstEffective() lets Match all beat what stands outside, as sshd does", () => {
  const text = "Banner /a\nUsePAM yes\nMatch User bob\nMatch all\nBanner /b\nUsePAM no\n";
  assert.equal(valueIn(text, "banner"), "/b");
  assert.equal(valueIn(text, "usepam"), "yes");
});

Deno.test("firstEffective() shows where root is barred from passwords (A19)", () => {
  const root = firstEffective(
    read("Port 22\nPermitRootLogin prohibit-password\n"),
    "PermitRootLogin",
  );
  assert.deepEqual([root?.line, root?.args], [2, ["prohibit-password"]]);
});

Deno.test("relocate() copies what is read and leads every Include to the copies", () => {
  const files = {
    [MAIN]:
      'Port 22\n include=sshd_config.d/*.conf "/opt/a b" # c\n# Include x\nMatch User bob\r\nInclude other',
    [`${FOLDER}/50.conf`]: "Banner /b\n",
    "/opt/a b": "Include sshd_config.d/none*\n",
    "/etc/ssh/other": "ForceCommand a\n",
    "/etc/ssh/unread": "",
  };
  assert.deepEqual(Object.fromEntries(relocate(read(files), "/run/x")), {
    [`/run/x${MAIN}`]: `Port 22\nInclude "/run/x${FOLDER}/*.conf" "/run/x/opt/a b"\n# Include x\n` +
      'Match User bob\r\nInclude "/run/x/etc/ssh/other"',
    [`/run/x${FOLDER}/50.conf`]: "Banner /b\n",
    "/run/x/opt/a b": `Include "/run/x${FOLDER}/none*"\n`,
    "/run/x/etc/ssh/other": "ForceCommand a\n",
  });
});

Deno.test("relocate() writes settings wherever their keywords stand, and nowhere else", () => {
  const text =
    "kbdinteractiveauthentication no\nMatch User bob\n  ForceCommand a b\n#ForceCommand c\n";
  const copy = relocate(read(text), "/run/x", [
    ["ChallengeResponseAuthentication", "yes"],
    ["ForceCommand", "true"],
    ["LogLevel", "DEBUG"],
  ]);
  assert.equal(
    copy.get(`/run/x${MAIN}`),
    "ChallengeResponseAuthentication yes\nMatch User bob\nForceCommand true\n#ForceCommand c\n",
  );
});
