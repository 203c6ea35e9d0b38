/**
 * What happens when a slot of a stateless cron comes due while an earlier run of the cron goes on: its `multitask_strategy`
 * decides. Without a strategy the runs go on side by side. The runs of a thread cron are not ordered here but by their thread.
 */
import type { CronDefinition } from "../calls/cron-definition";
import { threadObject } from "../calls/thread-calls";
import { threadObjectName } from "../calls/thread-id";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import { asDomainError, DomainError } from "../platform/errors";
import { DELIVERY_MS, OBJECT_CALL_MS } from "../platform/time-limits";
import type { RunningRun } from "../calls/cron-progress";
import { now } from "../platform/clock";
import { runIdOf } from "./slot-ids";
import type { PendingSlot } from "./slot-rows";

/** Whether a `multitask_strategy` has to be applied here: the cron is stateless and has one. */
export const ordersRuns = ({ threadId, payload }: CronDefinition): boolean =>
  threadId === null && payload.multitask_strategy !== undefined;

/**
 * Finds a run that may begin at any moment, because a call that has it enqueued may still arrive: the host that sent the call has died, or
 * was told of a failure. Until the call arrives the thread object knows nothing of the run, so it is of no use to ask.
 * @param slots claimed slots that have no run yet, as far as this object knows
 * @param running the cron's runs whose end has not been reported
 * @returns the run, and the instant (ms) of its next delivery or of the refusal of the last, whichever is first
 */
export function runOnItsWay(
  { cronId }: CronDefinition,
  slots: PendingSlot[],
  running: RunningRun[],
): { runId: string; retryAt: number } | undefined {
  for (const slot of slots) {
    const runId = runIdOf(cronId, slot);
    const refusedFrom = slot.attempts === 0 ? -Infinity : (slot.deliveredAt ?? -Infinity) + DELIVERY_MS;
    if (now() < refusedFrom && running.some((run) => run.runId === runId))
      return { runId, retryAt: Math.min(refusedFrom, slot.retryAt) };
  }
  return undefined;
}

/**
 * Decides by the cron's strategy whether a slot's run may be made now. The strategies `interrupt` and `rollback` stop the earlier
 * runs first.
 * @param earlier the cron's runs whose end has not been reported
 * @returns null when the run may be made; otherwise the reason why the slot is held back
 * @throws run.conflict when the strategy is `reject` and an earlier run goes on. After any other error an earlier run may go on.
 */
export async function applyMultitaskStrategy(
  env: Env,
  definition: CronDefinition,
  earlier: RunningRun[],
): Promise<string | null> {
  // A run may have ended though its end was not reported, so the objects of the threads are asked.
  const unfinished = await unfinishedOf(env, earlier);
  const [first] = unfinished;
  if (first === undefined) return null;
  switch (definition.payload.multitask_strategy) {
    case "reject":
      throw new DomainError("run.conflict", `the earlier run ${first.runId} has not ended`);
    case "enqueue":
      return `waits for the earlier run ${first.runId} to end`;
    case "rollback":
    case "interrupt": {
      const action = definition.payload.multitask_strategy;
      await Promise.all(unfinished.map((run) => cancelAndWait(env, run, action)));
      return null;
    }
    default:
      return null;
  }
}

/**
 * The runs that have not ended. Each object is asked once, for all of its runs: mostly there is one object. With a call for each of many
 * runs one of the calls would fail again and again, and no slot would go on.
 */
async function unfinishedOf(env: Env, runs: RunningRun[]): Promise<RunningRun[]> {
  const byObject = Map.groupBy(runs, ({ threadId }) => threadObjectName(threadId));
  const asked = Array.from(byObject.values(), async (ofObject) => {
    const [{ threadId }] = ofObject as [RunningRun];
    const answer = threadObject(env, threadId).unfinishedRuns(ofObject.map(({ runId }) => runId));
    return within(OBJECT_CALL_MS, "the thread object", answer);
  });
  const unfinished = new Set((await Promise.all(asked)).flat());
  return runs.filter(({ runId }) => unfinished.has(runId));
}

async function cancelAndWait(env: Env, run: RunningRun, action: "interrupt" | "rollback"): Promise<void> {
  const { threadId, runId } = run;
  try {
    const stopped = threadObject(env, threadId).cancelRun(threadId, runId, action, true);
    await within(OBJECT_CALL_MS, "the thread object", stopped);
  } catch (error) {
    // The run has ended meanwhile, or it was deleted with its thread.
    if (asDomainError(error)?.gone !== true) throw error;
  }
}
