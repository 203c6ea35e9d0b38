/** Finds crons whose alarm is late or lost and runs that may have stalled, and makes their objects look at them. */
import { cronObject } from "../calls/cron-calls";
import { threadObject } from "../calls/thread-calls";
import { overdueCrons } from "../d1/crons-table";
import { stalledRuns } from "../d1/runs-table";
import { now } from "../platform/clock";
import type { Env } from "../platform/config";
import { logError, logInfo } from "../platform/log";

/** Ms after which a cron counts as late, and a run of which D1 has heard nothing counts as stalled. */
const LATE_MS = 2 * 60_000;
/**
 * At most this many crons and this many runs are read from D1 in a minute. On a free plan the calls beyond its limit of
 * subrequests fail; the watchdog makes them again a minute later.
 */
const MAX_OF_EACH = 500;

/** Pokes each cron that is more than two minutes late, and each thread with a run that has not reported for two minutes. */
export async function pokeOverdue(env: Env): Promise<void> {
  const before = now() - LATE_MS;
  const crons = await overdueCrons(env.DB, before, MAX_OF_EACH);
  const runs = await stalledRuns(env.DB, before, MAX_OF_EACH);
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
