/**
 * installer/pam_file.ts: reading PAM files line by line, and edits that can be taken back byte for byte.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addModule,
  CODES,
  type Edit,
  type Library,
  parseControl,
  parsePamFile,
  removeModule,
  takePredecessor,
} from "../../installer/pam_file.ts";

const parse = (text: string, library?: Library) => parsePamFile(text, library).lines;
const edit: Edit = { module: "pam_wpam.so", arguments: [], auth: 1, account: 2 };
const FILE = "auth required pam_unix.so\naccount required pam_unix.so\n";

function add(text: string, changes: Partial<Edit> = {}): string {
  const added = addModule(text, { ...edit, ...changes });
  assert.ok("text" in added, JSON.stringify(added));
  return added.text;
}

function remove(text: string): string {
  const removed = removeModule(text);
  assert.ok("text" in removed, JSON.stringify(removed));
  return removed.text;
}

/** The rules of a text, each as type, control, module and arguments; its fault in place of a bad one. */
function listRules(text: string, library?: Library): (string | undefined)[][] {
  return parse(text, library).filter((line) => line.kind !== "nothing").map((line) =>
    line.kind === "include"
      ? [line.type, line.how, line.target]
      : line.fault === undefined
      ? [line.type, line.control.text, line.module, ...line.arguments]
      : [line.fault]
  );
}

Deno.test("parsePamFile() reads dashes, upper case, blanks and trailing comments (B6)", () => {
  const text =
    "#%PAM-1.0\n\n \t-AUTH\tRequired  pam_a.so x=1 y # [1]\nauth required pam_b.so #c \\\n";
  assert.deepEqual(listRules(text), [
    ["auth", "required", "pam_a.so", "x=1", "y"],
    ["auth", "required", "pam_b.so"],
  ]);
  const [, , line] = parse(text);
  assert.equal(line?.number, 3);
  assert.equal(text.slice(line?.start, line?.end), " \t-AUTH\tRequired  pam_a.so x=1 y # [1]\n");
  assert.ok(line?.kind === "rule" && line.silent);
});

Deno.test("parsePamFile() joins lines that end in a backslash, but no comments (B5)", () => {
  const text = "auth \\\n  required pam_a.so \\ \nx\n# note \\\nauth required pam_b.so";
  assert.deepEqual(parse(text).map(({ number, kind }) => [number, kind]), [
    [1, "rule"],
    [4, "nothing"],
    [5, "rule"],
  ]);
  assert.deepEqual(listRules(text)[0], ["auth", "required", "pam_a.so", "x"]);
  assert.equal(parsePamFile(text).finalNewline, false);
});

Deno.test("parsePamFile() keeps bracketed words together", () => {
  const text = "auth [success=1 default=ignore] pam_a.so [a b\\] c]d [x";
  assert.deepEqual(listRules(text), [
    ["auth", "success=1 default=ignore", "pam_a.so", "a b] c", "d", "x"],
  ]);
});

Deno.test("parsePamFile() reads the three ways to include", () => {
  const text = "@include common-auth\nauth Include a b\n-account substack /etc/pam.d/c\n";
  assert.deepEqual(listRules(text), [
    [undefined, "@include", "common-auth"],
    ["auth", "include", "a"],
    ["account", "substack", "/etc/pam.d/c"],
  ]);
});

Deno.test("parsePamFile() names what libpam cannot read (B1, B2)", () => {
  const faults: [string, RegExp][] = [
    ["auth required a.soauth required b.so\nx y z", /begins with no type/],
    ["\ufeffauth required a.so", /begins with no type/],
    ["auth requird a.so", /no control field/],
    ["auth [success=0] a.so", /no control field/],
    ["auth", /no control field/],
    ["auth required # a.so", /names no module/],
    ["auth include", /does not name one file/],
    ["@include", /does not name one file/],
    ["auth required a.so\r\n", /Windows/],
    ["\r\n", /Windows/],
    ["auth required a.so \\\n\n", /after a backslash/],
    ["auth required a.so \\\n# b\n", /after a backslash/],
    ["auth required a.so \\\n", /nothing after it/],
    ["auth required a\0.so", /NUL/],
    [`# ${"x".repeat(1022)}\n`, /longer than 1023 bytes/],
  ];
  for (const [text, pattern] of faults) assert.match(`${listRules(text).at(-1)}`, pattern, text);
  assert.deepEqual(listRules("# a\r\n#\0\n# b \\\n"), []);
  assert.equal(parsePamFile("# a\r\n").crlf, true);
});

