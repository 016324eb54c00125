// Runs wpam doctor again and again in one process, on the machine that it is started in: for each line that it reads
// it examines the machine and writes one line, a JSON object with what was found and with all that would be shown.
// It looks and changes nothing. Started by test/drill.ts.

import { CHECKS } from "../installer/checks.ts";
import { examine, present } from "../installer/doctor.ts";
import { openView, probeHost } from "../installer/host.ts";
import { Report } from "../installer/report.ts";

const [home = ""] = Deno.args;
const ids = CHECKS.map(({ id }) => id);

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
for await (const _ of lines) {
  const begun = performance.now();
  const host = await probeHost(openView());
  const examination = await examine(host, home, ids);
  const ms = Math.round(performance.now() - begun);
  const show = (json: boolean) => {
    let text = "";
    const write = (more: string) => void (text += more);
    const report = new Report({ write, terminal: false, colour: false, utf8: true }, json);
    return { exit: present(report, host.name, examination, ms), text };
  };
  const { exit, text } = show(false);
  const { findings, results } = examination;
  const skipped = results.filter((it) => it.skipped).map(({ check }) => check.id);
  const slow = results.filter((it) => it.ms > 400).map(({ check, ms }) => `${check.id} ${ms}`);
  console.log(JSON.stringify({ exit, findings, skipped, slow, ms, text, json: show(true).text }));
}
