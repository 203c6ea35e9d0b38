/** Reads the firing context of a cron from D1: its assistant, and whether the switch stops all crons. */
import type { FiringContext } from "../calls/firing-context";
import type { Env } from "../platform/config";
import { within } from "../platform/deadline";
import { asDomainError } from "../platform/errors";
import { logError } from "../platform/log";
import { D1_FIRING_READ_MS } from "../platform/time-limits";
import { getAssistantWithOthers } from "./assistants-table";
import { RecentReads } from "./recent-reads";
import { selectSwitch, toSwitch, type SwitchRow } from "./switch";

/** Crons of one assistant that are due in the same second share one read of D1. The number is in ms. */
const recentContexts = new RecentReads<FiringContext>(1_000);

/**
 * Reads the firing context from D1.
 * @throws assistant.not_found
 */
export async function readFiringContext(env: Env, assistantId: string): Promise<FiringContext> {
  const { assistant, results } = await getAssistantWithOthers(env.DB, assistantId, selectSwitch(env.DB));
  const state = toSwitch(results[0]?.results[0] as SwitchRow | undefined);
  return {
    assistant: {
      assistant_id: assistant.assistant_id,
      graph_id: assistant.graph_id,
      name: assistant.name,
      config: assistant.config,
      context: assistant.context,
    },
    stopped: state.stopped ? `all crons are stopped${state.note === null ? "" : `: ${state.note}`}` : null,
  };
}

/**
 * The firing context as D1 has it, or as D1 had it at most a second ago. When D1 cannot be read, the answer is `lastSeen`, the
 * context that the cron's object stored at an earlier firing.
 * @throws assistant.not_found
 */
export async function recentFiringContext(
  env: Env,
  assistantId: string,
  lastSeen: FiringContext,
): Promise<FiringContext> {
  try {
    return await recentContexts.recallOrRead(assistantId, () =>
      within(D1_FIRING_READ_MS, "D1", readFiringContext(env, assistantId)),
    );
  } catch (error) {
    if (asDomainError(error) !== undefined) throw error;
    logError("firing with the assistant as it was last seen", error, { assistant_id: assistantId });
    return lastSeen;
  }
}
