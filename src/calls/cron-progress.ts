/**
 * The progress of a cron: its runs that have not ended, and totals of its slots and runs. The progress is stored in the cron's one
 * row, so counting writes no further row. It changes in the same transaction as the slots that it counts, so the totals are exact.
 */
import { toIsoOrNull } from "../platform/clock";
import type { RunReport } from "./run-report";
import type { Figures, Percentiles } from "../wire/crons/figures";
import type { SlotOrigin } from "../wire/crons/slot";

/** A run for which a slot was claimed, and whose end has not been reported. `scheduledFor` is the slot's instant in ms. */
export interface RunningRun {
  runId: string;
  threadId: string;
  scheduledFor: number;
  origin: SlotOrigin;
}

/** The tokens used in one day or one month of UTC, which begins at `start` (ms). */
interface Period {
  start: number;
  tokens: number;
}

export interface Progress {
  running: RunningRun[];
  /** How many slots ended in which way. `fired` includes the slots that are claimed and not yet enqueued. */
  slots: { fired: number; skipped: number; missed: number; rolled_back: number };
  /** The newest slot that was missed (ms); null when there is none, or when all that were missed have been run since. */
  lastMissed: number | null;
  runs: Record<RunReport["status"], number>;
  tokens: { input: number; output: number };
  day: Period;
  month: Period;
  /** How many of the last runs failed, one after the other. */
  failuresInARow: number;
  /** Ms from the slot to the start of the run, for the last runs that were not backfilled, oldest first. */
  startLatenessMs: number[];
  /** Ms from the start of the run to its end, for the last runs, oldest first. */
  durationMs: number[];
  /** Which part of the space of the thread's object was in use at the end of the last run; null when it was not short of space. */
  spaceUsed: number | null;
  /** The ledger no longer has slots before this instant (ms). */
  prunedBefore: number;
}

/** Percentiles are computed over at most this many of the last runs. */
const MAX_SAMPLES = 100;

export const NO_PROGRESS: Progress = {
  running: [],
  slots: { fired: 0, skipped: 0, missed: 0, rolled_back: 0 },
  lastMissed: null,
  runs: { success: 0, error: 0, timeout: 0, interrupted: 0, rolled_back: 0 },
  tokens: { input: 0, output: 0 },
  day: { start: 0, tokens: 0 },
  month: { start: 0, tokens: 0 },
  failuresInARow: 0,
  startLatenessMs: [],
  durationMs: [],
  spaceUsed: null,
  prunedBefore: 0,
};

/** The progress after a slot was claimed for this run. */
export const withClaim = (progress: Progress, run: RunningRun): Progress => ({
  ...withSlots(progress, { fired: 1 }),
  running: [...progress.running, run],
});

/** The progress after the claimed slot at the instant `at` (ms) was given up: it gets no run, and ends with this status. */
export const withoutClaim = (
  progress: Progress,
  runId: string,
  status: "skipped" | "missed",
  at: number,
): Progress => {
  const unclaimed = {
    ...withSlots(progress, { fired: -1 }),
    running: progress.running.filter((run) => run.runId !== runId),
  };
  return status === "missed" ? withMissed(unclaimed, 1, at) : withSlots(unclaimed, { skipped: 1 });
};

/** The progress after so many slots were missed, the newest of them at the instant `last` (ms). */
export const withMissed = (progress: Progress, missed: number, last: number): Progress => ({
  ...withSlots(progress, { missed }),
  lastMissed: Math.max(last, progress.lastMissed ?? last),
});

/** The progress with `change` added to the totals of slots. A number may be negative. */
export function withSlots(progress: Progress, change: Partial<Progress["slots"]>): Progress {
  const { slots } = progress;
  const { fired = 0, skipped = 0, missed = 0, rolled_back: rolledBack = 0 } = change;
  const after = {
    fired: slots.fired + fired,
    skipped: slots.skipped + skipped,
    missed: slots.missed + missed,
    rolled_back: slots.rolled_back + rolledBack,
  };
  return { ...progress, slots: after, lastMissed: after.missed === 0 ? null : progress.lastMissed };
}

/** Whether the run failed. A run that was stopped did not fail. */
export const failed = ({ status }: RunReport): boolean => status === "error" || status === "timeout";

