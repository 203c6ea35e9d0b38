/** Finds crons whose alarm is late or lost and runs that may have stalled, and makes their objects look at them. */
import { cronObject } from "../calls/cron-calls";
import { threadObject } from "../calls/thread-calls";
import { overdueCrons } from "../d1/crons-table";
import { stalledRuns } from "../d1/runs-table";
import { now } from "../platform/clock";
import type { Env } from "../platform/config";
import { logError, logInfo } from "../platform/log";

const LATE_MS = 2 * 60_000;
/** How many crons and runs are poked in a minute. Calls beyond the subrequests of a free plan fail, and are made a minute later. */
const AT_MOST = 500;

/** Pokes each cron that is more than two minutes late, and each thread with a run that has not reported for two minutes. */
export async function pokeOverdue(env: Env): Promise<void> {
  const before = now() - LATE_MS;
  const crons = await overdueCrons(env.DB, before, AT_MOST);
  const runs = await stalledRuns(env.DB, before, AT_MOST);
  const byThread = Map.groupBy(runs, (run) => run.thread_id);
  if (crons.length + runs.length > 0)
    logInfo("poking what is late", {
      crons: crons.map(({ cronId }) => cronId),
      threads: [...byThread.keys()],
    });
  const pokes = [
    ...crons.map(({ cronId, revision }) => cronObject(env, cronId).poke(cronId, revision)),
    ...[...byThread].map(([threadId, stalled]) =>
      threadObject(env, threadId).poke(
        threadId,
        stalled.map((run) => run.run_id),
      ),
    ),
  ];
  for (const poke of await Promise.allSettled(pokes)) {
    if (poke.status === "rejected") logError("a poke failed", poke.reason);
  }
}
