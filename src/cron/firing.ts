/** Firing: makes the run of a claimed slot, and has the thread object enqueue it. */
import type { CronDefinition } from "../calls/cron-definition";
import type { CronEntry } from "../calls/cron-entry";
import { newRun, type AssistantSnapshot } from "../calls/new-run";
import { threadObject } from "../calls/thread-calls";
import { isShortLived } from "../calls/thread-id";
import { now, toIso } from "../platform/clock";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import type { JsonObject } from "../platform/json";
import { OBJECT_CALL_MS } from "../platform/time-limits";
import type { PendingSlot } from "./ledger";
import { runIdOf } from "./slot-ids";

/**
 * Has the run of a claimed slot enqueued. The call may be repeated, because the ids of run and thread derive from the slot.
 * @param entry changes of the cron's row in D1, which the thread object writes together with the run
 * @param notAfter the instant (ms) after which the thread object refuses this call. A call of a host that has died may arrive after a
 *   later delivery. If the slot's run has ended and is forgotten by then, the call would make a second run
 * @returns the run's id
 * @throws a domain error when there can be no such run (its thread is gone or busy). After any other error the run may have
 *   been enqueued or not
 */
export async function fire(
  env: Env,
  definition: CronDefinition,
  assistant: AssistantSnapshot,
  slot: PendingSlot,
  { entry, notAfter }: { entry: CronEntry | null; notAfter: number },
): Promise<string> {
  const { cronId, policy } = definition;
  const { threadId } = slot;
  const runId = runIdOf(cronId, slot);
  const stateless = definition.threadId === null;
  const { metadata: ownMetadata, ...overrides } = slot.overrides ?? {};
  const metadata: JsonObject = { ...definition.metadata, ...(ownMetadata as JsonObject | undefined) };
  const run = newRun(
    {
      ...definition.payload,
      ...overrides,
      assistant_id: definition.assistantId,
      metadata: { ...metadata, cron_id: cronId, scheduled_for: toIso(slot.scheduledFor) },
      if_not_exists: stateless ? "create" : "reject",
      // The claim chose the thread, and with it whether the thread stays after its run.
      on_completion: isShortLived(threadId) ? "delete" : "keep",
    },
    assistant,
    {
      runId,
      threadId,
      stateless,
      cron: {
        cronId,
        maxAttempts: policy.max_attempts,
        retryDelayMs: policy.retry_delay_seconds * 1000,
        timeoutMs: policy.run_timeout_seconds === null ? null : policy.run_timeout_seconds * 1000,
        ttl: policy.thread_ttl,
        ownsThread: stateless,
      },
    },
  );
  const enqueued = threadObject(env, threadId).enqueueRun(run, { cronEntry: entry, notAfter });
  await within(Math.max(0, notAfter - now()), "the thread object", enqueued);
  return runId;
}

/**
 * Whether the thread object has the run of a claimed slot. It has the run when an earlier delivery had the run enqueued and
 * the answer was lost. A thread object keeps a run until the cron has acknowledged the report of its end. So false means
 * either that the run was never enqueued, or that its end has been reported. The cron's record tells the two apart; read it
 * after this answer. D1 is not asked.
 */
export async function threadHasRun(env: Env, cronId: string, slot: PendingSlot): Promise<boolean> {
  const hasRun = threadObject(env, slot.threadId).isRunStored(runIdOf(cronId, slot));
  return within(OBJECT_CALL_MS, "the thread object", hasRun);
}
