// Runs the fake Werbot service by hand and prints each request with the answer it got.
// It never prints a service key or a code that was sent; the codes shown are its own users'.
// Called by `make fake`; stdin takes Enter, `approve ID`, `reject ID`, `behave LINE` and `code ID`.

import { parseArgs } from "node:util";
import { usages } from "./behaviour.ts";
import { type Request, type User, Werbot } from "./werbot.ts";

const help =
  `usage: make fake ARGS="[--port N] [--hostname ADDRESS] [--user ID[=approve|reject]]..."

  --port N       the port to listen on, 8443 when absent
  --hostname A   the address to listen on, 127.0.0.1 when absent
  --user ID      adds a user; with =approve or =reject the device answers U2F by itself
  --behave LINE  starts with a behaviour: ${usages.join(", ")}`;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    port: { type: "string", default: "8443" },
    hostname: { type: "string", default: "127.0.0.1" },
    user: { type: "string", multiple: true, default: ["alice@example.com"] },
    behave: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) console.log(help);
else await run();
// The read of stdin that is still waiting would keep the process.
Deno.exit();

async function run(): Promise<void> {
  const users = values.user.map(parseUser);
  await using werbot = await Werbot.start({
    port: Number(values.port),
    hostname: values.hostname,
    users,
    log: (request) => console.log(describe(request)),
  });
  if (values.behave !== undefined) await werbot.behave(values.behave);
  const folder = await Deno.makeTempDir({ prefix: "fake-werbot-" });
  try {
    await Deno.writeTextFile(`${folder}/ca.pem`, werbot.ca);
    console.log(`server_url  = ${werbot.address}`);
    console.log(`service_id  = ${werbot.serviceID}`);
    console.log(`service_key = ${werbot.serviceKey}`);
    console.log(`authority: ${folder}/ca.pem`);
    for (const { id } of users) console.log(`${id}: code ${werbot.code(id)}, ${werbot.url(id)}`);
    await Promise.race([interrupted(), obey(werbot)]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function parseUser(text: string): User {
  const [, id = text, key] = /^(.*)=(approve|reject)$/.exec(text) ?? [];
  return key === "approve" || key === "reject" ? { id, key, after: 1000 } : { id };
}

function describe({ at, method, path, body, faults, answer }: Request): string {
  const fields = Object.entries(body ?? {}).map(([name, value]) =>
    `${name}=${isSecret(name) && value !== "" ? "[REDACTED]" : JSON.stringify(value)}`
  );
  const sent = [method, path, ...fields].join(" ");
  return `${at.toISOString()} ${sent} -> ${answer}${faults.length > 0 ? " (violation)" : ""}`;
}

function isSecret(name: string): boolean {
  return name === "serviceKey" || name === "totpCode";
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, resolve);
    }
  });
}

async function obey(werbot: Werbot): Promise<never> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const text of lines) {
    for (const line of text.trimEnd().split("\n")) {
      try {
        console.log(await command(werbot, line.trim()));
      } catch (error) {
        console.log(error instanceof Error ? error.message : error);
      }
    }
  }
  return await new Promise(() => {});
}

async function command(werbot: Werbot, line: string): Promise<string> {
  const [, verb = "", rest = ""] = /^(\S*)\s*(.*)$/.exec(line) ?? [];
  switch (verb) {
    case "":
    case "approve":
      return `approved ${werbot.approve(rest || undefined)}`;
    case "reject":
      return `rejected ${werbot.reject(rest || undefined)}`;
    case "behave":
      await werbot.behave(rest || undefined);
      return `behaviour: ${rest || "normal"}`;
    case "code":
      return werbot.code(rest);
    default:
      return "Enter, approve ID, reject ID, behave LINE or code ID";
  }
}
