// Many logins through one sshd: a hundred at once, and one after another for as long as SOAK says (2,000 with
// `make soak`). Prints what they took. Only inside test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import { explainNoSshd, makeTest } from "./installed.ts";
import { listDescriptors, listHelpers, listProcesses, readMemory, waitFor } from "./processes.ts";
import { OpenSsh } from "./rung_sshd.ts";
import { ID, Scene } from "./scene.ts";
import { pickPercentile, sum } from "./statistics.ts";

const AT_ONCE = 100;
const IN_A_ROW = Deno.env.get("SOAK") ? 2000 : 100;
/** Logins until sshd has allocated what it keeps. */
const WARM_UP = 20;
/** KiB that a helper may take, shared ones in proportion: 13 MiB is the goal, and it varies by a few hundred KiB. */
const HELPER_MAX = 14 * 1024;
/** KiB by which the listener may seem to grow. */
const GROWTH_MAX = 256;
const PATIENCE = 60_000;

const test = makeTest(explainNoSshd());

test("a hundred logins at once all succeed, and wait in little memory", async () => {
  await using scene = await Scene.set({}, "timeout = 30\n");
  const { werbot, sshd } = scene;
  const clients = await Promise.all(
    Array.from({ length: AT_ONCE }, () => OpenSsh.start(sshd, "alice", [ID])),
  );
  try {
    // All of them at the second prompt, connected to Werbot: there is no moment with more.
    await Promise.all(clients.map((client) => client.waitForPrompts(2, PATIENCE)));
    await waitFor("every handshake", PATIENCE, () => werbot.handshakes === AT_ONCE);
    const helpers = listHelpers().map(({ pid }) => readMemory(pid, "Pss"));
    const servers = listProcesses().filter(({ name }) => /^(sshd|wpam-\d)/.test(name))
      .map(({ pid }) => readMemory(pid, "Pss"));
    assert.equal(helpers.length, AT_ONCE);
    const begun = performance.now();
    const endings = await Promise.all(clients.map(async (client) => {
      await client.reply(2, werbot.code(ID));
      return await client.finish();
    }));
    const whole = performance.now() - begun;
    for (const { code, stdout, stderr } of endings) {
      assert.deepEqual([code, stdout], [0, "alice\n"], stderr);
    }
    await scene.checkLogins(AT_ONCE);
    await scene.checkQuiet();
    const waits = (await sshd.readWpamLog()).map((line) => Number(/ ms=(\d+) /.exec(line)![1]));
    const each = sum(helpers) / AT_ONCE / 1024;
    console.log(
      `${AT_ONCE} at once: verdict p50 ${pickPercentile(waits, 50)} ms, p95 ${
        pickPercentile(waits, 95)
      } ms, all through after ${Math.round(whole)} ms; PSS ${each.toFixed(1)} MiB a helper, ` +
        `${(sum(helpers) / 1024).toFixed(0)} MiB together, sshd ${
          (sum(servers) / 1024).toFixed(0)
        } MiB in ${servers.length} processes`,
    );
    assert.ok(each * 1024 < HELPER_MAX, `a helper takes ${each} MiB`);
  } finally {
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  }
});

test(`${IN_A_ROW} logins one after another leave sshd as it was`, async () => {
  await using scene = await Scene.set();
  const { pid } = scene.sshd.process;
  const measure = async () => {
    await scene.checkQuiet();
    return {
      descriptors: listDescriptors(pid).size,
      processes: listProcesses().length,
      // Other sshds on this machine may share the rest.
      memory: readMemory(pid, "Anonymous"),
    };
  };
  let before = await measure();
  const begun = performance.now();
  for (let i = 0; i < IN_A_ROW; i++) {
    if (i === WARM_UP) before = await measure();
    assert.equal(await scene.logIn(scene.werbot.code(ID)), "alice\n");
  }
  const seconds = (performance.now() - begun) / 1000;
  const after = await measure();
  await scene.checkLogins(IN_A_ROW);
  console.log(
    `${IN_A_ROW} in a row in ${seconds.toFixed(0)} s: descriptors ${before.descriptors} → ` +
      `${after.descriptors}, processes ${before.processes} → ${after.processes}, ` +
      `memory of the listener ${before.memory} → ${after.memory} KiB`,
  );
  assert.equal(after.descriptors, before.descriptors, "descriptors of sshd");
  assert.equal(after.processes, before.processes, "processes");
  assert.ok(after.memory - before.memory <= GROWTH_MAX, "memory of sshd");
});
