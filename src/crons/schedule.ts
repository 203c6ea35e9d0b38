/**
 * The schedule core: pure, no I/O and no clock of its own. It takes instants (ms since the epoch) and returns
 * instants. Expressions are croner's: five fields, or six with seconds first, or a nickname.
 */
import { Cron } from "croner";
import { DomainError } from "../errors";

/** When a cron fires: a cron expression, read in an IANA zone (null is UTC). */
export interface Schedule {
  expression: string;
  timezone: string | null;
}

const NICKNAMES = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

const parse = (schedule: Schedule): Cron =>
  new Cron(schedule.expression, {
    timezone: schedule.timezone ?? "UTC",
    paused: true,
    // `5/10` as in most crons: from 5 on, every 10.
    sloppyRanges: true,
  });

/**
 * Refuses a schedule that cannot be used.
 * @throws request.invalid naming `schedule` or `timezone`.
 */
export function checkSchedule(schedule: Schedule): void {
  if (schedule.timezone !== null && !isTimezone(schedule.timezone)) {
    throw new DomainError(
      "request.invalid",
      `timezone: expected an IANA time zone such as "Europe/Berlin", got "${schedule.timezone}"`,
    );
  }
  const fields = schedule.expression.trim().split(/\s+/);
  const nickname = NICKNAMES.includes(schedule.expression.trim().toLowerCase());
  if (!nickname && fields.length !== 5 && fields.length !== 6) {
    throw new DomainError(
      "request.invalid",
      `schedule: expected a cron expression of five fields, of six with seconds first, or one of ${NICKNAMES.join(", ")}`,
    );
  }
  try {
    parse(schedule);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "";
    throw new DomainError("request.invalid", `schedule: not a cron expression: ${reason}`);
  }
}

function isTimezone(name: string): boolean {
  // Engines also take offsets such as +02:00, which name no zone.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The first slot strictly after `afterMs`; null when there is none. */
export function nextSlot(schedule: Schedule, afterMs: number): number | null {
  return parse(schedule).nextRun(new Date(afterMs))?.getTime() ?? null;
}

/**
 * The last slot at or before `untilMs`, knowing that `firstMs` is a slot and not after it. Found by bisection over
 * {@link nextSlot}, so that years of downtime cost some thirty steps and both directions can never disagree.
 */
export function lastSlot(schedule: Schedule, firstMs: number, untilMs: number): number {
  const cron = parse(schedule);
  const next = (afterMs: number): number => cron.nextRun(new Date(afterMs))?.getTime() ?? Infinity;
  let latest = firstMs;
  // Invariant: `latest` is a slot, and no slot in (high, untilMs] is needed once next(high) lies beyond it.
  let low = firstMs;
  let high = untilMs;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const slot = next(middle);
    if (slot <= untilMs) {
      latest = slot;
      low = slot;
    } else {
      high = middle;
    }
  }
  return latest;
}

/** How many slots are worked out at a time on the way back. */
const WINDOW = 100;

/** The slots from `untilMs` back to `firstMs`, which is one, newest first; worked out as they are asked for. */
export function* slotsBackwards(schedule: Schedule, firstMs: number, untilMs: number): Generator<number> {
  const cron = parse(schedule);
  const second = cron.nextRun(new Date(firstMs))?.getTime() ?? untilMs;
  let width = Math.max(second - firstMs, 1000) * WINDOW;
  let end = untilMs;
  while (end >= firstMs) {
    const start = Math.max(end - width, firstMs - 1);
    const slots: number[] = [];
    let slot = cron.nextRun(new Date(start))?.getTime() ?? Infinity;
    while (slot <= end) {
      slots.push(slot);
      slot = cron.nextRun(new Date(slot))?.getTime() ?? Infinity;
    }
    yield* slots.reverse();
    // A stretch without slots, a weekend of a cron of working hours, is crossed in ever larger steps.
    if (slots.length === 0) width *= 2;
    end = start;
  }
}
