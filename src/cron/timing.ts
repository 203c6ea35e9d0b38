/** When a cron may fire, and when what failed is tried again. */
import { scheduleOf, upcomingSlot, type CronDefinition } from "../calls/cron-definition";
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { checkSchedule } from "../schedule/schedule";

/**
 * Why a slot gets no run, as its cron is now; null when it gets one.
 * @param from the instant from which the cron must not have ended: that of the slot, if it was acted on in time and put off
 */
export function reasonNotToFire(definition: CronDefinition, from = now()): string | null {
  if (!definition.enabled) return "the cron was disabled before the slot was acted on";
  if (definition.endTime !== null && from >= definition.endTime)
    return "the cron ended before the slot was acted on";
  return null;
}

/**
 * Refuses a definition that has no time to come.
 * @throws request.invalid
 */
export function requireFuture(definition: CronDefinition): void {
  checkSchedule(scheduleOf(definition));
  if (upcomingSlot(definition, now()) !== null) return;
  const field = definition.endTime === null ? "schedule" : "schedule, end_time";
  throw new DomainError("request.invalid", `${field}: expected a time to come, and there is none`);
}
