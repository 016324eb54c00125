/**
 * The checks of what is around a login: open changes, leftovers, other managers of the same files, and what SELinux
 * and AppArmor forbid.
 */
import { type Check, type Context, error, type Seen, Unchecked, warning } from "./check.ts";
import { INSTALLED } from "./installed.ts";
import { findService } from "./sources.ts";
import { readPending } from "./transaction.ts";
import { VERSION } from "./version.ts";

export const SYSTEM_CHECKS: readonly Check[] = [
  {
    id: "change-open",
    title: "No change is cut off or on trial",
    needs: [],
    root: true,
    run: checkChange,
  },
  {
    id: "memory",
    title: "wpam remembers what it has installed",
    needs: ["change-open"],
    root: true,
    run: ({ installed }) => {
      if (installed === undefined) {
        return [warning(`There is no ${INSTALLED}, or it cannot be read.`, {
          why: "Uninstall then has to guess what was there before.",
          mend: "Let wpam write it again.",
          run: ["wpam install"],
        })];
      }
      return installed.version === VERSION ? [] : [warning(
        `wpam ${installed.version} was set up here, and this is wpam ${VERSION}.`,
        {
          where: INSTALLED,
          why: "Until then logins run the older one.",
          mend: "Bring it up to date.",
          run: ["wpam install"],
        },
      )];
    },
  },
  {
    id: "leftovers",
    title: "No new version of a file waits beside the old one",
    needs: [],
    run: checkLeftovers,
  },
  {
    id: "managed",
    title: "Nothing else writes the same files",
    needs: [],
    run: checkManagers,
  },
  {
    id: "selinux",
    title: "SELinux lets wpam do its work",
    needs: [],
    root: true,
    run: checkSelinux,
  },
  {
    id: "apparmor",
    title: "AppArmor lets wpam do its work",
    needs: [],
    root: true,
    run: checkApparmor,
  },
];

function checkChange({ host: { view } }: Context): Seen[] {
  let pending: ReturnType<typeof readPending>;
  try {
    pending = readPending(view);
  } catch (fault) {
    return [error(fault instanceof Error ? fault.message : String(fault))];
  }
  if (pending?.state === "unfinished") {
    return [error(`The change of ${pending.when} was cut off.`, {
      why: "Files are neither as before nor as they should be.",
      mend: "Take it back, then begin again.",
      run: ["wpam rollback"],
    })];
  }
  if (pending?.state !== "waiting") return [];
  const when = pending.secondsLeft === undefined
    ? ""
    : ` in ${Math.round(pending.secondsLeft)} seconds`;
  return [warning(`The change of ${pending.when} is on trial, and is taken back${when}.`, {
    why: "Nobody has shown yet that one can still log in.",
    mend: "Log in anew, and run there: wpam confirm",
  })];
}

const ENDINGS = /\.(dpkg-new|dpkg-dist|ucf-dist|rpmnew|rpmsave|pacnew|apk-new)$/;

function checkLeftovers(context: Context): Seen[] {
  const { host, sshd, services } = context;
  const { view } = host;
  const paths = [
    ...services.flatMap(({ service }) => findService(host, service) ?? []),
    ...sshd?.files.keys() ?? [],
  ];
  const siblings = paths.flatMap((path) => {
    const [, folder, name] = /^(.*)\/([^/]+)$/.exec(path)!;
    return view.list(folder!).filter((each) =>
      (each.startsWith(`${name}.`) && ENDINGS.test(each)) || /^\..*\.wpam-(new|old)$/.test(each)
    ).map((each) => `${folder}/${each}`);
  });
  const canary = ["/var/run/wpam-canary", ...host.serviceFolders.map((it) => `${it}/wpam-canary`)]
    .filter((path) => view.status(path) !== undefined);
  return [
    ...[...new Set(siblings)].map((path) =>
      ENDINGS.test(path)
        ? warning(`A package has left ${path}.`, {
          where: path,
          why: "It is the new version of a file that was changed here.",
          mend: "Compare it with the one in use, take over what is new, then remove it.",
        })
        : warning(`An earlier wpam was cut off and has left ${path}.`, {
          where: path,
          why: "The next `wpam install` stops at it.",
          mend: "Compare it with the file beside it, then remove it.",
        })
    ),
    ...canary.map((path) =>
      warning(`A test login was cut off and has left ${path}.`, {
        where: path,
        why: "It belongs to no login of people.",
        mend: "Remove it.",
        run: [`rm -r ${path}`],
      })
    ),
  ];
}

