/**
 * What this machine has already that `wpam install` builds on: settings, an earlier installation, the
 * predecessor's lines, and the files of wpam itself.
 *
 * It only looks. Called by install.ts.
 */
import type { Host, View } from "./host.ts";
import type { Installed } from "./installed.ts";
import { removeModule, takePredecessor } from "./pam_file.ts";
import { planPamFile } from "./pam_plan.ts";
import { CONF } from "./plan.ts";
import { EXIT } from "./change.ts";
import { Stop } from "./report.ts";
import { readPam } from "./sources.ts";
import { VERSION } from "./version.ts";
import { type Found, readPredecessor } from "./wishes.ts";
import { readKeys } from "./wpam_conf.ts";

/** Finds what is known before anybody is asked. */
export function findSettings(
  host: Host,
  installed: Installed | undefined,
  services: readonly string[],
): Found {
  const source = readPam(host);
  const predecessor = services.flatMap((service) => {
    const removed = removeModule(source.read(service) ?? "");
    return "text" in removed ? takePredecessor(removed.text, source.library).lines : [];
  });
  const wish = { module: host.moduleName, arguments: [], login: "password,werbot" } as const;
  const passwordless = services.some((service) => {
    const planned = planPamFile(source, { ...wish, service });
    return "refusals" in planned && planned.refusals.some(({ id }) => id === "no-password");
  });
  return {
    conf: readKeys(host.view.read(CONF) ?? ""),
    predecessor: readPredecessor(predecessor),
    checksKeys: predecessor.some(({ type }) => type === "account"),
    installed,
    password: !passwordless,
  };
}

/** The files that `make install` copied. */
export interface Parts {
  readonly home: string;
  /** The content of pam_wpam.so. */
  readonly module: string;
}

/**
 * Finds the files of wpam, on this machine those beside this very command. Stops when the module would look for
 * its helper elsewhere: every login would be refused.
 */
export function findParts(view: View, home: string): Parts {
  const standard = `/usr/lib/wpam/${VERSION}`;
  for (const folder of view.live ? [home] : [home, standard]) {
    const module = view.read(`${folder}/pam_wpam.so`);
    if (module === undefined || view.status(`${folder}/wpam-auth`) === undefined) continue;
    if (module.includes(`\0${folder}/wpam-auth\0`)) return { home: folder, module };
  }
  throw new Stop(
    EXIT.impossible,
    view.live
      ? `This wpam lies in ${home}, where its module does not look for the login helper: run make install, then ` +
        "the installed wpam."
      : `${view.root}${standard} is not complete: run make install DESTDIR=${view.root} first.`,
  );
}
