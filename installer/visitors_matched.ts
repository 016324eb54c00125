/**
 * The visitors whom Match blocks of sshd's configuration are about: one for each block, by its first criteria.
 *
 * It only looks. Called by the checks of sshd.
 */
import type { Host, Visitor } from "./host.ts";
import type { SshdConfig } from "./sshd_config.ts";
import { visit } from "./visitors.ts";

/** Lists a visitor for each block that names a user, a group or an address; others are passed over. */
export function listMatched(host: Host, { directives }: SshdConfig): Visitor[] {
  const blocks = new Set(directives.flatMap(({ match }) => match));
  return [...blocks].flatMap((criteria) => {
    const words = criteria.split(/[\s=]+/);
    const find = (name: string) => {
      const at = words.findIndex((word, index) => index % 2 === 0 && word.toLowerCase() === name);
      return at < 0 ? undefined : words[at + 1]?.split(",").find((each) => !/^!|[*?]/.test(each));
    };
    const [user, group, address] = ["user", "group", "address"].map(find);
    const name = user ?? (group && findMember(host, group)) ?? (address && "root");
    if (!name) return [];
    const addr = address?.replace(/\/\d+$/, "");
    return [{ ...visit(host, name), ...addr ? { addr, host: addr } : {} }];
  });
}

function findMember({ view }: Host, group: string): string | undefined {
  const line = new RegExp(`^${escape(group)}:[^:]*:(\\d+):(.*)$`, "m").exec(
    view.read("/etc/group") ?? "",
  );
  const [, gid, members] = line ?? [];
  if (members) return members.split(",")[0];
  return new RegExp(`^([^:]+):[^:]*:\\d+:${gid ?? "-"}:`, "m")
    .exec(view.read("/etc/passwd") ?? "")?.[1];
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
