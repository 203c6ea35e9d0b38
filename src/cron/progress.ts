/**
 * How far a cron has got: its runs that have not ended, and what all others came to. Kept in the cron's one row, so that
 * counting costs none, and changed only together with what is counted, so that it is never off.
 */
import type { RunReport } from "../calls/run-report";
import type { SlotOrigin } from "../wire/crons";

/** A run that was claimed for and that has not been reported to have ended. */
export interface RunningRun {
  runId: string;
  threadId: string;
  scheduledFor: number;
  origin: SlotOrigin;
}

/** Tokens used in a day or month of UTC; `start` in ms. */
interface Period {
  start: number;
  tokens: number;
}

export interface Progress {
  running: RunningRun[];
  /** Slots by what became of them; `fired` has those that are about to. */
  slots: { fired: number; skipped: number; missed: number; rolled_back: number };
  runs: Record<RunReport["status"], number>;
  tokens: { input: number; output: number };
  day: Period;
  month: Period;
  failuresInARow: number;
  /** Of the last runs, oldest first: from the scheduled time to the start, of those that were not backfilled. */
  startLatenessMs: number[];
  durationMs: number[];
  /** Slots before it are no longer in the ledger; ms. */
  prunedBefore: number;
}

/** Percentiles are those of so many last runs. */
const SAMPLES = 100;

export const NO_PROGRESS: Progress = {
  running: [],
  slots: { fired: 0, skipped: 0, missed: 0, rolled_back: 0 },
  runs: { success: 0, error: 0, timeout: 0, interrupted: 0, rolled_back: 0 },
  tokens: { input: 0, output: 0 },
  day: { start: 0, tokens: 0 },
  month: { start: 0, tokens: 0 },
  failuresInARow: 0,
  startLatenessMs: [],
  durationMs: [],
  prunedBefore: 0,
};

/** A slot is taken for this run. */
export const withClaim = (progress: Progress, run: RunningRun): Progress => ({
  ...withSlots(progress, { fired: 1 }),
  running: [...progress.running, run],
});

/** A slot that was taken gets no run after all. */
export const withoutClaim = (progress: Progress, runId: string, as: "skipped" | "missed"): Progress => ({
  ...withSlots(progress, { fired: -1, [as]: 1 }),
  running: progress.running.filter((run) => run.runId !== runId),
});

/** So many slots more, or less, of each kind. */
export function withSlots(progress: Progress, change: Partial<Progress["slots"]>): Progress {
  const { slots } = progress;
  const { fired = 0, skipped = 0, missed = 0, rolled_back: rolledBack = 0 } = change;
  return {
    ...progress,
    slots: {
      fired: slots.fired + fired,
      skipped: slots.skipped + skipped,
      missed: slots.missed + missed,
      rolled_back: slots.rolled_back + rolledBack,
    },
  };
}

export const failed = ({ status }: RunReport): boolean => status === "error" || status === "timeout";

/** A run has ended as the report says; undefined when that is known already. */
export function withReport(progress: Progress, report: RunReport): Progress | undefined {
  const run = progress.running.find(({ runId }) => runId === report.runId);
  if (run === undefined) return undefined;
  const { status, startedAt, endedAt, inputTokens, outputTokens } = report;
  const tokens = inputTokens + outputTokens;
  const started = startedAt !== null;
  // Who asks for the slots of last year is not told that they are a year late.
  const hasLateness = started && run.origin !== "backfill";
  const isRolledBack = status === "rolled_back";
  return {
    ...(isRolledBack ? withSlots(progress, { fired: -1, rolled_back: 1 }) : progress),
    running: progress.running.filter((other) => other !== run),
    runs: { ...progress.runs, [status]: progress.runs[status] + 1 },
    tokens: { input: progress.tokens.input + inputTokens, output: progress.tokens.output + outputTokens },
    day: spent(progress.day, startOfDay(endedAt), tokens),
    month: spent(progress.month, startOfMonth(endedAt), tokens),
    failuresInARow: failuresAfter(progress.failuresInARow, report),
    startLatenessMs: hasLateness
      ? sampled(progress.startLatenessMs, startedAt - run.scheduledFor)
      : progress.startLatenessMs,
    durationMs: started ? sampled(progress.durationMs, endedAt - startedAt) : progress.durationMs,
  };
}

/** A run that was stopped says nothing about the next. */
function failuresAfter(before: number, report: RunReport): number {
  if (failed(report)) return before + 1;
  return report.status === "success" ? 0 : before;
}

const sampled = (samples: number[], sample: number): number[] => [...samples, sample].slice(-SAMPLES);

const spent = (period: Period, start: number, tokens: number): Period => {
  // A report that comes late, of a run of yesterday, is counted today rather than not at all.
  if (start <= period.start) return { start: period.start, tokens: period.tokens + tokens };
  return { start, tokens };
};

/** The tokens used in the day of UTC that `at` is in. */
export const tokensOfDay = ({ day }: Progress, at: number): number =>
  day.start === startOfDay(at) ? day.tokens : 0;

/** The tokens used in the month of UTC that `at` is in. */
export const tokensOfMonth = ({ month }: Progress, at: number): number =>
  month.start === startOfMonth(at) ? month.tokens : 0;

function startOfDay(at: number): number {
  return new Date(at).setUTCHours(0, 0, 0, 0);
}

function startOfMonth(at: number): number {
  const date = new Date(startOfDay(at));
  return date.setUTCDate(1);
}

/** Progress as it was stored, also by a version that counted less. */
export const storedProgress = (stored: Partial<Progress> & { latenessMs?: number[] }): Progress => {
  const { latenessMs = [], ...progress } = stored;
  return {
    ...NO_PROGRESS,
    startLatenessMs: latenessMs,
    ...progress,
    slots: { ...NO_PROGRESS.slots, ...progress.slots },
    runs: { ...NO_PROGRESS.runs, ...progress.runs },
  };
};
