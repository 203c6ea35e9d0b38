/** What a cron's slots and runs came to, as the API shows it. */
import type { Figures, Percentiles } from "../wire/crons/slot";
import { tokensOfDay, tokensOfMonth, type Progress } from "./progress";

/** @param pending how many slots are claimed whose run is not yet enqueued */
export function figuresOf(progress: Progress, pending: number, at: number): Figures {
  const { slots, runs, tokens } = progress;
  const ended = runs.success + runs.error + runs.timeout;
  return {
    slots: { ...slots, fired: slots.fired - pending, pending },
    runs: { ...runs, running: Math.max(0, progress.running.length - pending) },
    success_ratio: ended === 0 ? null : runs.success / ended,
    failures_in_a_row: progress.failuresInARow,
    tokens: { ...tokens, today: tokensOfDay(progress, at), this_month: tokensOfMonth(progress, at) },
    start_lateness_ms: percentilesOf(progress.startLatenessMs),
    duration_ms: percentilesOf(progress.durationMs),
  };
}

/** By nearest rank. */
function percentilesOf(samples: number[]): Percentiles | null {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return sorted.length === 0 ? null : { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) };
}
