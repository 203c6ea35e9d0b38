/** What a cron may spend: why a slot that is due gets no run, though the cron is to fire. */
import type { CronPolicy } from "../wire/policy";
import { tokensOfDay, tokensOfMonth, type Progress } from "./progress";

/**
 * Why a slot that was claimed may not fire; null when it may. Tokens count when their run has ended, so runs that go on at
 * that time may still go beyond a budget; none is begun once it is spent.
 * @param progress with the slot itself among those claimed
 * @param behind how many of those claimed come after it: of two that are due at once, one may be the last
 */
export function limitReached(
  policy: CronPolicy,
  progress: Progress,
  behind: number,
  at: number,
): string | null {
  const { max_runs: runs, max_tokens_per_day: perDay, max_tokens_per_month: perMonth } = policy;
  // A run that was rolled back has had its turn, and has cost money.
  const { fired, rolled_back: rolledBack } = progress.slots;
  if (runs !== null && fired + rolledBack - behind > runs)
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
