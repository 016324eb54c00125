/**
 * The checks of PAM's service files: that they can be read, that our line is reached, and that nobody gets past it.
 *
 * Every path through a stack is walked on paper (pam_plan.ts); no module is run.
 */
import { type Check, type Context, error, once, type Seen, warning } from "./check.ts";
import { type Action, nameModule, removeModule, takePredecessor } from "./pam_file.ts";
import { judge, type Policy } from "./pam_plan.ts";
import { type Entry, expandStack, type Finding, type Stack } from "./pam_stack.ts";
import { findService, isVendor, PAM_FOLDER } from "./sources.ts";

type Service = Policy & { readonly service: string };

const TYPES = ["auth", "account"] as const;

/** Says how our lines are written again; where somebody has edited them, they are taken out first, with a copy kept. */
function again({ pam }: Context, service: string): { mend: string; run: string[] } {
  const edited = "refusal" in removeModule(pam.read(service) ?? "");
  return edited
    ? {
      mend: "Take the edited lines out, of which a copy is kept, and let wpam write them again.",
      run: ["wpam uninstall --yes --force", "wpam install"],
    }
    : { mend: "Let wpam write its lines again.", run: ["wpam install"] };
}

export const PAM_CHECKS: readonly Check[] = [
  {
    id: "pam-file",
    title: "PAM can read the service files",
    needs: [],
    run: checkFiles,
  },
  {
    id: "pam-modules",
    title: "The other modules of the PAM stack are there",
    needs: ["pam-file"],
    run: checkModules,
  },
  {
    id: "pam-line",
    title: "PAM has the lines that ask Werbot",
    needs: ["pam-file"],
    run: checkLines,
  },
  {
    id: "stack-proved",
    title: "The PAM stack leads through wpam, and only through it",
    needs: ["pam-file", "pam-line"],
    run: checkStacks,
  },
  {
    id: "second-factor",
    title: "No other module asks for a second factor",
    needs: ["pam-file"],
    run: (context) =>
      judgeAll(context).flatMap(({ service, found }) =>
        found.id !== "second-factor" ? [] : [
          warning(`${service}: ${found.text}.`, {
            where: findService(context.host, service)!,
            why: "People are asked for two codes, and either can lock them out.",
            mend: "Take out the line of the one that you do not want.",
          }),
        ]
      ),
  },
  {
    id: "pam-edited",
    title: "Our PAM lines are as wpam wrote them",
    needs: ["stack-proved"],
    run: checkMarkers,
  },
  {
    id: "pam-vendor",
    title: "Our copy of a PAM file is not older than the package's own",
    needs: [],
    run: checkCopies,
  },
];

/** Lays out what runs for a service; `text` stands in for its own file. */
function expand({ pam }: Context, service: string, type: "auth" | "account", text?: string): Stack {
  const read = (name: string) => text !== undefined && name === service ? text : pam.read(name);
  return expandStack({ ...pam, read }, service, type);
}

/** Turns "sshd line 3" into the path and the line. */
function locate({ host }: Context, where: string): string {
  const [, service, line] = /^(.+) line (\d+)/.exec(where) ?? [];
  return `${service && findService(host, service) || service}:${line}`;
}

function checkFiles(context: Context): Seen[] {
  const { host, pam, services } = context;
  return services.flatMap(({ service }): Seen[] => {
    const text = pam.read(service);
    if (!text?.trim()) {
      const path = findService(host, service);
      const seen = text === undefined
        ? `There is no PAM service ${service}.`
        : `The PAM service ${service} is empty.`;
      return [error(seen, {
        ...path === undefined ? {} : { where: path },
        why: "PAM then goes by the service other, which does not ask Werbot.",
        mend: "Restore the file from its package or a backup, then run wpam install.",
      })];
    }
    const found = TYPES.flatMap((type) => expand(context, service, type).findings);
    const texts = new Map(found.map(({ text }) => [text, text]));
    return [...texts.values()].map((text) => tellFault(context, text));
  });
}

/** Tells of a line that libpam cannot read; `text` begins with service and line. */
function tellFault(context: Context, text: string): Seen {
  const where = locate(context, text);
  const path = where.replace(/:\d+$/, "");
  const target = /includes (\S+?),/.exec(text)?.[1];
  const why = "libpam refuses the login at a line that it cannot follow.";
  if (text.includes("CRLF")) {
    const mend = "Convert the file to Unix line ends.";
    return error(`${text}.`, { where, why, mend, run: [`sed -i 's/\\r$//' ${path}`] });
  }
  const mend = target === undefined
    ? "Mend the line, or take it out."
    : `Restore ${target}, or take the line out.`;
  return error(`${text}.`, { where, why, mend });
}

