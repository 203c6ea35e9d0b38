/** Reads from D1 what a firing needs to know. */
import type { Ground } from "../calls/firing-context";
import type { Env } from "../platform/config";
import { getAssistantAnd } from "./assistants-table";
import { selectSwitch, toSwitch, type SwitchRow } from "./switch";

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
