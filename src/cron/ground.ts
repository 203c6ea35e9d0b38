/** What a firing needs to know of D1: its assistant, and whether all crons are stopped. */
import { getAssistantAnd } from "../d1/assistants-table";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import { asDomainError } from "../platform/errors";
import { logError } from "../platform/log";
import { Recent } from "../d1/recent";
import type { AssistantSnapshot } from "../calls/new-run";
import { selectSwitch, toSwitch, type SwitchRow } from "../d1/switch";

/** As last seen; kept with the cron, so that it fires while D1 is down. */
export interface Ground {
  assistant: AssistantSnapshot;
  /** Why no cron fires; null when they do. */
  stopped: string | null;
}

const D1_LIMIT_MS = 2_000;
/** Crons that are due together ask once. */
const recent = new Recent<Ground>(1_000);

/**
 * The ground as it is now or was a second ago; or as it was last seen when D1 cannot be read.
 * @throws assistant.not_found
 */
export async function currentGround(env: Env, assistantId: string, seen: Ground): Promise<Ground> {
  try {
    return await recent.recall(assistantId, () => within(D1_LIMIT_MS, "D1", readGround(env, assistantId)));
  } catch (error) {
    if (asDomainError(error) !== undefined) throw error;
    logError("firing with the assistant as it was last seen", error, { assistant_id: assistantId });
    return seen;
  }
}

/** @throws assistant.not_found */
export async function readGround(env: Env, assistantId: string): Promise<Ground> {
  const { assistant, results } = await getAssistantAnd(env.DB, assistantId, selectSwitch(env.DB));
  const state = toSwitch(results[0]?.results[0] as SwitchRow | undefined);
  return {
    assistant: {
      assistant_id: assistant.assistant_id,
      graph_id: assistant.graph_id,
      config: assistant.config,
      context: assistant.context,
    },
    stopped: state.stopped ? `all crons are stopped${state.note === null ? "" : `: ${state.note}`}` : null,
  };
}