/** The progress after the run of the report has ended. Undefined when its end was reported before. */
export function withReport(progress: Progress, report: RunReport): Progress | undefined {
  const run = progress.running.find(({ runId }) => runId === report.runId);
  if (run === undefined) return undefined;
  const { status, startedAt, endedAt, inputTokens, outputTokens } = report;
  const tokens = inputTokens + outputTokens;
  const started = startedAt !== null;
  // A backfilled run is late by intention, so it does not count for the lateness.
  const hasLateness = started && run.origin !== "backfill";
  const isRolledBack = status === "rolled_back";
  return {
    ...(isRolledBack ? withSlots(progress, { fired: -1, rolled_back: 1 }) : progress),
    running: progress.running.filter((other) => other !== run),
    runs: { ...progress.runs, [status]: progress.runs[status] + 1 },
    tokens: { input: progress.tokens.input + inputTokens, output: progress.tokens.output + outputTokens },
    day: withTokens(progress.day, startOfDay(endedAt), tokens),
    month: withTokens(progress.month, startOfMonth(endedAt), tokens),
    failuresInARow: failuresAfter(progress.failuresInARow, report),
    startLatenessMs: hasLateness
      ? withSample(progress.startLatenessMs, startedAt - run.scheduledFor)
      : progress.startLatenessMs,
    durationMs: started ? withSample(progress.durationMs, endedAt - startedAt) : progress.durationMs,
    spaceUsed: report.spaceUsed ?? null,
  };
}

/** A run that was stopped neither counts as a failure nor ends the row of failures. */
function failuresAfter(failuresInARow: number, report: RunReport): number {
  if (failed(report)) return failuresInARow + 1;
  return report.status === "success" ? 0 : failuresInARow;
}

const withSample = (samples: number[], sample: number): number[] => [...samples, sample].slice(-MAX_SAMPLES);

const withTokens = (period: Period, start: number, tokens: number): Period => {
  // A late report of a run that ended in an earlier period counts for the present period. Otherwise its tokens would be lost.
  if (start <= period.start) return { start: period.start, tokens: period.tokens + tokens };
  return { start, tokens };
};

/** The tokens used in the day of UTC that `at` is in. */
export const tokensOfDay = ({ day }: Progress, at: number): number =>
  day.start === startOfDay(at) ? day.tokens : 0;

/** The tokens used in the month of UTC that `at` is in. */
export const tokensOfMonth = ({ month }: Progress, at: number): number =>
  month.start === startOfMonth(at) ? month.tokens : 0;

/** The start of the day of UTC that `at` (ms) is in. */
export function startOfDay(at: number): number {
  return new Date(at).setUTCHours(0, 0, 0, 0);
}

/** The start of the month of UTC that `at` (ms) is in. */
export function startOfMonth(at: number): number {
  const date = new Date(startOfDay(at));
  return date.setUTCDate(1);
}

/**
 * The stored progress, with defaults for fields that an earlier version did not store, and with `latenessMs` under its present
 * name.
 */
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

/** How many slots the cron has had so far, whatever became of them. */
export const slotsSoFar = ({ slots }: Progress): number =>
  slots.fired + slots.skipped + slots.missed + slots.rolled_back;

/**
 * What the slots and runs came to, as the API shows it.
 * @param pending how many slots are claimed whose run is not yet enqueued
 * @param at the present instant in ms
 */
export function figuresOf(progress: Progress, pending: number, at: number): Figures {
  const { slots, runs, tokens, lastMissed } = progress;
  const ended = runs.success + runs.error + runs.timeout;
  return {
    slots: { ...slots, fired: slots.fired - pending, pending },
    last_missed_slot: toIsoOrNull(lastMissed),
    runs: { ...runs, running: Math.max(0, progress.running.length - pending) },
    success_ratio: ended === 0 ? null : runs.success / ended,
    failures_in_a_row: progress.failuresInARow,
    tokens: { ...tokens, today: tokensOfDay(progress, at), this_month: tokensOfMonth(progress, at) },
    start_lateness_ms: percentilesOf(progress.startLatenessMs),
    duration_ms: percentilesOf(progress.durationMs),
    thread_space_used: progress.spaceUsed,
  };
}

/** The percentiles of the samples, by nearest rank; null when there are none. */
function percentilesOf(samples: number[]): Percentiles | null {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return sorted.length === 0 ? null : { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) };
}
