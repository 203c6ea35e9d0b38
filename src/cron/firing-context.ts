/** What a firing needs to know of D1: its assistant, and whether all crons are stopped. */
import type { Ground } from "../calls/firing-context";
import { readGround } from "../d1/firing-context";
import { Recent } from "../d1/recent-reads";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import { asDomainError } from "../platform/errors";
import { logError } from "../platform/log";
import { D1_FIRING_READ_MS } from "../platform/time-limits";

/** Crons that are due together ask once. */
const recent = new Recent<Ground>(1_000);

/**
 * The ground as it is now or was a second ago; or as it was last seen when D1 cannot be read.
 * @throws assistant.not_found
 */
export async function currentGround(env: Env, assistantId: string, seen: Ground): Promise<Ground> {
  try {
    return await recent.recall(assistantId, () =>
      within(D1_FIRING_READ_MS, "D1", readGround(env, assistantId)),
    );
  } catch (error) {
    if (asDomainError(error) !== undefined) throw error;
    logError("firing with the assistant as it was last seen", error, { assistant_id: assistantId });
    return seen;
  }
}
