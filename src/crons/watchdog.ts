/** Finds crons whose alarm is late or lost, and objects whose runs have stalled, and pokes them. */
import { now } from "../clock";
import type { Env } from "../config";
import { logError, logInfo } from "../log";
import { stalledThreads } from "../runs/runs-table";
import { threadObject } from "../threads/thread-object";
import { cronObject } from "./cron-object";
import { overdueCrons } from "./crons-table";

const LATE_MS = 2 * 60_000;
/** In one go. What goes beyond the subrequests of a free plan fails, and is poked the next minute. */
const AT_MOST = 500;

/** Pokes each cron more than two minutes late, and each thread with a run that nothing has been heard of. */
export async function pokeOverdue(env: Env): Promise<void> {
  const before = now() - LATE_MS;
  const crons = await overdueCrons(env.DB, before, AT_MOST);
  const threads = await stalledThreads(env.DB, before, AT_MOST);
  if (crons.length + threads.length > 0) logInfo("poking what is late", { crons, threads });
  const pokes = [
    ...crons.map((cronId) => cronObject(env, cronId).poke()),
    ...threads.map((threadId) => threadObject(env, threadId).poke()),
  ];
  for (const poke of await Promise.allSettled(pokes)) {
    if (poke.status === "rejected") logError("a poke failed", poke.reason);
  }
}
