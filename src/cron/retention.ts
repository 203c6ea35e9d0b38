/** What of a cron's past is kept: threads, slots and runs beyond the limits are removed, the oldest first. */
import { threadObject } from "../calls/thread-calls";
import { deleteRunRows } from "../d1/runs-table";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import { asDomainError } from "../platform/errors";
import { D1_CALL_MS, OBJECT_CALL_MS } from "../platform/time-limits";
import type { SlotKey, SlotLedger } from "./ledger";
import type { CronRecord } from "./record";

/** Rows that are removed in one go. */
const AT_ONCE = 100;
/** A history whose limit was lowered is pruned by so many goes; what is left then is pruned after later slots. */
const MAX_GOES = 50;

/** Deletes the threads beyond the newest that the cron keeps, but for those that run or wait for an answer. */
export async function removeOldThreads(env: Env, record: CronRecord, ledger: SlotLedger): Promise<void> {
  const { definition } = record.require();
  const { keep_threads: keep } = definition.policy;
  if (keep === null || definition.threadId !== null) return;
  for (const slot of ledger.threadsBeyond(keep, AT_ONCE)) {
    const removed = removeThread(env, slot.threadId);
    if (!(await within(OBJECT_CALL_MS, "the thread object", removed))) continue;
    if (record.isGone()) return;
    ledger.forgetThread(slot);
  }
}

/** @returns whether the thread is gone */
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

/** Removes the slots beyond `history_limit` from the ledger, and their runs from the history. */
export async function pruneHistory(env: Env, record: CronRecord, ledger: SlotLedger): Promise<void> {
  for (let goes = 0; goes < MAX_GOES && !record.isGone(); goes++) {
    if (!(await pruneSome(env, record, ledger))) return;
  }
}

/** @returns whether something was removed */
async function pruneSome(env: Env, record: CronRecord, ledger: SlotLedger): Promise<boolean> {
  const { definition, progress } = record.require();
  const excess = ledger.excess(definition.policy.history_limit, AT_ONCE, {
    unfinished: progress.running.map(({ runId }) => runId),
    // Who forgets a slot forgets its thread, which would then stay for ever.
    keepsThreads: definition.policy.keep_threads !== null && definition.threadId === null,
  });
  if (excess.length === 0) return false;
  // The runs first: who removes a slot and dies would leave its run behind.
  const runIds = excess.map(({ runId }) => runId).filter((runId) => runId !== null);
  await within(D1_CALL_MS, "D1", deleteRunRows(env.DB, runIds));
  if (record.isGone()) return false;
  record.transaction(() => {
    for (const slot of excess) ledger.remove(slot);
    const current = record.require().progress;
    const prunedBefore = Math.max(current.prunedBefore, ...excess.filter(isSlot).map(after));
    record.update({ progress: { ...current, prunedBefore } });
  });
  return true;
}

const isSlot = ({ manual }: SlotKey): boolean => !manual;
const after = ({ scheduledFor }: SlotKey): number => scheduledFor + 1;
