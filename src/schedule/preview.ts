/** The preview of a schedule: its next slots, its description and warnings, before a cron is made of it. */
import { now, toIso } from "../platform/clock";
import type { Preview, PreviewQuery, PreviewWarning } from "../wire/crons/preview";
import { slotsInMonth, slotsWithin } from "./count";
import { checkSchedule, isIntervalLike, slotsBetween, wallTimes, type Schedule } from "./schedule";
import { describeSchedule } from "./words";
import { clockChanges, offsetAt, type ClockChange } from "./zone";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 366 * DAY_MS;
/** How many slots are looked at to find out how often the schedule fires. */
const SLOTS_FOR_FREQUENCY = 100;

/** The preview of a schedule from now on. @throws request.invalid when the schedule cannot be used */
export function previewOf({ schedule: expression, timezone, end_time, count = 5 }: PreviewQuery): Preview {
  const schedule = { expression, timezone: timezone ?? null };
  checkSchedule(schedule);
  const end = end_time ?? Infinity;
  const at = now();
  const slots = [...firstOf(slotsBetween(schedule, at, end - 1), Math.max(count, SLOTS_FOR_FREQUENCY))];
  return {
    schedule: expression,
    timezone: schedule.timezone,
    description: describeSchedule(expression),
    next: slots
      .slice(0, count)
      .map((slot) => ({ utc: toIso(slot), local: localTime(schedule.timezone, slot) })),
    times_in_30_days: slotsInMonth(schedule, end, at),
    times_in_365_days: slotsWithin(schedule, end, at, 365 * DAY_MS),
    warnings: [
      ...frequencyWarnings(schedule, slots),
      ...clockWarnings(schedule, Math.min(end - 1, now() + YEAR_MS)),
    ],
  };
}

function frequencyWarnings(schedule: Schedule, slots: number[]): PreviewWarning[] {
  const [first] = slots;
  if (first === undefined) return [{ code: "never", message: "there is no time to come: it never fires" }];
  const gaps = slots.slice(1).map((slot, index) => slot - (slots[index] ?? slot));
  const warnings: PreviewWarning[] = [];
  if (first - now() > YEAR_MS || gaps.some((gap) => gap > YEAR_MS)) {
    warnings.push({ code: "rarely", message: "more than a year can go by between two times" });
  }
  const hourStart = busiestHour(slots);
  const times = [...slotsBetween(schedule, hourStart - 1, hourStart + HOUR_MS - 1)].length;
  if (times > 1) {
    warnings.push({
      code: "more_than_hourly",
      message: `it fires up to ${times} times within one hour, and each is a run that may be billed`,
    });
  }
  return warnings;
}

/** The slot that begins the hour with the most slots. It need not be the first slot, which may be the last of a busy morning. */
function busiestHour(slots: number[]): number {
  const counts = slots.map((start) => slots.filter((slot) => slot >= start && slot < start + HOUR_MS).length);
  return slots[counts.indexOf(Math.max(...counts))] ?? 0;
}

/** Warnings about changes of the zone's clocks that move slots, by the rule of docs/scheduling.md. */
function clockWarnings(schedule: Schedule, until: number): PreviewWarning[] {
  const { timezone: zone } = schedule;
  if (zone === null || isIntervalLike(schedule)) return [];
  const nextWall = wallTimes(schedule);
  const movesSlots = (change: ClockChange): boolean => nextWall(change.from - 1) < change.to;
  const changes = clockChanges(zone, now(), until).filter(movesSlots);
  return changes.map((change) => {
    const [day, from] = wallText(change.from).split("T");
    const to = wallText(change.to).split("T")[1];
    return change.kind === "gap"
      ? {
          code: "dst_gap" as const,
          message: `on ${day} the clocks leave out ${from} to ${to}: a time in between fires once, at ${to}`,
        }
      : {
          code: "dst_overlap" as const,
          message: `on ${day} the clocks show ${from} to ${to} twice: a time in between fires once, the first time`,
        };
  });
}

const wallText = (wall: number): string => toIso(wall).slice(0, 16);

/** The instant `at` (ms) as the clocks of the zone show it, with the offset from UTC. */
export function localTime(zone: string | null, at: number): string {
  const offset = zone === null ? 0 : offsetAt(zone, at);
  const minutes = Math.abs(offset) / 60_000;
  const two = (number: number): string => String(Math.floor(number)).padStart(2, "0");
  return `${toIso(at + offset).slice(0, 19)}${offset < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function* firstOf<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const item of items) {
    if (left === 0) return;
    left -= 1;
    yield item;
  }
}
