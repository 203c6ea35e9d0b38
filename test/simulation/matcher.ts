/**
 * The target slots of a schedule, by brute force: every wall time of every day is held against the expression, by a matcher
 * that shares nothing with the server's. The rule for changing clocks is that of docs/scheduling.md: a schedule that names every
 * hour runs by elapsed time; of any other a time in a gap comes once, at the gap's end, and a time shown twice the first time.
 */
import { endOfGap, instantsOf, offsetOf } from "./zones";

export interface Timetable {
  expression: string;
  timezone: string | null;
}

const DAY_MS = 86_400_000;
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const NICKNAMES: Readonly<Record<string, string | undefined>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

interface Pattern {
  seconds: number[];
  minutes: number[];
  hours: number[];
  everyHour: boolean;
  isDay: (date: Date) => boolean;
}

/** The days of a month of 31 days, which has every day of the month and every weekday. */
const EVERY_DAY_OF_MONTH = Array.from({ length: 31 }, (_, n) => new Date(Date.UTC(2027, 0, n + 1)));

const patterns = new Map<string, Pattern>();

function patternOf(expression: string): Pattern {
  let pattern = patterns.get(expression);
  if (pattern === undefined) {
    pattern = read(expression);
    patterns.set(expression, pattern);
  }
  return pattern;
}

function read(expression: string): Pattern {
  const fields = (NICKNAMES[expression] ?? expression).split(" ");
  if (fields.length === 5) fields.unshift("0");
  const [seconds = "", minutes = "", hours = "", dom = "", months = "", dow = ""] = fields;
  const isMonth = new Set(values(months, 1, 12, MONTHS));
  const isDom = dayOfMonth(dom);
  const isDow = dayOfWeek(dow);
  const limitsDom = EVERY_DAY_OF_MONTH.some((date) => !isDom(date));
  const limitsDow = EVERY_DAY_OF_MONTH.some((date) => !isDow(date));
  return {
    seconds: values(seconds, 0, 59),
    minutes: values(minutes, 0, 59),
    hours: values(hours, 0, 23),
    everyHour: values(hours, 0, 23).length === 24,
    isDay: (date) => {
      if (!isMonth.has(date.getUTCMonth() + 1)) return false;
      // A day field that names every day limits nothing.
      return limitsDom && limitsDow ? isDom(date) || isDow(date) : isDom(date) && isDow(date);
    },
  };
}

/** The numbers that a field names, in their order. */
function values(field: string, least: number, most: number, names: string[] = []): number[] {
  const number = (text: string): number => {
    const named = names.indexOf(text);
    return named === -1 ? Number(text) : named + least;
  };
  const named = new Set<number>();
  for (const part of field.split(",")) {
    const [range = "", step] = part.split("/");
    const [from = "", to] = range === "*" ? [String(least), String(most)] : range.split("-");
    const first = number(from);
    const last = to === undefined ? (step === undefined ? first : most) : number(to);
    for (let value = first; value <= last; value += Number(step ?? 1)) named.add(value);
  }
  return [...named].sort((a, b) => a - b);
}

function dayOfMonth(field: string): (date: Date) => boolean {
  const parts = field.split(",");
  const days = new Set(values(parts.filter((part) => part !== "L").join(",") || "0", 1, 31));
  const last = parts.includes("L");
  return (date) => days.has(date.getUTCDate()) || (last && isLastOfMonth(date));
}

const isLastOfMonth = (date: Date): boolean => new Date(date.getTime() + DAY_MS).getUTCDate() === 1;

function dayOfWeek(field: string): (date: Date) => boolean {
  const [day = "", nth] = field.split("#");
  // Both 0 and 7 are Sunday.
  const days = new Set(values(day, 0, 7, WEEKDAYS).map((value) => value % 7));
  return (date) =>
    days.has(date.getUTCDay()) && (nth === undefined || Math.ceil(date.getUTCDate() / 7) === Number(nth));
}

/** The slots after `after` and up to `until`, oldest first. */
export function slotsOf({ expression, timezone }: Timetable, after: number, until: number): number[] {
  const pattern = patternOf(expression);
  const slots = new Set<number>();
  const firstDay = Math.floor(after / DAY_MS) - 2;
  const lastDay = Math.floor(until / DAY_MS) + 2;
  for (let day = firstDay; day <= lastDay; day++) {
    if (!pattern.isDay(new Date(day * DAY_MS))) continue;
    for (const wall of wallTimesOf(pattern, day * DAY_MS, timezone, after, until)) {
      for (const slot of instantsFor(pattern, timezone, wall)) {
        if (slot > after && slot <= until) slots.add(slot);
      }
    }
  }
  return [...slots].sort((a, b) => a - b);
}

/** Those of a day that can lie between the two instants: clocks differ from UTC by some hours. */
function* wallTimesOf(
  { hours, minutes, seconds }: Pattern,
  day: number,
  timezone: string | null,
  after: number,
  until: number,
): Generator<number> {
  const offset = timezone === null ? 0 : offsetOf(timezone, after);
  const near = timezone === null ? 0 : 4 * 3_600_000;
  for (const hour of hours) {
    const start = day + hour * 3_600_000;
    if (start + 3_600_000 + near < after + offset || start - near > until + offset) continue;
    for (const minute of minutes) {
      for (const second of seconds) yield start + minute * 60_000 + second * 1000;
    }
  }
}

function instantsFor({ everyHour }: Pattern, timezone: string | null, wall: number): number[] {
  if (timezone === null) return [wall];
  const instants = instantsOf(timezone, wall);
  if (everyHour) return instants;
  return [instants[0] ?? endOfGap(timezone, wall)];
}

/** The first slots after an instant, as many as asked for; fewer when the next ten years have no more. */
export function firstSlots(timetable: Timetable, after: number, count: number): number[] {
  for (let span = 3_600_000; ; span *= 4) {
    const until = after + Math.min(span, 3650 * DAY_MS);
    const slots = slotsOf(timetable, after, until);
    if (slots.length >= count || span >= 3650 * DAY_MS) return slots.slice(0, count);
  }
}
