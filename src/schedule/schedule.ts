/**
 * Works out the slots of a schedule. The functions are pure and do not read the clock: they get instants (ms since the epoch)
 * and return instants. The library croner reads the expression (five fields, or six with seconds first, or a nickname) and finds its
 * wall times. This file turns wall times into instants. Where the clocks of a zone change it follows the rule of docs/scheduling.md.
 */
import { Cron } from "croner";
import { DomainError } from "../platform/errors";
import { fieldsOf, NICKNAMES, patternOf, type Pattern } from "./pattern";
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
      `schedule: expected a cron expression of five fields, such as "0 9 * * 1-5" for 09:00 from Monday to Friday, of six with seconds first, ` +
        `or one of ${Object.keys(NICKNAMES).join(", ")}`,
    );
  }
  try {
    wallTimes(schedule);
  } catch (error) {
    throw new DomainError("request.invalid", `schedule: not a cron expression: ${reasonIn(error)}`);
  }
}

/** Croner's message. Croner counts days and months from 0, so their numbers are turned into those of the expression. */
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
 * The last slot at or before `untilMs`. It is found by bisection with the search for the next slot. So years of downtime cost some
 * thirty steps, and searching forwards and backwards cannot disagree.
 * @param firstMs a slot at or before `untilMs`
 */
export function lastSlot(schedule: Schedule, firstMs: number, untilMs: number): number {
  const next = slotsOf(schedule);
  // Usually no slot was missed, and one step shows it.
  if (next(firstMs) > untilMs) return firstMs;
  let latest = firstMs;
  // Invariant: `latest` is a slot, `low` is at or after it, and no slot lies after `high` and up to `untilMs`.
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

/** The slots after `afterMs` and up to `untilMs`, oldest first. Each is worked out when the caller asks for it. */
export function* slotsBetween(schedule: Schedule, afterMs: number, untilMs: number): Generator<number> {
  const next = slotsOf(schedule);
  for (let slot = next(afterMs); slot <= untilMs && slot !== Infinity; slot = next(slot)) yield slot;
}

/** How many slots {@link slotsBackwards} works out at a time. */
const WINDOW = 100;

/** The slots from `untilMs` back to the slot `firstMs`, newest first. They are worked out when the caller asks for them. */
export function* slotsBackwards(schedule: Schedule, firstMs: number, untilMs: number): Generator<number> {
  const second = Math.min(slotsOf(schedule)(firstMs), untilMs);
  let width = Math.max(second - firstMs, 1000) * WINDOW;
  let end = untilMs;
  while (end >= firstMs) {
    const start = Math.max(end - width, firstMs - 1);
    const slots = [...slotsBetween(schedule, start, end)];
    yield* slots.reverse();
    // A long time without slots, for example the weekend of a cron of working hours, is crossed in ever larger steps.
    if (slots.length === 0) width *= 2;
    end = start;
  }
}

/**
 * Whether the schedule fires in every hour, however the expression says so. It is then one of intervals, not of times of day.
 */
export const isIntervalLike = ({ expression }: Schedule): boolean =>
  patternOf(expression).hours.length === 24;

/**
 * The wall times of a pattern, found by croner. The one that was found last is remembered: crons that are due together mostly share their
 * expression, and each of them asks for its next slot from several instants.
 */
class WallTimes {
  private readonly croner: Cron;
  /** No wall time of the pattern lies between `from` and `found`. */
  private from = Infinity;
  private found = -Infinity;

  constructor(pattern: Pattern) {
    this.croner = new Cron(pattern.fields.join(" "), {
      timezone: "UTC",
      paused: true,
      // `5/10` means what it means in most crons: every 10, from 5 on.
      sloppyRanges: true,
    });
  }

  next(after: number): number {
    if (after < this.from || after >= this.found) {
      this.found = this.croner.nextRun(new Date(after))?.getTime() ?? Infinity;
      this.from = after;
    }
    return this.found;
  }
}

const wallTimesByPattern = new WeakMap<Pattern, WallTimes>();

/** The wall times of a pattern. They are made once, since to read a pattern takes longer than to find a wall time. */
function wallTimesOf(pattern: Pattern): WallTimes {
  let times = wallTimesByPattern.get(pattern);
  if (times === undefined) {
    times = new WallTimes(pattern);
    wallTimesByPattern.set(pattern, times);
  }
  return times;
}

/** A function that finds the schedule's first wall time strictly after a wall time; Infinity when there is none. */
export function wallTimes(schedule: Schedule): (afterWall: number) => number {
  const times = wallTimesOf(patternOf(schedule.expression));
  return (afterWall) => times.next(afterWall);
}

/** A function that finds the schedule's first slot strictly after an instant; Infinity when there is none. */
function slotsOf(schedule: Schedule): (afterMs: number) => number {
  const nextWall = wallTimes(schedule);
  const { timezone: zone } = schedule;
  if (zone === null) return nextWall;
  return isIntervalLike(schedule)
    ? (after) => nextByElapsedTime(zone, nextWall, after)
    : (after) => nextByWallTime(zone, nextWall, after);
}

/**
 * The first slot after `after` of a schedule of times of day. A wall time that the clocks leave out fires at the end of the gap. A
 * wall time that the clocks show twice fires the first time.
 */
function nextByWallTime(zone: string, nextWall: (after: number) => number, after: number): number {
  let wall = wallAt(zone, after);
  for (;;) {
    wall = nextWall(wall);
    if (wall === Infinity) return Infinity;
    const slot = instantOf(zone, wall);
    // The slot is not after `after` when the clocks show the hour of `after` for the second time.
    if (slot > after) return slot;
  }
}

/** Between two slots that are more ms apart than this, the clocks may have changed twice. */
const FAR_MS = 7 * 86_400_000;

/**
 * The first slot after `after` of a schedule of intervals. It fires whenever the clocks show one of its wall times: never at a wall
 * time that the clocks leave out, and twice at a wall time that they show twice.
 */
function nextByElapsedTime(zone: string, nextWall: (after: number) => number, after: number): number {
  let from = after;
  let wall = wallAt(zone, after);
  for (;;) {
    const offset = offsetAt(zone, from);
    const next = nextWall(wall);
    const slot = next - offset;
    if (slot === Infinity) return slot;
    if (offsetAt(zone, slot) === offset) {
      // If the clocks changed twice in between, `slot` may be the second time that the clocks show `next`; the first time
      // counts.
      const first = slot - from > FAR_MS ? instantOf(zone, next) : slot;
      return first > after ? first : slot;
    }
    // The clocks change before that slot. The search goes on from the change, with the new offset.
    from = changeBetween(zone, from, slot);
    wall = wallAt(zone, from) - 1;
  }
}
