/** Retention: removes the threads, slots and runs of a cron's past that are beyond its limits, the oldest first. */
import type { CronDefinition } from "../calls/cron-definition";
import { slotsSoFar } from "../calls/cron-progress";
import { threadObject } from "../calls/thread-calls";
import { deleteRunRows, takeOutOfLedger } from "../d1/runs-table";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import { asDomainError } from "../platform/errors";
import { D1_CALL_MS, OBJECT_CALL_MS } from "../platform/time-limits";
import type { CronContext } from "./cron-context";
import type { SlotKey } from "./slot-rows";

/** How many records of runs one statement changes. */
const RUNS_PER_STATEMENT = 1_000;
/** How many rows are removed in one batch. */
const BATCH_SIZE = 100;
/** At most this many batches are removed at a time, when the limit was lowered. What is left is removed after later slots. */
const MAX_BATCHES = 50;

/**
 * Deletes the oldest threads that the cron's runs left behind, and keeps as many of the newest as `keep_threads` says. Threads
 * that are busy or wait for an answer stay.
 * @returns whether a thread was deleted; its slot may then be removed too
 */
export async function removeOldThreads({ env, record, oldSlots }: CronContext): Promise<boolean> {
  const { definition } = record.require();
  const { keep_threads: keepCount } = definition.policy;
  if (keepCount === null || definition.threadId !== null) return false;
  let hasRemoved = false;
  for (const slot of oldSlots.threadsBeyond(keepCount, BATCH_SIZE)) {
    const removed = removeThread(env, slot.threadId);
    if (!(await within(OBJECT_CALL_MS, "the thread object", removed))) continue;
    if (record.isGone()) return false;
    oldSlots.forgetThread(slot);
    hasRemoved = true;
  }
  return hasRemoved;
}

/** Deletes the thread, unless it is busy or waits for an answer. @returns whether the thread is gone */
async function removeThread(env: Env, threadId: string): Promise<boolean> {
  const thread = threadObject(env, threadId);
  try {
    const { status } = await thread.getThread(threadId);
    if (status === "busy" || status === "interrupted") return false;
    await thread.deleteThread(threadId);
  } catch (error) {
    if (asDomainError(error)?.code !== "thread.not_found") throw error;
  }
  return true;
}

/**
 * Removes the slots beyond `history_limit` from the ledger, and the records of their runs from D1.
 * @throws Error when D1 does not answer
 */
export async function pruneHistory(context: CronContext): Promise<void> {
  for (let batches = 0; batches < MAX_BATCHES && !context.record.isGone(); batches++) {
    if (!(await pruneBatch(context))) return;
  }
}

/**
 * Removes the slot from the ledger if newer slots fill the history already. The slot's run has just ended. Earlier prunings had
 * to leave the slot because the run had not ended. The caller has to have the record of the run removed from D1.
 * @returns whether the slot was removed
 */
export function removeIfBeyondHistory(context: CronContext, slot: SlotKey): boolean {
  const { record, oldSlots, ranges } = context;
  const { definition, progress, pendingFrom } = record.require();
  const keepCount = definition.policy.history_limit;
  // There are no more rows than slots, but for the backlogs, whose slots are not counted yet.
  if (slotsSoFar(progress) + ranges.backlogs(pendingFrom).length <= keepCount) return false;
  if (!oldSlots.isRemovableBeyond(keepCount, slot, { keepsThreads: keepsThreads(definition) })) return false;
  removeSlots(context, [slot]);
  return true;
}

/** Removes at most {@link BATCH_SIZE} slots beyond the limit. @returns whether any was removed */
async function pruneBatch(context: CronContext): Promise<boolean> {
  const { env, record, oldSlots } = context;
  const { definition, progress } = record.require();
  const excess = oldSlots.removableBeyond(definition.policy.history_limit, BATCH_SIZE, {
    unfinished: progress.running.map(({ runId }) => runId),
    keepsThreads: keepsThreads(definition),
  });
  if (excess.length === 0) return false;
  // The runs go first. If the host died after it removed a slot, nobody would remove the run.
  const runIds = excess.map(({ runId }) => runId).filter((runId) => runId !== null);
  await within(D1_CALL_MS, "D1", deleteRunRows(env.DB, runIds));
  if (record.isGone()) return false;
  record.transaction(() => {
    removeSlots(context, excess);
  });
  return true;
}

/** Has D1 list the runs of the cron, whose ledger is about to be removed. @throws Error when D1 does not answer */
export async function leaveRunsToD1({ env, state, record }: CronContext): Promise<void> {
  const fired = state.storage.sql
    .exec<{ run_id: string }>("SELECT run_id FROM slots WHERE run_id IS NOT NULL")
    .toArray()
    .map((row) => row.run_id);
  const unfinished = record.read()?.progress.running.map(({ runId }) => runId) ?? [];
  const ids = [...fired, ...unfinished];
  for (let at = 0; at < ids.length; at += RUNS_PER_STATEMENT) {
    const some = ids.slice(at, at + RUNS_PER_STATEMENT);
    await within(D1_CALL_MS, "D1", takeOutOfLedger(env.DB, some));
  }
}

/** Removes the slots from the ledger. `prunedBefore` in the progress remembers how far, so that none of them fires again. */
function removeSlots({ record, oldSlots }: CronContext, slots: SlotKey[]): void {
  for (const slot of slots) oldSlots.remove(slot);
  const { progress } = record.require();
  const instants = slots.filter(({ manual }) => !manual).map(({ scheduledFor }) => scheduledFor + 1);
  const prunedBefore = Math.max(progress.prunedBefore, ...instants);
  record.update({ progress: { ...progress, prunedBefore } });
}

/** Whether a slot stays while its thread does. Otherwise nobody would know of the thread, and it would stay for ever. */
const keepsThreads = ({ policy, threadId }: CronDefinition): boolean =>
  policy.keep_threads !== null && threadId === null;
