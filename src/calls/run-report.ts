/** What a cron is told of each run that it made, when the run has ended for good, and what it answers. */
import type { FinalStatus, Run, RunError } from "../wire/runs/run";

/** How a run of a cron has ended. Instants are in ms since the epoch. */
export interface RunReport {
  runId: string;
  threadId: string;
  /** A run that was deleted before it ended is `rolled_back` too, because it does not exist any more. */
  status: FinalStatus | "rolled_back";
  /** Whether it stopped at an interrupt and waits for an answer. */
  waiting: boolean;
  error: RunError | null;
  /** When the run was made. Not there in a report that was made by version 0.1.0. */
  createdAt?: number;
  /** The number of its attempts; 0 when it was stopped before the first. */
  attempts: number;
  /** When its first attempt began; null when none did. */
  startedAt: number | null;
  endedAt: number;
  /** The tokens that all its attempts used, as far as the models reported them. */
  inputTokens: number;
  outputTokens: number;
  /** Which part of the space of the thread's object is in use. There only from {@link SHORT_OF_SPACE} on. */
  spaceUsed?: number;
}

/** From this part on, the object of a thread is short of space. */
export const SHORT_OF_SPACE = 0.8;

/** The report of a run that has ended, from its record in D1, which has no start: most runs start as soon as they are created. */
export const reportOfRecord = (run: Run): RunReport => ({
  runId: run.run_id,
  threadId: run.thread_id,
  status: run.status as FinalStatus,
  waiting: false,
  error: run.error ?? null,
  createdAt: Date.parse(run.created_at),
  attempts: run.attempts ?? 0,
  startedAt: run.attempts === 0 ? null : Date.parse(run.created_at),
  endedAt: Date.parse(run.updated_at),
  inputTokens: run.usage?.input_tokens ?? 0,
  outputTokens: run.usage?.output_tokens ?? 0,
});
