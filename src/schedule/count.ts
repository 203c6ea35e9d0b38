/**
 * Counts the slots of a range by arithmetic, a day at a time. A cron of every second that did not run for a year has missed
 * 31 million slots, and working out each of them would take an hour.
 */
import { patternOf, type Pattern } from "./pattern";
import { isIntervalLike, wallTimes, type Schedule } from "./schedule";
import { clockChanges, offsetAt } from "./zone";

const DAY_MS = 86_400_000;
/** The period of forecasts. */
const MONTH_MS = 30 * DAY_MS;

/** How many slots there are after the instant `at` (ms) and within `ms` of it. @param end the first instant (ms) that is none any more */
export const slotsWithin = (schedule: Schedule, end: number, at: number, ms: number): number =>
  countSlots(schedule, { first: at + 1, last: Math.min(end - 1, at + ms) });

/** How many slots there are in the 30 days after the instant `at` (ms). @param end the first instant (ms) that is none any more */
export const slotsInMonth = (schedule: Schedule, end: number | null, at: number): number =>
  slotsWithin(schedule, end ?? Infinity, at, MONTH_MS);

/** The number of slots from `first` to `last` (ms), both included. */
export function countSlots(schedule: Schedule, { first, last }: { first: number; last: number }): number {
  const { timezone: zone } = schedule;
  const countWallTimes = wallCounter(schedule);
  if (zone === null) return countWallTimes(first, last + 1);
  let count = 0;
  let from = first;
  // Between two changes of the clocks the offset stays the same, so counting wall times counts slots.
  /** Wall times before this one were counted already: the clocks show them for the second time. */
  let skippedUntil = -Infinity;
  const isInterval = isIntervalLike(schedule);
  const before = first - DAY_MS;
  for (const change of clockChanges(zone, before, last)) {
    if (change.at > from) {
      const offset = offsetAt(zone, from);
      count += countWallTimes(Math.max(from + offset, skippedUntil), change.at + offset);
      from = change.at;
    }
    if (isInterval) continue;
    // A schedule of times of day does not fire when the clocks show a wall time for the second time.
    if (change.kind === "overlap") skippedUntil = change.to;
    // All wall times in a gap fire once, at the end of the gap. If the end of the gap is a slot anyway, it is counted already.
    else if (
      change.at >= first &&
      countWallTimes(change.from, change.to) > 0 &&
      countWallTimes(change.to, change.to + 1) === 0
    )
      count += 1;
  }
  const offset = offsetAt(zone, from);
  return count + countWallTimes(Math.max(from + offset, skippedUntil), last + 1 + offset);
}

/** A function that counts the schedule's wall times from `from` on and before `to`. */
function wallCounter(schedule: Schedule): (from: number, to: number) => number {
  const pattern = patternOf(schedule.expression);
  const nextWall = wallTimes(schedule);
  const wholeDay = timesBefore(pattern, DAY_MS);
  return (from, to) => {
    let count = 0;
    for (let day = Math.floor(from / DAY_MS) * DAY_MS; day < to;) {
      const next = nextWall(Math.max(day, from) - 1);
      if (next >= to) break;
      day = Math.floor(next / DAY_MS) * DAY_MS;
      const begin = Math.max(from - day, 0);
      const end = Math.min(to - day, DAY_MS);
      count += (end === DAY_MS ? wholeDay : timesBefore(pattern, end)) - timesBefore(pattern, begin);
      day += DAY_MS;
    }
    return count;
  };
}

/** How many times of day the pattern has in the first `ms` ms of a day. */
function timesBefore({ hours, minutes, seconds }: Pattern, ms: number): number {
  if (ms <= 0) return 0;
  // The first whole second of the day that is not counted.
  const limit = Math.ceil(ms / 1000);
  const [hour, minute, second] = [Math.floor(limit / 3600), Math.floor(limit / 60) % 60, limit % 60];
  const below = (numbers: number[], bound: number): number =>
    numbers.filter((number) => number < bound).length;
  const inMinute = hours.includes(hour) && minutes.includes(minute) ? below(seconds, second) : 0;
  const inHour = hours.includes(hour) ? below(minutes, minute) * seconds.length : 0;
  return below(hours, hour) * minutes.length * seconds.length + inHour + inMinute;
}
