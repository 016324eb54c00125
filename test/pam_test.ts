// The middle rung of the ladder: stories with a real module under libpam, and what the module does with
// a helper that breaks the protocol. As root only inside test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import { checkHostileLog, FAULTS, HOSTILE_LIMIT, makeHostileHelpers } from "./hostile.ts";
import { Werbot } from "./fake/werbot.ts";
import { explainNoModule, findParts, makeTest, WATCHER } from "./installed.ts";
import { listChildren, readStatus } from "./processes.ts";
import { playOnPam, readLog, runApplication } from "./rung_pam.ts";
import { answerIdAlone, ID_PROMPT, playAll } from "./stage.ts";
import { readStories, type Story } from "./story.ts";

const ALICE = "alice@example.com";
const test = makeTest(explainNoModule());
const login = {
  user: "alice",
  rhost: "203.0.113.7",
  tty: "ssh",
  environment: [],
  conversation: true,
  answer: answerIdAlone,
};

const testAsRoot = Deno.uid() === 0
  ? test
  : makeTest(explainNoModule() ?? "only root has files of others, and the users of the sandbox");

// valgrind reports being killed as an error.
const stories = readStories(new URL("scenarios/", import.meta.url), "pam")
  .filter(({ outcome }) => WATCHER !== "valgrind" || outcome !== "left");
// A code is spent for a user of this machine.
const needsRoot = ({ files, log }: Story) =>
  files.some(({ trait }) => trait === "owner") || log.some((line) => line.includes("offline code"));
const play = (story: Story) => playOnPam(story, findParts());
test("stories on the PAM rung", (t) =>
  playAll(t, stories.filter((story) => !needsRoot(story)), play));
testAsRoot(
  "stories on the PAM rung with files of others, or users of the sandbox",
  (t) => playAll(t, stories.filter(needsRoot), play),
);

/** Runs a test in an empty folder of its own. */
async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "wpam-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

test("pam_sm_authenticate() refuses whatever a hostile helper says, in bounded time", () =>
  inFolder(async (folder) => {
    const helpers = await makeHostileHelpers(folder);
    await Deno.writeTextFile(`${folder}/wpam.conf`, "", { mode: 0o600 });
    const results = await Promise.allSettled(
      Object.keys(FAULTS).map(async (fault) => {
        const own = `${folder}/${fault}.d`;
        await Deno.mkdir(own);
        const started = performance.now();
        const report = await runApplication(findParts(), own, {
          ...login,
          arguments: [
            `config=${folder}/wpam.conf`,
            `helper=${helpers[fault]}`,
            `log_file=${own}/wpam.log`,
          ],
          calls: ["authenticate"],
        });
        const limit = HOSTILE_LIMIT * (WATCHER === "" ? 1 : 3);
        assert.ok(performance.now() - started < limit, `${fault} took too long`);
        assert.deepEqual(report.codes, [["authenticate", "PAM_SERVICE_ERR"]], fault);
        assert.deepEqual(report.remains, { fds: 0, children: 0, signals: 0 }, fault);
        checkHostileLog(fault, await readLog(`${own}/wpam.log`));
      }),
    );
    assert.deepEqual(results.flatMap((one) => one.status === "rejected" ? [one.reason] : []), []);
  }));

/** Puts a helper and what it runs into a folder, spoils one of them, and returns the log of a login. */
async function logInSpoilt(
  folder: string,
  spoil: (path: string) => Promise<void>,
  part: string,
  helper = `${folder}/wpam-auth`,
) {
  await Deno.writeTextFile(`${folder}/wpam.conf`, "", { mode: 0o600 });
  for (const name of ["wpam-auth", "deno", "node", "wpam-auth.js"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "#!/bin/sh\n", { mode: 0o755 });
  }
  await Deno.chmod(folder, 0o755);
  await spoil(`${folder}/${part}`);
  const report = await runApplication(findParts(), folder, {
    ...login,
    arguments: [
      `config=${folder}/wpam.conf`,
      `helper=${helper}`,
      `log_file=${folder}/wpam.log`,
    ],
    calls: ["authenticate"],
  });
  assert.deepEqual(report.codes, [["authenticate", "PAM_SERVICE_ERR"]]);
  return (await readLog(`${folder}/wpam.log`)).join("\n");
}

for (const part of ["wpam-auth", "deno", "node", "wpam-auth.js"]) {
  test(`trust_helper() refuses a helper whose ${part} others can write`, () =>
    inFolder(async (folder) => {
      const log = await logInSpoilt(folder, (path) => Deno.chmod(path, 0o775), part);
      assert.match(log, new RegExp(`${folder}/${part} can be written by others \\(mode 0775\\)`));
    }));

  testAsRoot(
    `trust_helper() refuses a helper whose ${part} belongs to somebody else`,
    () =>
      inFolder(async (folder) => {
        const log = await logInSpoilt(folder, (path) => Deno.chown(path, 65534, null), part);
        assert.match(log, new RegExp(`${folder}/${part} belongs to uid 65534`));
      }),
  );
}

test("trust_helper() does without what a helper of one piece does not have", () =>
  inFolder(async (folder) => {
    const log = await logInSpoilt(folder, (path) => Deno.remove(path), "deno");
    assert.match(log, /the helper ended before its verdict/);
  }));