/** Where libpam finds modules by name, besides the folder of the others. */
const FOLDERS = ["/lib/security", "/usr/lib/security"];

function checkModules(context: Context): Seen[] {
  const { host, pam, services } = context;
  if (pam.library !== "linux-pam") return [];
  const folders = [host.moduleFolder ?? FOLDERS[0]!, ...FOLDERS];
  const isThere = (module: string) =>
    (module.startsWith("/") ? [module] : folders.map((folder) => `${folder}/${module}`))
      .some((path) => host.view.resolve(path) !== undefined);
  const refuses = ({ control }: Entry) => {
    const action: Action = control.actions.get("module_unknown") ?? control.otherwise;
    return action === "bad" || action === "die";
  };
  const entries = services.flatMap(({ service }) =>
    TYPES.flatMap((type) => expand(context, service, type).entries)
  );
  const missing = entries.filter((entry) =>
    entry.module !== "" && nameModule(entry.module) !== "pam_wpam" && refuses(entry) &&
    !isThere(entry.module)
  );
  return [...new Map(missing.map((entry) => [entry.where, entry])).values()].map((entry) =>
    error(`${entry.where} runs ${entry.module}, which is not on this machine.`, {
      where: locate(context, entry.where),
      why: "A line whose module is missing refuses; on an account line it refuses keys as well.",
      mend: "Install the package with that module, or take the line out.",
    })
  );
}

function checkLines(context: Context): Seen[] {
  return context.services.flatMap(({ service }) =>
    TYPES.filter((type) =>
      !expand(context, service, type).entries.some(({ module }) =>
        nameModule(module) === "pam_wpam"
      )
    ).map((type) =>
      error(`No ${type} line of ${service} runs pam_wpam.`, {
        where: findService(context.host, service) ?? service,
        why: type === "auth"
          ? "Logins of this service do not ask Werbot."
          : "Public-key logins of this service are not checked with Werbot.",
        ...again(context, service),
      })
    )
  );
}

/** What judge() found in the stacks of each service. */
const judgeAll = once((context: Context): { service: string; found: Finding }[] =>
  context.services.flatMap(({ service, ...policy }: Service) => {
    const text = context.pam.read(service) ?? "";
    const removed = removeModule(text);
    // What somebody has edited is judged as it is: without our lines, whatever their markers say.
    const before = "text" in removed ? removed.text : takePredecessor(text).text;
    return TYPES.flatMap((type) =>
      judge(expand(context, service, type, before), expand(context, service, type), policy)
        .map((found) => ({ service, found }))
    );
  })
);

function checkStacks(context: Context): Seen[] {
  return judgeAll(context).flatMap(({ service, found: { id, severity, text } }) => {
    if (severity !== "refusal" || id === "second-factor") return [];
    const line = new RegExp(`${service} line \\d+`).exec(text)?.[0];
    return [error(`${service}: ${text}.`, {
      where: line ? locate(context, line) : findService(context.host, service)!,
      why: "The second factor can be skipped, or nobody gets in.",
      ...id === "forgiven" ? again(context, service) : { mend: MENDS[id] ?? MEND },
    })];
  });
}

const MEND = "Look at what was changed around our lines, and take it back.";
const MENDS: Readonly<Record<string, string>> = {
  bypassed: "Take that line out, or move it below ours.",
  twice: "Take the second line out.",
  "locked-out": "Mend the lines around ours; `wpam uninstall` takes ours out.",
};

function checkMarkers(context: Context): Seen[] {
  const { host, pam, services } = context;
  return services.flatMap(({ service }) => {
    const removed = removeModule(pam.read(service) ?? "");
    if (!("refusal" in removed)) return [];
    const path = findService(host, service)!;
    return [warning(`${path}: ${removed.refusal}.`, {
      where: `${path}:${removed.line}`,
      why: "wpam leaves alone what others have edited, so uninstall would stop here.",
      ...again(context, service),
    })];
  });
}

function checkCopies({ host, installed }: Context): Seen[] {
  const { view } = host;
  return (installed?.created ?? []).filter((path) => path.startsWith(`${PAM_FOLDER}/`)).flatMap(
    (path) => {
      const name = path.slice(PAM_FOLDER.length + 1);
      const vendor = host.serviceFolders.map((folder) => `${folder}/${name}`)
        .find((candidate) => isVendor(candidate) && view.status(candidate));
      const [ours, theirs] = [path, vendor ?? path].map((each) => view.status(each)?.mtime ?? 0);
      if (theirs! <= ours!) return [];
      return [warning(`${vendor} has changed since wpam made its copy, ${path}.`, {
        where: path,
        why: "What the package has changed does not count while the copy is there.",
        mend: "Make the copy anew.",
        run: ["wpam uninstall --yes", "wpam install"],
      })];
    },
  );
}
