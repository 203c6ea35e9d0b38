/**
 * Runs of one stateless cron that overlap, by its `multitask_strategy`: those of a cron on a thread are the thread's to order.
 * Without a strategy they run side by side.
 */
import type { CronDefinition } from "../calls/cron-definition";
import { threadObject } from "../calls/thread-calls";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import { asDomainError, DomainError } from "../platform/errors";
import { OBJECT_CALL_MS } from "../platform/time-limits";
import type { RunningRun } from "./progress";

/** Whether runs of the cron may have to wait for one another. */
export const ordersRuns = ({ threadId, payload }: CronDefinition): boolean =>
  threadId === null && payload.multitask_strategy !== undefined;

/**
 * Makes way for a slot's run, or says why it has to wait.
 * @param earlier the cron's runs that are not known to have ended
 * @returns null when the run may be made; otherwise what holds it back
 * @throws run.conflict when it is not to be made at all; any other error leaves it open whether one still goes on
 */
export async function makeWay(
  env: Env,
  definition: CronDefinition,
  earlier: RunningRun[],
): Promise<string | null> {
  // What is noted may be over and not yet reported, or never to be: the objects of their threads know.
  const going = await unfinished(env, earlier);
  const [first] = going;
  if (first === undefined) return null;
  switch (definition.payload.multitask_strategy) {
    case "reject":
      throw new DomainError("run.conflict", `the earlier run ${first.runId} has not ended`);
    case "enqueue":
      return `waits for the earlier run ${first.runId} to end`;
    case "rollback":
    case "interrupt": {
      const action = definition.payload.multitask_strategy;
      await Promise.all(going.map((run) => stop(env, run, action)));
      return null;
    }
    default:
      return null;
  }
}

async function unfinished(env: Env, runs: RunningRun[]): Promise<RunningRun[]> {
  const answers = await Promise.all(
    runs.map(({ threadId, runId }) =>
      within(OBJECT_CALL_MS, "the thread object", threadObject(env, threadId).isUnfinished(threadId, runId)),
    ),
  );
  return runs.filter((_run, index) => answers[index]);
}

async function stop(env: Env, run: RunningRun, action: "interrupt" | "rollback"): Promise<void> {
  const { threadId, runId } = run;
  try {
    const stopped = threadObject(env, threadId).cancelRun(threadId, runId, action, true);
    await within(OBJECT_CALL_MS, "the thread object", stopped);
  } catch (error) {
    // It has ended meanwhile, or gone with its thread.
    if (asDomainError(error)?.gone !== true) throw error;
  }
}
