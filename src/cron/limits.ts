/** Whether a slot may fire: the cron's pause, its end, its number of runs, and its tokens of a day and of a month. */
import { scheduleOf, upcomingSlot, type CronDefinition } from "../calls/cron-definition";
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { checkSchedule } from "../schedule/schedule";
import type { CronPolicy } from "../wire/crons/policy";
import { tokensOfDay, tokensOfMonth, type Progress } from "../calls/cron-progress";

/**
 * The reason why a slot of the cron gets no run; null when it gets one.
 * @param at an instant (ms) at which the cron must not have ended. For a slot that was claimed in time and delivered later this is
 *   the slot's own time.
 */
export function reasonNotToFire(definition: CronDefinition, at = now()): string | null {
  if (!definition.enabled) return "the cron was disabled before the slot was acted on";
  if (definition.endTime !== null && at >= definition.endTime)
    return "the cron ended before the slot was acted on";
  return null;
}

/**
 * Refuses a definition whose schedule cannot be used or has no slot to come.
 * @throws request.invalid
 */
export function requireFuture(definition: CronDefinition): void {
  checkSchedule(scheduleOf(definition));
  if (upcomingSlot(definition, now()) !== null) return;
  const field = definition.endTime === null ? "schedule" : "schedule, end_time";
  throw new DomainError("request.invalid", `${field}: expected a time to come, and there is none`);
}

/** Whether the cron has made as many runs as it may. A run that was rolled back counts too, because it has used tokens. */
export const isUsedUp = ({ max_runs: most }: CronPolicy, { slots }: Progress): boolean =>
  most !== null && slots.fired + slots.rolled_back >= most;

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
