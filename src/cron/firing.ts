/** Firing: makes the run of a claimed slot, asks whether the cron's owner may have it, has it enqueued, and finds it again. */
import type { PendingSlot } from "./slot-rows";
import type { AccessFilter } from "../calls/access-filter";
import type { CronDefinition } from "../calls/cron-definition";
import type { CronEntry } from "../calls/cron-entry";
import { newRun, type AssistantSnapshot, type RunFields } from "../calls/new-run";
import { isFinal, type NewRun } from "../calls/run";
import { reportOfRecord, type RunReport } from "../calls/run-report";
import { threadObject } from "../calls/thread-calls";
import { isShortLived } from "../calls/thread-id";
import { findRunOfCron } from "../d1/runs-table";
import { now, toIso } from "../platform/clock";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import { messageOf } from "../platform/errors";
import type { JsonObject } from "../platform/json";
import { D1_CALL_MS, OBJECT_CALL_MS } from "../platform/time-limits";
import { allowedRun } from "./owner";
import { runIdOf } from "./slot-ids";

/** The run of a slot, and what its thread has to be like. */
export interface SlotRun {
  run: NewRun;
  /** The filter that the thread has to pass if it exists. Undefined when the owner may use every thread. */
  filter: AccessFilter | undefined;
}

/**
 * Makes the run of a claimed slot, as its cron's owner. Nothing is stored yet.
 * @throws run.refused when the owner may not create it. After any other error of an `Auth` nobody knows whether they may
 */
export async function makeRun(
  env: Env,
  definition: CronDefinition,
  assistant: AssistantSnapshot,
  slot: PendingSlot,
): Promise<SlotRun> {
  const { cronId, policy, owner = null } = definition;
  const { threadId } = slot;
  const runId = runIdOf(cronId, slot);
  const stateless = definition.threadId === null;
  const { metadata: ownMetadata, ...overrides } = slot.overrides ?? {};
  const asked: RunFields = {
    ...definition.payload,
    ...overrides,
    assistant_id: definition.assistantId,
    metadata: { ...definition.metadata, ...(ownMetadata as JsonObject | undefined) },
    if_not_exists: stateless ? "create" : "reject",
  };
  const ids = { threadId, assistantId: assistant.assistant_id, runId };
  const { filter, fields } = await allowedRun(env, owner, asked, ids);
  const run = newRun(
    {
      ...fields,
      metadata: { ...fields.metadata, cron_id: cronId, scheduled_for: toIso(slot.scheduledFor) },
      // The claim chose the thread, and with it whether the thread stays after its run.
      on_completion: isShortLived(threadId) ? "delete" : "keep",
    },
    assistant,
    {
      runId,
      threadId,
      stateless,
      user: owner,
      cron: {
        cronId,
        maxAttempts: policy.max_attempts,
        retryDelayMs: policy.retry_delay_seconds * 1000,
        timeoutMs: policy.run_timeout_seconds === null ? null : policy.run_timeout_seconds * 1000,
        ttl: policy.thread_ttl,
        ownsThread: stateless,
        ...(definition.madeBy?.chain ? { chain: definition.madeBy.chain } : {}),
      },
    },
  );
  return { run, filter };
}

/**
 * Has the run of a claimed slot enqueued. The call may be repeated, because the ids of run and thread derive from the slot.
 * @param entry changes of the cron's row in D1, which the thread object writes together with the run
 * @param notAfter the instant (ms) after which the thread object refuses this call. A call of a host that has died may arrive after a
 *   later delivery. If the slot's run has ended and is forgotten by then, the call would make a second run
 * @param answerWithinMs how long the thread object may wait for the end of the run before it answers
 * @returns how the run has ended; null when it has not, or when the thread object reports the end
 * @throws a domain error when there can be no such run (its thread is gone or busy). After any other error the run may have
 *   been enqueued or not
 */
export async function fire(
  env: Env,
  { run, filter }: SlotRun,
  { entry, notAfter, answerWithinMs }: { entry: CronEntry | null; notAfter: number; answerWithinMs: number },
): Promise<RunReport | null> {
  const options = { cronEntry: entry, notAfter, answerWithinMs };
  const enqueued = threadObject(env, run.threadId, filter).enqueueRun(run, options);
  return reportIn(await within(Math.max(0, notAfter - now()), "the thread object", enqueued));
}

/**
 * The report in the answer of a thread object. While a deployment goes out step by step, the object may be of an earlier version, which
 * answers with nothing, or with the run. It has stored the run then, and reports the end by a call.
 */
const reportIn = (answer: Partial<RunReport> | null | undefined): RunReport | null =>
  answer?.endedAt === undefined ? null : (answer as RunReport);

/** The error that nobody can tell at present whether the run of a slot was enqueued. */
export class UnknownRunError extends Error {}

/** The error that nobody can tell any more whether the run of a slot was enqueued: its record would have been removed by now. */
export class ForgottenRunError extends Error {}

/**
 * Finds the run of a claimed slot that an earlier delivery may have had enqueued although its answer was lost. A thread object has
 * the run until it has ended and D1 has its record, and remembers its end for a while. So D1 is asked only when the thread
 * object has lost its memory.
 * @returns undefined when there is no such run, or when its end was reported and its record has been deleted since. `report` says
 *   how the run has ended; it is null when the run has not ended, or when the thread object reports the end
 * @throws UnknownRunError when the thread object, or D1 if it had to be asked, did not answer
 * @throws ForgottenRunError when D1 has no record and may have had one
 */
export async function findRunOfSlot(
  env: Env,
  cronId: string,
  slot: PendingSlot,
): Promise<{ report: RunReport | null } | undefined> {
  const runId = runIdOf(cronId, slot);
  let record: Awaited<ReturnType<typeof findRunOfCron>>;
  try {
    const asked = threadObject(env, slot.threadId).findRun(runId, slot.scheduledFor);
    const known = await within(OBJECT_CALL_MS, "the thread object", asked);
    if (known.found) return { report: known.report };
    if (known.isCertain) return undefined;
    // An earlier delivery than the last was found to have made no run, before the last was made.
    const since = slot.deliveredAt ?? slot.scheduledFor;
    record = await within(D1_CALL_MS, "D1", findRunOfCron(env.DB, runId, since));
  } catch (error) {
    throw new UnknownRunError(`nobody tells whether the run was enqueued: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (record === "removed")
    throw new ForgottenRunError("its run may have been made: the record of such a run is removed by now");
  if (record === "none") return undefined;
  return { report: isFinal(record.status) ? reportOfRecord(record) : null };
}
