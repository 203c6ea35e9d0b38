/** Pauses the crons of an assistant or a thread that is deleted. */
import { cronObject } from "../calls/cron-calls";
import { enabledCronIdsOf } from "../d1/crons-table";
import type { Env } from "../platform/config";
import { logError } from "../platform/log";

/**
 * Pauses the crons of an assistant or a thread that is gone, with the reason as their note. A cron that cannot be reached now
 * finds out when it fires next, and pauses then.
 */
export async function pauseCronsOf(
  env: Env,
  owner: { assistant_id: string } | { thread_id: string },
  reason: string,
): Promise<void> {
  try {
    const cronIds = await enabledCronIdsOf(env.DB, owner);
    const pauses = cronIds.map((cronId) => cronObject(env, cronId).pause(reason));
    for (const pause of await Promise.allSettled(pauses)) {
      if (pause.status === "rejected") logError("a cron could not be paused", pause.reason);
    }
  } catch (error) {
    logError("the crons to pause could not be found", error, owner);
  }
}
