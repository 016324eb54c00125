// Opens many connections that ask for keyboard-interactive and leave at the first prompt, as whoever hammers a port
// does. Never answers a prompt. Called by test/bench/ssh.ts, as a program of its own.
//
//   flood.ts PORT COUNT AT_ONCE PAUSE    at most AT_ONCE at a time, and PAUSE milliseconds from one to the next

import { visitWithSsh2 } from "../rung_sshd.ts";

const [port, count, atOnce, pause] = Deno.args.map(Number) as [number, number, number, number];
const open = new Set<Promise<unknown>>();
let prompted = 0;

/** Connects and leaves at the first prompt. */
async function annoy(): Promise<void> {
  await visitWithSsh2({ port }, {
    user: "alice",
    methods: ["keyboard-interactive"],
    answer() {
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
