/** What a firing needs to know of D1: its assistant, and whether all crons are stopped. */
import type { AssistantSnapshot } from "./new-run";

/** As last seen; kept with the cron, so that it fires while D1 is down. */
export interface Ground {
  assistant: AssistantSnapshot;
  /** Why no cron fires; null when they do. */
  stopped: string | null;
}
