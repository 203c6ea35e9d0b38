/** Asks whether a user may create a run: on a request, and each time when a cron fires. */
import type { AccessFilter } from "../calls/access-filter";
import type { RunFields } from "../calls/new-run";
import type { User } from "../calls/user";
import { pick } from "../platform/json";
import { KEPT_FIELDS, runCreate } from "../wire/runs/run";
import { authorize } from "./authorize";
import { changedFields } from "./changed-value";
import type { AuthValue } from "./events";
import type { AuthHandlers } from "./handlers";

/** The fields that a handler finds in `value.kwargs`. */
const KWARGS = [...KEPT_FIELDS, "config", "context", "durability", "checkpoint_during"] as const;
/** The fields that a handler finds in the value itself. */
const OWN = ["metadata", "multitask_strategy", "after_seconds"] as const;

/**
 * Asks whether the user may create the run that `fields` ask for.
 * @returns the filter that the thread has to pass if it exists, and the fields as the handler has left them
 * @throws request.forbidden, AuthRefusal, AuthMistake, and whatever else the handler throws
 */
export async function authorizeRun<Fields extends RunFields>(
  handlers: AuthHandlers,
  user: User,
  fields: Fields,
  ids: { threadId: string | null; assistantId: string; runId: string },
): Promise<{ filter: AccessFilter | undefined; fields: Fields }> {
  // A copy, because the fields of a cron are those that it keeps.
  const given = structuredClone(fields);
  const kwargs = pick(given, KWARGS);
  const before = {
    thread_id: ids.threadId,
    assistant_id: ids.assistantId,
    run_id: ids.runId,
    status: "pending",
    metadata: given.metadata ?? {},
    prevent_insert_if_inflight: given.multitask_strategy === "reject",
    multitask_strategy: given.multitask_strategy ?? "enqueue",
    if_not_exists: given.if_not_exists ?? "reject",
    after_seconds: given.after_seconds ?? 0,
    kwargs,
  } satisfies AuthValue<"threads:create_run">;
  const { filter, value } = await authorize(handlers, user, "threads:create_run", before);
  const changed = {
    ...changedFields("threads:create_run", runCreate.shape, value, OWN),
    ...changedFields("threads:create_run", runCreate.shape, value.kwargs, KWARGS),
  };
  return { filter, fields: { ...given, ...changed } };
}
