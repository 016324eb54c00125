/**
 * PAM services and sshd's configuration of a host, as the editors read them.
 *
 * It only looks. Called by the planners, by status and by the checks.
 */
import type { Host, View } from "./host.ts";
import type { Source as PamSource } from "./pam_stack.ts";
import { type Edit, overlay } from "./sshd_edit.ts";
import { readSshdConfig, type Source as SshdSource, type SshdConfig } from "./sshd_config.ts";

/** The folder for changes by hand; the others belong to packages. */
export const PAM_FOLDER = "/etc/pam.d";
const VENDOR = /^\/usr\/(?!local\/)/;

/** Finds the file of a service, in the order in which libpam looks; undefined when there is none. */
export function findService(host: Host, service: string): string | undefined {
  const paths = host.serviceFolders.map((folder) => `${folder}/${service}`);
  return paths.find((path) => host.view.resolve(path) !== undefined);
}

/** Lists the services of a host by name, each once. */
export function listServices(host: Host): string[] {
  const names = host.serviceFolders.flatMap((folder) => host.view.list(folder));
  return [...new Set(names)].filter((name) => !name.startsWith(".")).sort();
}

/** Tells whether a file belongs to a package, so that changes go into a copy below /etc. */
export function isVendor(path: string): boolean {
  return VENDOR.test(path);
}

/** Reads services as this host's libpam does; `changed` stands for files that are not written yet. */
export function readPam(host: Host, changed: ReadonlyMap<string, string> = new Map()): PamSource {
  return {
    library: host.library ?? "linux-pam",
    read: (service) => {
      const path = service.startsWith("/") ? service : findService(host, service);
      return changed.get(service) ?? (path && host.view.read(path));
    },
  };
}

/**
 * Reads sshd's configuration with all that it includes; undefined when there is no sshd. `edits` stand for files
 * that are not written yet.
 */
export function readSshd(host: Host, edits: readonly Edit[] = []): SshdConfig | undefined {
  const { view, sshd } = host;
  const source = overlay(openSource(view), edits);
  return sshd && readSshdConfig(source, sshd.config, sshd.version);
}

function openSource(view: View): SshdSource {
  return {
    read: (path) => view.read(path),
    glob: (pattern) => view.glob(pattern),
    traits: (path) => {
      const { kind, links } = view.status(path) ?? {};
      const symlink = kind === "link" ? view.resolve(path) : undefined;
      return {
        ...symlink === undefined ? {} : { symlink },
        ...kind === "file" && links !== undefined ? { links } : {},
      };
    },
  };
}
