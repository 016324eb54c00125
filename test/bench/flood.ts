// Opens many connections that ask for keyboard-interactive and leave at a prompt, as whoever hammers a port does.
// Never sends a code. Called by test/bench/ssh.ts, as a program of its own.
//
//   flood.ts PORT COUNT AT_ONCE PAUSE ANSWERS    at most AT_ONCE at a time, PAUSE milliseconds from one to the next,
//                                                each after ANSWERS answers

import { visitWithSsh2 } from "../rung_sshd.ts";

type Numbers = [number, number, number, number, number];
const [port, count, atOnce, pause, answers] = Deno.args.map(Number) as Numbers;
const open = new Set<Promise<unknown>>();
let prompted = 0;

/** Connects, and leaves at the prompt after those that it answers. */
async function annoy(): Promise<void> {
  let asked = 0;
  await visitWithSsh2({ port }, {
    user: "alice",
    methods: ["keyboard-interactive"],
    answer() {
      if (asked++ < answers) return Promise.resolve({ kind: "text", text: "mallory" });
      prompted++;
      return Promise.reject(new Error("left"));
    },
  }).catch(() => {});
}

for (let i = 0; i < count; i++) {
  const one = annoy().finally(() => open.delete(one));
  open.add(one);
  await new Promise((resolve) => setTimeout(resolve, pause));
  if (open.size === atOnce) await Promise.race(open);
}
await Promise.all(open);
console.log(prompted);
