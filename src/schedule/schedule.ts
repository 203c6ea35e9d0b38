/**
 * The schedule core: pure, no I/O and no clock of its own. It takes instants (ms since the epoch) and returns
 * instants. Expressions are croner's: five fields, or six with seconds first, or a nickname. Croner reads them in wall
 * times; what becomes of these where a zone's clocks change is decided here, by the rule of docs/scheduling.md.
 */
import { Cron } from "croner";
import { DomainError } from "../platform/errors";
import { fieldsOf, NICKNAMES, patternOf } from "./pattern";
import { changeBetween, instantOf, offsetAt, wallAt } from "./zone";
import { isZoneName, zoneMeantBy } from "./zone-names";

/** When a cron fires: a cron expression, read in an IANA zone (null is UTC). */
export interface Schedule {
  expression: string;
  timezone: string | null;
}

/**
 * Refuses a schedule that cannot be used.
 * @throws request.invalid naming `schedule` or `timezone`.
 */
export function checkSchedule(schedule: Schedule): void {
  if (schedule.timezone !== null && !isZoneName(schedule.timezone)) {
    const meant = zoneMeantBy(schedule.timezone);
    throw new DomainError(
      "request.invalid",
      `timezone: expected an IANA time zone such as "Europe/Berlin", got "${schedule.timezone}"` +
        (meant === undefined ? "" : `; did you mean "${meant}"?`),
    );
  }
  const fields = fieldsOf(schedule.expression);
  if (fields.length !== 5 && fields.length !== 6) {
    throw new DomainError(
      "request.invalid",
      `schedule: expected a cron expression of five fields, of six with seconds first, or one of ${Object.keys(NICKNAMES).join(", ")}`,
    );
  }
  try {
    wallTimes(schedule);
  } catch (error) {
    throw new DomainError("request.invalid", `schedule: not a cron expression: ${reasonIn(error)}`);
  }
}

/** What croner says of it, with days and months by the numbers that they were given: it counts them from 0. */
function reasonIn(error: unknown): string {
  const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "";
  return reason.replace(
    /^(Invalid value for (?:day|month): )(-?\d+)$/,
    (_, text: string, index: string) => `${text}${Number(index) + 1}`,
  );
}

/** The first slot strictly after `afterMs`; null when there is none. */
export function nextSlot(schedule: Schedule, afterMs: number): number | null {
  const slot = slotsOf(schedule)(afterMs);
  return slot === Infinity ? null : slot;
}

/**
 * The last slot at or before `untilMs`, knowing that `firstMs` is a slot and not after it. Found by bisection over
 * {@link nextSlot}, so that years of downtime cost some thirty steps and both directions can never disagree.
 */
export function lastSlot(schedule: Schedule, firstMs: number, untilMs: number): number {
  const next = slotsOf(schedule);
  // As a rule nothing was missed, and one step tells.
  if (next(firstMs) > untilMs) return firstMs;
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

/** The slots after `afterMs` and up to `untilMs`, oldest first; worked out as they are asked for. */
export function* slotsBetween(schedule: Schedule, afterMs: number, untilMs: number): Generator<number> {
  const next = slotsOf(schedule);
  for (let slot = next(afterMs); slot <= untilMs && slot !== Infinity; slot = next(slot)) yield slot;
}

/** How many slots are worked out at a time on the way back. */
const WINDOW = 100;

/** The slots from `untilMs` back to `firstMs`, which is one, newest first; worked out as they are asked for. */
export function* slotsBackwards(schedule: Schedule, firstMs: number, untilMs: number): Generator<number> {
  const second = Math.min(slotsOf(schedule)(firstMs), untilMs);
  let width = Math.max(second - firstMs, 1000) * WINDOW;
  let end = untilMs;
  while (end >= firstMs) {
    const start = Math.max(end - width, firstMs - 1);
    const slots = [...slotsBetween(schedule, start, end)];
    yield* slots.reverse();
    // A stretch without slots, a weekend of a cron of working hours, is crossed in ever larger steps.
    if (slots.length === 0) width *= 2;
    end = start;
  }
}

/** Whether the schedule names every hour, however that is spelled: then it is one of intervals, and not of times of day. */
export const isIntervalLike = ({ expression }: Schedule): boolean =>
  patternOf(expression).hours.length === 24;

/** The schedule's wall times: the first strictly after a wall time; Infinity when there is none. */
export function wallTimes(schedule: Schedule): (afterWall: number) => number {
  const cron = new Cron(patternOf(schedule.expression).fields.join(" "), {
    timezone: "UTC",
    paused: true,
    // `5/10` as in most crons: from 5 on, every 10.
    sloppyRanges: true,
  });
  return (afterWall) => cron.nextRun(new Date(afterWall))?.getTime() ?? Infinity;
}

/** The schedule's slots: the first strictly after an instant; Infinity when there is none. */
function slotsOf(schedule: Schedule): (afterMs: number) => number {
  const nextWall = wallTimes(schedule);
  const { timezone: zone } = schedule;
  if (zone === null) return nextWall;
  return isIntervalLike(schedule)
    ? (after) => nextByElapsedTime(zone, nextWall, after)
    : (after) => nextByWallTime(zone, nextWall, after);
}

/** A wall time that is left out comes at the end of its gap, one that is shown twice the first time. */
function nextByWallTime(zone: string, nextWall: (after: number) => number, after: number): number {
  let wall = wallAt(zone, after);
  for (;;) {
    wall = nextWall(wall);
    if (wall === Infinity) return Infinity;
    const slot = instantOf(zone, wall);
    // Not yet, when `after` is within an hour that is shown for the second time.
    if (slot > after) return slot;
  }
}

/** So far off, the clocks may have changed twice. */
const FAR_MS = 7 * 86_400_000;

/** Whenever the clocks show a wall time of the schedule: none that is left out, and twice what is shown twice. */
function nextByElapsedTime(zone: string, nextWall: (after: number) => number, after: number): number {
  let from = after;
  let wall = wallAt(zone, after);
  for (;;) {
    const offset = offsetAt(zone, from);
    const next = nextWall(wall);
    const slot = next - offset;
    if (slot === Infinity) return slot;
    if (offsetAt(zone, slot) === offset) {
      // With a summer in between, the next wall time may be shown twice, of which this is the second.
      const first = slot - from > FAR_MS ? instantOf(zone, next) : slot;
      return first > after ? first : slot;
    }
    // The clocks change before: on from there, by the new time.
    from = changeBetween(zone, from, slot);
    wall = wallAt(zone, from) - 1;
  }
}