Deno.test("parsePamFile() reads an OpenPAM file by OpenPAM's rules", () => {
  const text = "auth required pam_a.so x#y # z\nauth binding pam_b \\\n  c\nauth include d\n";
  assert.deepEqual(listRules(text, "openpam"), [
    ["auth", "required", "pam_a.so", "x#y"],
    ["auth", "binding", "pam_b", "c"],
    ["auth", "include", "d"],
  ]);
  const faults = [
    "AUTH required a",
    "-auth required a",
    "auth Required a",
    "auth [default=ok] a",
    "auth substack a",
    "@include a",
    "auth include a b",
    "auth required a 'b c'",
  ];
  for (const text of faults) assert.equal(listRules(text, "openpam")[0]?.length, 1, text);
});

Deno.test("parseControl() reads a list as Linux-PAM does", () => {
  const read = (text: string) => {
    const control = parseControl(text);
    return control && [Object.fromEntries(control.actions), control.otherwise];
  };
  assert.deepEqual(read("success=2 default=ignore default=die"), [{ success: 2 }, "ignore"]);
  assert.deepEqual(read("default=bad success = ok success=done"), [{ success: "done" }, "bad"]);
  assert.deepEqual(read("success=1default=die"), [{ success: 1 }, "die"]);
  assert.deepEqual(read(""), [{}, "bad"]);
  assert.deepEqual(read("Sufficient"), [{ success: "done", new_authtok_reqd: "done" }, "ignore"]);
  for (const bad of ["success=okay", "success", "sucess=ok", "success=-1", "ok", "Success=ok"]) {
    assert.equal(read(bad), undefined, bad);
  }
  assert.equal(CODES.length, 32);
});

Deno.test("addModule() writes one line of each type between markers", () => {
  const text = add(FILE, { module: "/usr/local/lib/pam_wpam.so", arguments: ["debug=1", "a b"] });
  assert.equal(
    text.replaceAll(/begin \w{8}/g, "begin DIGEST"),
    `auth required pam_unix.so
# wpam: begin DIGEST (\`wpam uninstall\` takes these lines back)
auth required /usr/local/lib/pam_wpam.so debug=1 [a b]
# wpam: end
account required pam_unix.so
# wpam: begin DIGEST (\`wpam uninstall\` takes these lines back)
account required /usr/local/lib/pam_wpam.so debug=1 [a b]
# wpam: end
`,
  );
  assert.equal(remove(text), FILE);
});

Deno.test("addModule() comments lines out in a way that removeModule() can take back", () => {
  const file =
    "# note\nauth required pam_unix.so \\\n  nullok # a\rb\naccount required pam_unix.so";
  const text = add(file, { auth: 2, account: 4, disable: [2, 4] });
  const commented =
    "\n#auth required pam_unix.so \\\n#  nullok # a\rb\nauth required pam_wpam.so\n";
  assert.ok(text.includes(commented), text);
  assert.equal(remove(text), file);
});

Deno.test("addModule() ends an open last line, and removeModule() opens it again (B1)", () => {
  const open = FILE.trimEnd();
  const text = add(open);
  assert.ok(text.endsWith("account required pam_wpam.so\n# wpam: end (no newline stood here)\n"));
  assert.equal(remove(text), open);
  assert.equal(remove(`${text}# added later\n`), `${FILE}# added later\n`);
});

Deno.test("addModule() changes nothing on its own result, and only our blocks for other arguments", () => {
  const text = add(FILE);
  assert.equal(add(text), text);
  const other = add(text, { arguments: ["debug=1"] });
  assert.notEqual(other, text);
  assert.equal(remove(other), FILE);
});

Deno.test("addModule() refuses a file with a line that libpam cannot read (B2, B5)", () => {
  const files: [string, number][] = [
    [FILE.replaceAll("\n", "\r\n"), 1],
    [`${FILE}auth required pam_x.so \\\n`, 3],
    [`${FILE}\nsession requird pam_x.so\n`, 4],
  ];
  for (const [text, line] of files) {
    const refused = addModule(text, edit);
    assert.ok("refusal" in refused, text);
    assert.equal(refused.line, line);
    assert.match(refused.refusal, /^line \d+ .*: mend that first$/);
  }
});

Deno.test("addModule() refuses arguments that cannot stand on a PAM line", () => {
  for (
    const word of ["a#b", "a\\", "a\nauth sufficient pam_permit.so", "a b]c", "", "x".repeat(900)]
  ) {
    const refused = addModule(FILE, { ...edit, arguments: [word] });
    assert.match("refusal" in refused ? refused.refusal : "", /wpam\.conf/, word);
  }
});

