/** Whether a cron fires at an instant, and whether its schedule has slots to come. */
import { scheduleOf, upcomingSlot, type CronDefinition } from "../calls/cron-definition";
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { checkSchedule } from "../schedule/schedule";

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
