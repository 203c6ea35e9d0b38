/** Asks at each firing whether the owner of a cron may create the run. */
import { handlersFor } from "../auth/access-mode";
import { authorizeRun } from "../auth/create-run";
import { AuthRefusal } from "../auth/refusal";
import type { AccessFilter } from "../calls/access-filter";
import type { RunFields } from "../calls/new-run";
import type { User } from "../calls/user";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import { asDomainError, DomainError } from "../platform/errors";
import { AUTH_HANDLER_MS } from "../platform/time-limits";

/** Of an `HTTPException`, these say that the handler could not decide now: they are no refusal. */
const TRY_AGAIN = [408, 425, 429];

/**
 * Asks the handler of `threads:create_run` with the owner that the cron keeps. A cron without an owner was created before the
 * deployment knew its callers by name, or by an administrator, so nobody is asked.
 * @returns the filter that the thread has to pass, and the fields as the handler has left them
 * @throws run.refused when the owner may not create the run; any other error when the handler fails or does not answer
 */
export async function allowedRun(
  env: Env,
  owner: User | null,
  fields: RunFields,
  ids: { threadId: string; assistantId: string; runId: string },
): Promise<{ filter: AccessFilter | undefined; fields: RunFields }> {
  const handlers = handlersFor(env);
  if (owner === null || handlers === undefined) return { filter: undefined, fields };
  try {
    return await within(AUTH_HANDLER_MS, "the auth handler", authorizeRun(handlers, owner, fields, ids));
  } catch (error) {
    const reason = refusalOf(error);
    if (reason === undefined) throw error;
    throw new DomainError(
      "run.refused",
      `the cron's owner "${owner.identity}" may not create runs: ${reason}`,
    );
  }
}

/** Why the owner may not create the run; undefined when the error says nothing about that. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof AuthRefusal) {
    return error.status >= 500 || TRY_AGAIN.includes(error.status) ? undefined : error.detail;
  }
  return asDomainError(error)?.detail;
}
