/**
 * Reads a cron expression, field by field. The slots and the description in words are both made from this reading, so they cannot
 * differ. A day field that names every day limits nothing, however it is written: `*`, `?`, `1-31`, `1/1` and `0-6` mean the same.
 */
import { CronPattern } from "croner";

/** The nicknames of whole expressions, with the expression that each is short for. */
export const NICKNAMES: Readonly<Record<string, string | undefined>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Croner's bits for a weekday in every week of the month. There is a bit for each week, the first to the fifth, and for the last. */
const EVERY_WEEK = 63;
const NTH = ["first", "second", "third", "fourth", "fifth", "last"] as const;

/** A weekday, in every week of the month or only in some weeks. */
export interface Weekday {
  /** 0 is Sunday. */
  day: number;
  /** Null for every week. */
  weeks: (typeof NTH)[number][] | null;
}

export interface Pattern {
  /** The six fields in the form that croner reads. */
  fields: [second: string, minute: string, hour: string, dayOfMonth: string, month: string, weekday: string];
  seconds: number[];
  minutes: number[];
  hours: number[];
  /** 1 to 12; all twelve when months do not limit the schedule. */
  months: number[];
  /** Null when days of the month do not limit the schedule. */
  daysOfMonth: { days: number[]; nearestWeekdayTo: number[]; last: boolean; lastWeekday: boolean } | null;
  /** Null when weekdays do not limit the schedule. */
  weekdays: Weekday[] | null;
  /**
   * When days of the month and weekdays both limit the schedule: whether a day has to match both (`+` before the weekdays), or one of
   * them is enough.
   */
  needsBoth: boolean;
}

/** Patterns by their expression. Reading an expression takes longer than finding its next slot, and most are read again and again. */
const patterns = new Map<string, Pattern>();
const MAX_REMEMBERED = 500;

/** The pattern of an expression. @throws TypeError when it is no cron expression of five or six fields and no nickname */
export function patternOf(expression: string): Pattern {
  let pattern = patterns.get(expression);
  if (pattern === undefined) {
    pattern = read(expression);
    if (patterns.size >= MAX_REMEMBERED) patterns.clear();
    patterns.set(expression, pattern);
  }
  return pattern;
}

/** The fields of an expression as they are written; for a nickname, the fields of the expression that it is short for. */
export function fieldsOf(expression: string): string[] {
  const text = expression.trim();
  return (NICKNAMES[text.toLowerCase()] ?? text).split(/\s+/);
}

function read(expression: string): Pattern {
  const written = fieldsOf(expression);
  if (written.length === 5) written.unshift("0");
  const [second = "", minute = "", hour = "", dayOfMonth = "", month = "", weekday = ""] = written;
  if (written.length !== 6) throw new TypeError("expected five or six fields");
  const croner = new CronPattern(written.join(" "), undefined, { sloppyRanges: true });
  const days = named(croner.day, 1);
  const anyDay = days.length === 31;
  const bits = croner.dayOfWeek.slice(0, 7);
  const anyWeekday = bits.every((weeks) => weeks === EVERY_WEEK);
  return {
    fields: [second, minute, hour, anyDay ? "*" : dayOfMonth, month, anyWeekday ? "*" : weekday],
    seconds: named(croner.second, 0),
    minutes: named(croner.minute, 0),
    hours: named(croner.hour, 0),
    months: named(croner.month, 1),
    daysOfMonth: anyDay
      ? null
      : {
          days,
          nearestWeekdayTo: named(croner.nearestWeekdays, 1),
          last: croner.lastDayOfMonth,
          lastWeekday: croner.lastWeekday,
        },
    weekdays: anyWeekday
      ? null
      : bits.flatMap((weeks, day) => (weeks === 0 ? [] : [{ day, weeks: weeksOf(weeks) }])),
    needsBoth: croner.useAndLogic,
  };
}

/** The numbers that a field names. Croner has a flag for each number, and `first` is the number of the first flag. */
const named = (flags: ArrayLike<number>, first: number): number[] =>
  Array.from(flags).flatMap((flag, index) => (flag ? [index + first] : []));

const weeksOf = (bits: number): Weekday["weeks"] =>
  bits === EVERY_WEEK ? null : NTH.filter((_name, index) => bits & (1 << index));
