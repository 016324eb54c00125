/**
 * The table of all checks, causes before what follows from them, and the way to run them.
 *
 * It looks at nothing itself: a check lives in the checks_*.ts file of its subject. Called by doctor, and by prove.ts
 * before anything changes.
 */
import { type Check, type Context, type Manner, type Result, runAll } from "./check.ts";
import { API_CHECKS } from "./checks_api.ts";
import { CONF_CHECKS } from "./checks_conf.ts";
import { FILE_CHECKS } from "./checks_files.ts";
import { LISTENER_CHECKS } from "./checks_listener.ts";
import { LOG_CHECKS } from "./checks_log.ts";
import { MODULE_CHECKS } from "./checks_module.ts";
import { PAM_CHECKS } from "./checks_pam.ts";
import { SSHD_CHECKS } from "./checks_sshd.ts";
import { SYSTEM_CHECKS } from "./checks_system.ts";
import { USER_CHECKS } from "./checks_users.ts";

export type { Check, Context, Finding, Result } from "./check.ts";

/** All checks. What many others lean on comes first, what they explain last. */
export const CHECKS: readonly Check[] = [
  ...FILE_CHECKS,
  ...CONF_CHECKS,
  ...PAM_CHECKS,
  ...MODULE_CHECKS,
  ...SSHD_CHECKS,
  ...LISTENER_CHECKS,
  ...API_CHECKS,
  ...USER_CHECKS,
  ...SYSTEM_CHECKS,
  ...LOG_CHECKS,
];

/** Runs checks, those that others need among them; never throws. */
export async function runChecks(
  context: Context,
  ids: readonly string[] = CHECKS.map(({ id }) => id),
  checks: readonly Check[] = CHECKS,
  manner: Manner = {},
): Promise<Result[]> {
  return await runAll(checks, context, ids, manner);
}
