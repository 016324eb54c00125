// The middle rung once more with the numbers and manners of OpenPAM, which FreeBSD, NetBSD and macOS have: the
// same application and stories on builds for the small libpam of test/fake/openpam, on Linux. It shows that the
// same names come out, and what the module does when functions of libpam fail, which a real one does not do on
// command. It is no test on a BSD. As root only inside test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import {
  explainNoModule,
  findMissing,
  findOpenPamParts,
  findParts,
  makeTest,
  type Parts,
} from "./installed.ts";
import { playOnPam, type Report, runApplication } from "./rung_pam.ts";
import { answerIdAlone, playAll } from "./stage.ts";
import { OUTCOMES, readStories, type Story } from "./story.ts";

const why = explainNoModule() ?? findMissing("openpam/pam_wpam.so", "openpam/pam_app");
const test = makeTest(why);

const scenarios = new URL("scenarios/", import.meta.url);
/**
 * Of the stories of the PAM rung those in which the shim has a part. What tls/ and api/ are about reaches it as
 * one word of a verdict, so that one of them, for a word that no other has, is enough. Modules before ours are
 * of Linux-PAM, and what is waited for is the helper's to end.
 */
const shared = readStories(scenarios, "pam").filter(({ name, login, files }) =>
  (!/^(tls|api)\//.test(name) || name === "tls/other-ca") &&
  login.before === null && login.waits === null &&
  (Deno.uid() === 0 || !files.some(({ trait }) => trait === "owner"))
);

test("stories on the OpenPAM rung", async (t) => {
  const outcomes = new Set(shared.map(({ outcome }) => outcome));
  assert.deepEqual(OUTCOMES.filter((outcome) => !outcomes.has(outcome)), [], "outcomes not shown");
  await playAll(t, shared, (story: Story) => playOnPam(story, findOpenPamParts()));
});

test(
  "stories of a libpam that fails",
  (t) =>
    playAll(t, readStories(scenarios, "openpam"), (story) => playOnPam(story, findOpenPamParts())),
);

/** Runs one call in the application on a configuration that is not there. */
async function call(parts: Parts, word: string, ...options: string[]): Promise<Report> {
  const folder = await Deno.makeTempDir({ prefix: "wpam-" });
  try {
    return await runApplication(parts, folder, {
      arguments: [`config=${folder}/none`, "helper=/none", `log_file=${folder}/wpam.log`],
      user: "alice",
      rhost: null,
      tty: null,
      environment: [],
      conversation: true,
      options,
      calls: [word],
      answer: word === "authenticate" ? answerIdAlone : () => assert.fail("nothing may be asked"),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

test("pam_sm_setcred() is there and succeeds, without which OpenPAM lets nobody in", async () => {
  const { codes, syslog } = await call(findOpenPamParts(), "setcred");
  assert.deepEqual(codes, [["setcred", "PAM_SUCCESS"]]);
  assert.deepEqual(syslog, []);
});

test("run_login() tells the user nothing where the application wants silence, on either PAM", async () => {
  for (const parts of [findParts(), findOpenPamParts()]) {
    for (const word of ["authenticate", "account"]) {
      const loud = await call(parts, word);
      assert.match(loud.messages.join(), /^Werbot login failed \(ref \w{8}\)$/, parts.pam);
      const silent = await call(parts, word, "--silent");
      assert.deepEqual(silent.messages, [], parts.pam);
      assert.deepEqual(silent.codes, [[word, "PAM_SERVICE_ERR"]]);
    }
  }
});
