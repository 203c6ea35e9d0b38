/** The limits of a cron: its number of runs, and its tokens of a day and of a month. */
import type { CronPolicy } from "../wire/crons/policy";
import { tokensOfDay, tokensOfMonth, type Progress } from "./progress";

/**
 * The limit that keeps a claimed slot from firing; null when no limit does. The tokens of a run count when the run has ended. So
 * runs that go on may exceed a budget, but no run begins after the budget is used up.
 * @param progress it counts the slot itself as claimed
 * @param laterClaims how many claimed slots come after this one; they are not counted against this slot
 * @param at the present instant in ms
 */
export function limitReached(
  policy: CronPolicy,
  progress: Progress,
  laterClaims: number,
  at: number,
): string | null {
  const { max_runs: runs, max_tokens_per_day: perDay, max_tokens_per_month: perMonth } = policy;
  // A run that was rolled back counts too, because it has used tokens.
  const { fired, rolled_back: rolledBack } = progress.slots;
  if (runs !== null && fired + rolledBack - laterClaims > runs)
    return `max_runs: the cron has had its ${runs} runs`;
  const today = tokensOfDay(progress, at);
  if (perDay !== null && today >= perDay) {
    return `max_tokens_per_day: ${today} tokens of ${perDay} are used`;
  }
  const thisMonth = tokensOfMonth(progress, at);
  if (perMonth !== null && thisMonth >= perMonth) {
    return `max_tokens_per_month: ${thisMonth} tokens of ${perMonth} are used`;
  }
  return null;
}