Deno.test("removeModule() reports a block that was edited by hand, and leaves it (B14)", () => {
  const text = add(FILE);
  const edits: [string, RegExp][] = [
    [text.replace("pam_wpam.so\n", "pam_wpam.so debug=1\n"), /^lines 2 to 4 were edited/],
    [
      text.replace("# wpam: end\n", "auth optional pam_x.so\n# wpam: end\n"),
      /^lines 2 to 5 were edited/,
    ],
    [text.replace("# wpam: end\n", "# wpam: END\n"), /^lines 2 to 4 were edited/],
    [text.replace("# wpam: end\n", ""), /^line 5 is a wpam marker without its partner/],
    [text.replace(/# wpam: begin.*\n/, ""), /^line 3 is a wpam marker without its partner/],
    [text.slice(0, text.lastIndexOf("# wpam: end")), /^line 6 is a wpam marker/],
  ];
  for (const [edited, pattern] of edits) {
    for (const refused of [removeModule(edited), addModule(edited, edit)]) {
      assert.match("refusal" in refused ? refused.refusal : "", pattern, edited);
    }
  }
});

Deno.test("removeModule() keeps edits around our blocks (B14)", () => {
  const text = `# mine\n${add(FILE).replace("account required pam_unix.so\n", "")}session a b\n`;
  assert.equal(remove(text), "# mine\nauth required pam_unix.so\nsession a b\n");
});

Deno.test("takePredecessor() finds the Go module's lines with their settings", () => {
  const ours =
    "auth required /lib/security/pam_wpam.so server_url=w.example \\\n service_key=k # x\n";
  const { text, lines } = takePredecessor(`${FILE}${ours}account sufficient pam_wpam.so debug\n`);
  assert.equal(text, FILE);
  assert.deepEqual(lines.map((line) => [line.number, line.type, line.module, ...line.arguments]), [
    [3, "auth", "/lib/security/pam_wpam.so", "server_url=w.example", "service_key=k"],
    [5, "account", "pam_wpam.so", "debug"],
  ]);
  assert.deepEqual(takePredecessor(FILE), { text: FILE, lines: [] });
});

// deno-fmt-ignore
const piece = fc.constantFrom(
  "auth", "-auth", "ACCOUNT", "session", "required", "[success=1 default=ignore]", "include", "substack",
  "@include", "common-auth", "pam_unix.so", "nullok", "#", "# note", "\\", "[", "]", "é", "\r", "\t", "",
);
const line = fc.oneof(
  fc.array(piece, { maxLength: 5 }).map((words) => words.join(" ")),
  fc.constantFrom(
    "auth required pam_a.so",
    "account [default=bad success=ok] pam_b.so # c",
    "auth required \\\n  pam_a.so",
    "#auth required pam_a.so",
    "##",
    "",
  ),
);
const file = fc.tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom("\n", "", "\n\n"))
  .map(([lines, end]) => lines.join("\n") + end);

Deno.test("parsePamFile() covers every byte once, whatever the file", () => {
  fc.assert(fc.property(file, fc.constantFrom("linux-pam", "openpam"), (text, library) => {
    let at = 0;
    for (const { start, end } of parse(text, library)) {
      assert.equal(start, at);
      at = end;
    }
    assert.equal(at, text.length);
  }));
});

Deno.test("removeModule() gives back what addModule() was given, whatever the file and the place", () => {
  let edited = 0;
  const spot = fc.nat(20);
  const words = fc.array(fc.constantFrom("debug=1", "a b", "x=[y"), { maxLength: 2 });
  fc.assert(
    fc.property(file, spot, spot, fc.array(spot), words, (text, auth, account, disable, words) => {
      const numbers = [0, ...parse(text).map(({ number }) => number)];
      const pick = (at: number) => numbers[at % numbers.length]!;
      const changes: Edit = {
        module: "pam_wpam.so",
        arguments: words,
        auth: pick(auth),
        account: pick(account),
        disable: disable.map(pick),
      };
      const added = addModule(text, changes);
      if ("refusal" in added) {
        assert.ok(
          parse(text).some((line) => line.kind === "rule" && line.fault !== undefined),
          text,
        );
        return;
      }
      edited++;
      assert.equal(remove(added.text), text);
      assert.equal(add(added.text, changes), added.text);
      assert.equal(
        add(added.text, { ...changes, arguments: [] }),
        add(text, { ...changes, arguments: [] }),
      );
      const ours = parse(added.text).filter((line) =>
        line.kind === "rule" && line.module === "pam_wpam.so"
      );
      assert.deepEqual(ours.map((line) => line.kind === "rule" && line.type).sort(), [
        "account",
        "auth",
      ]);
    }),
    { numRuns: 1500 },
  );
  assert.ok(edited > 300, `only ${edited} files could be edited`);
});
