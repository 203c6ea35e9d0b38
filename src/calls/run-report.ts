/** What a cron is told of each run that it made, when the run has ended for good, and what it answers. */
import type { FinalStatus, RunError } from "../wire/runs/run";
import type { CronEntry } from "./cron-entry";

/** How a run of a cron has ended. Instants are in ms since the epoch. */
export interface RunReport {
  runId: string;
  threadId: string;
  /** A run that was deleted before it ended is `rolled_back` too, because it does not exist any more. */
  status: FinalStatus | "rolled_back";
  /** Whether it stopped at an interrupt and waits for an answer. */
  waiting: boolean;
  error: RunError | null;
  /** The number of its attempts; 0 when it was stopped before the first. */
  attempts: number;
  /** When its first attempt began; null when none did. */
  startedAt: number | null;
  endedAt: number;
  /** The tokens that all its attempts used, as far as the models reported them. */
  inputTokens: number;
  outputTokens: number;
}

/** What a cron answers to a report. */
export interface ReportAnswer {
  /** What D1 is to be told of the cron together with the run; null when the cron writes to D1 itself. */
  entry: CronEntry | null;
  /** Whether D1 keeps the record of the run. It does not when the run is older than the cron's history goes back. */
  keepsRecord: boolean;
}