for (
  const [what, length, reason] of [
    ["larger than its limit", 16385, /wpam\.conf: larger than 16384 bytes/],
    ["as large as its limit", 16384, /no \\"=\\" in it/],
  ] as const
) {
  test(`trust_read() judges settings that are ${what}`, () =>
    inFolder(async (folder) => {
      const log = await logInSpoilt(
        folder,
        () => Deno.writeTextFile(`${folder}/wpam.conf`, "x".repeat(length)),
        "wpam-auth",
        findParts().helper,
      );
      assert.match(log, reason);
    }));
}

test("trust_helper() follows a link to what it must trust", () =>
  inFolder(async (folder) => {
    const link = async (path: string) => {
      await Deno.writeTextFile(`${folder}/runtime`, "");
      await Deno.chmod(`${folder}/runtime`, 0o666);
      await Deno.remove(path);
      await Deno.symlink(`${folder}/runtime`, path);
    };
    assert.match(await logInSpoilt(folder, link, "deno"), /runtime can be written by others/);
  }));

for (const part of ["wpam.conf", "wpam-auth"]) {
  test(`pam_sm_authenticate() trusts no ${part} before the user has answered, however long that takes`, () =>
    inFolder(async (folder) => {
      await Deno.chmod(folder, 0o755);
      await Deno.writeTextFile(`${folder}/wpam.conf`, "", { mode: 0o600 });
      await Deno.writeTextFile(`${folder}/wpam-auth`, "#!/bin/sh\n", { mode: 0o755 });
      await runApplication(findParts(), folder, {
        ...login,
        arguments: [
          `config=${folder}/wpam.conf`,
          `helper=${folder}/wpam-auth`,
          `log_file=${folder}/wpam.log`,
        ],
        calls: ["authenticate"],
        answer: async (echo, prompt) => {
          await Deno.chmod(`${folder}/${part}`, 0o777);
          return login.answer(echo, prompt);
        },
      });
      const log = await readLog(`${folder}/wpam.log`);
      assert.match(log.join("\n"), new RegExp(`${part} can be written by others`));
    }));
}

testAsRoot(
  "run_child() gives up the groups of whoever starts the helper",
  () =>
    inFolder(async (folder) => {
      const settings = "server_url = 127.0.0.1:1\nservice_id = id\nservice_key = key\n";
      await Deno.writeTextFile(`${folder}/wpam.conf`, settings, { mode: 0o600 });
      const groups: string[] = [];
      const parts = findParts();
      await runApplication(parts, folder, {
        ...login,
        arguments: [
          `config=${folder}/wpam.conf`,
          `helper=${parts.helper}`,
          `log_file=${folder}/wpam.log`,
        ],
        calls: ["authenticate"],
        answer: (echo, prompt) => {
          if (prompt === ID_PROMPT) return login.answer(echo, prompt);
          const [app] = listChildren(Deno.pid);
          for (const { pid } of [app!, ...listChildren(app!.pid)]) {
            groups.push(readStatus(pid)["Groups"]!.trim());
          }
          return Promise.resolve({ kind: "fail" });
        },
      });
      assert.deepEqual(groups, ["1", ""]);
    }),
);

test("pam_sm_acct_mgmt() takes no user's verdict for that of another", () =>
  inFolder(async (folder) => {
    await using werbot = await Werbot.start({ users: [{ id: ALICE, unix: ["alice"] }] });
    await Deno.writeTextFile(
      `${folder}/wpam.conf`,
      `server_url = ${werbot.address}\nservice_id = ${werbot.serviceID}\n` +
        `service_key = ${werbot.serviceKey}\n`,
      { mode: 0o600 },
    );
    await Deno.writeTextFile(`${folder}/ca.pem`, werbot.ca, { mode: 0o644 });
    const replies = [ALICE, werbot.code(ALICE)];
    const report = await runApplication(findParts(), folder, {
      ...login,
      arguments: [
        `config=${folder}/wpam.conf`,
        `helper=${findParts().helper}`,
        `log_file=${folder}/wpam.log`,
      ],
      calls: ["authenticate", "user=bob", "account"],
      answer: () => Promise.resolve({ kind: "text", text: replies.shift()! }),
    });
    assert.deepEqual(report.codes, [
      ["authenticate", "PAM_SUCCESS"],
      ["user=bob", "PAM_SUCCESS"],
      ["account", "PAM_PERM_DENIED"],
    ]);
    assert.deepEqual(werbot.requests.map(({ body }) => body?.user), ["alice", "bob"]);
  }));

test("pam_sm_setcred() succeeds without asking, logging or starting anything", () =>
  inFolder(async (folder) => {
    const report = await runApplication(findParts(), folder, {
      ...login,
      arguments: [`config=${folder}/none`, "helper=/none", `log_file=${folder}/wpam.log`],
      calls: ["setcred", "open_session", "close_session"],
    });
    assert.deepEqual(report.codes, [
      ["setcred", "PAM_SUCCESS"],
      ["open_session", "PAM_SUCCESS"],
      ["close_session", "PAM_SUCCESS"],
    ]);
    assert.deepEqual(await readLog(`${folder}/wpam.log`), []);
  }));

test("log_line() makes the log readable for its owner and group alone", () =>
  inFolder(async (folder) => {
    await runApplication(findParts(), folder, {
      ...login,
      arguments: [`config=${folder}/none`, `log_file=${folder}/wpam.log`],
      calls: ["authenticate"],
    });
    const { mode } = await Deno.stat(`${folder}/wpam.log`);
    assert.equal((mode! & 0o777).toString(8), "640");
  }));