const MANAGERS = /\b(puppet|ansible|chef|salt|saltstack|cfengine|jumpcloud)\b/i;

function checkManagers(context: Context): Seen[] {
  const { host, sshd, services } = context;
  const paths = [
    ...services.flatMap(({ service }) => findService(host, service) ?? []),
    ...sshd?.files.keys() ?? [],
  ];
  return paths.flatMap((path) => {
    const lines = (host.view.read(path) ?? "").split("\n");
    const at = lines.findIndex((line) =>
      line.startsWith("#") && /managed|generated|written/i.test(line) && MANAGERS.test(line)
    );
    const name = MANAGERS.exec(lines[at] ?? "")?.[1];
    return name === undefined ? [] : [warning(`${path} says that ${name} writes it.`, {
      where: `${path}:${at + 1}`,
      why: "Its next run takes wpam's lines out again.",
      mend: `Add them there too: wpam install --print-manual`,
    })];
  });
}

async function checkSelinux({ host: { view } }: Context): Promise<Seen[]> {
  if (view.read("/sys/fs/selinux/enforce")?.trim() !== "1") return [];
  const { out: boolean, code } = await view.run(["getsebool", "authlogin_yubikey"]);
  if (code === 0 && /--> off/.test(boolean)) {
    return [error("SELinux keeps sshd from the network (authlogin_yubikey is off).", {
      why: "The login helper runs in sshd's domain and cannot reach Werbot.",
      mend: "Allow it; the boolean is for second factors of any kind.",
      run: ["setsebool -P authlogin_yubikey on"],
    })];
  }
  const { out, err, code: missing } = await view.run(["ausearch", "-m", "avc", "-ts", "today"]);
  if (missing === 127) throw new Unchecked("ausearch is not installed");
  const denials = `${out}${err}`.split("\n").filter((line) =>
    /denied/.test(line) && /wpam|sshd(_session|_auth)?_t/.test(line)
  );
  const last = /avc:\s+denied\s+\{ ([^}]*) \}.*?comm="([^"]*)"/.exec(denials.at(-1) ?? "");
  if (!last) return [];
  return [warning(`SELinux has denied ${last[1]} to ${last[2]} today.`, {
    why: "A login may need what is denied.",
    mend: "Look at it: ausearch -m avc -ts today | audit2why",
  })];
}

async function checkApparmor({ host: { view } }: Context): Promise<Seen[]> {
  const profiles = view.read("/sys/kernel/security/apparmor/profiles") ?? "";
  const profile = /^(\S*sshd\S*) \(enforce\)/m.exec(profiles)?.[1];
  if (profile === undefined) return [];
  const { out, code } = await view.run(["dmesg"]);
  if (code !== 0) throw new Unchecked("the kernel's log cannot be read");
  const denied = out.split("\n").findLast((line) =>
    line.includes('apparmor="DENIED"') && line.includes(`profile="${profile}"`)
  );
  const name = /name="([^"]*)"/.exec(denied ?? "")?.[1];
  return name === undefined ? [] : [warning(`AppArmor's profile ${profile} has denied ${name}.`, {
    why: "A login may need what is denied.",
    mend: `Allow it in /etc/apparmor.d, or put the profile into complain mode.`,
  })];
}
