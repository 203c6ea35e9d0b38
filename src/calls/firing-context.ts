/** What a cron has to know from D1 when it fires: its assistant, and whether the switch stops all crons. */
import type { AssistantSnapshot } from "./new-run";

/** The cron's object stores the context that it read last, so that the cron can fire while D1 cannot be read. */
export interface FiringContext {
  assistant: AssistantSnapshot;
  /** The reason why no cron of the deployment fires; null while crons fire. */
  stopped: string | null;
}
