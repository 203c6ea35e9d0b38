/** What a preview says of days and months is what the times do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slotsBetween } from "../../src/schedule/schedule";
import { describeSchedule } from "../../src/schedule/words";

const DAY_MS = 86_400_000;
/** Four years, so that every date comes on several weekdays. */
const FROM = Date.UTC(2027, 0, 1);
const DAYS = 1461;
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const NTH = ["first", "second", "third", "fourth", "fifth"];

describe("the words of a schedule", () => {
  it.each([
    ["0 0 */1 * 1", "At 00:00, only on Monday"],
    ["0 9 1 * *,1", "At 09:00, on day 1 of the month"],
    ["0 9 1 * 1", "At 09:00, on day 1 of the month, and also on every Monday"],
    ["0 9 13 * +FRI", "At 09:00, on day 13 of the month, but only if that is a Friday"],
    ["0 9 1-31 * 0-6", "At 09:00, every day"],
    ["0 9 ? * ?", "At 09:00, every day"],
    ["0 9 * * 5-7", "At 09:00, Friday through Sunday"],
    ["0 9 * * 0,6", "At 09:00, only on Sunday and Saturday"],
    ["0 9 * * FRI#2,MON", "At 09:00, only on every Monday and the second Friday of the month"],
    [
      "0 9 */2 * 1",
      "At 09:00, on day 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, and 31 of the month, and also on every Monday",
    ],
    [
      "0 9 1-7,L 1,3 *",
      "At 09:00, on day 1 through 7 and the last day of the month, only in January and March",
    ],
    ["0 9 LW 2-4 *", "At 09:00, on the last weekday of the month, February through April"],
    ["*/15 */1 15W * *", "Every 15 minutes, every hour, on the weekday nearest to day 15 of the month"],
    ["@weekly", "At 00:00, only on Sunday"],
    ["5 0 9 * * 1-5", "At 09:00:05, Monday through Friday"],
  ])("%s: %s", (expression, words) => {
    expect(describeSchedule(expression)).toBe(words);
  });

  it("tell on which days it fires, of every schedule", () => {
    fc.assert(
      fc.property(schedules(), (expression) => {
        const words = describeSchedule(expression);
        const said = daysSaid(words);
        const schedule = { expression, timezone: null };
        const fires = new Set(
          Array.from(slotsBetween(schedule, FROM - 1, FROM + DAYS * DAY_MS - 1), (at) =>
            Math.floor(at / DAY_MS),
          ),
        );
        const wrong: string[] = [];
        for (let day = FROM / DAY_MS; day < FROM / DAY_MS + DAYS; day++) {
          const date = new Date(day * DAY_MS);
          if (fires.has(day) !== said(date)) wrong.push(`${date.toISOString()} fires: ${fires.has(day)}`);
        }
        // One assertion for all days: an assertion takes longer than the rest of a day.
        expect(wrong, `${expression}: ${words}`).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

/** Expressions that fire once on each of their days, with days and months of all forms. */
function schedules(): fc.Arbitrary<string> {
  const numbers = (least: number, most: number): fc.Arbitrary<string> => {
    const number = fc.integer({ min: least, max: most });
    const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
    const step = fc.integer({ min: 1, max: most });
    const stepped = fc.tuple(fc.oneof(fc.constant("*"), range, number.map(String)), step);
    return fc.oneof(
      { weight: 3, arbitrary: number.map(String) },
      range,
      fc.constantFrom("*", "?", "*/1", `${least}-${most}`),
      stepped.map(([base, by]) => `${base}/${by}`),
    );
  };
  const several = (parts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.array(parts, { minLength: 1, maxLength: 3 }).map((list) => list.join(","));
  const lastDays = fc.constantFrom("L", "LW", "1,L", "15W", "1W");
  const daysOfMonth = fc.oneof({ weight: 3, arbitrary: several(numbers(1, 31)) }, lastDays);
  const names = fc.constantFrom("MON", "fri", "SUN-TUE", "7", "5-7", "1#1", "FRI#2", "3L", "1,5#3");
  const weekdays = fc.oneof({ weight: 2, arbitrary: several(numbers(0, 6)) }, names);
  const both = fc.constantFrom("", "", "", "+");
  return fc
    .tuple(daysOfMonth, several(numbers(1, 12)), both, weekdays)
    .map(([day, month, plus, weekday]) => `0 9 ${day} ${month} ${plus}${weekday}`);
}

/** Reads the words, and knows of a date whether they name it. */
function daysSaid(words: string): (date: Date) => boolean {
  const text = words.replace(/^At 09:00, /, "");
  const [, dayText = "", monthText] =
    /^(.*?)(?:, (only in .*|(?:January|February|March|April|May|June|July|August|September|October|November|December) through \w+))?$/.exec(
      text,
    ) ?? [];
  const months = monthText === undefined ? undefined : monthsIn(monthText);
  const isDay = dayRule(dayText);
  return (date) => (months?.has(date.getUTCMonth()) ?? true) && isDay(date);
}

type Rule = (date: Date) => boolean;

function dayRule(text: string): Rule {
  if (text === "every day") return () => true;
  const [, inMonth, joint, weekdays = ""] =
    /^on (.*?) of the month(?:, (and also on|but only if that is) (.*))?$/.exec(text) ?? [];
  if (inMonth === undefined || text.startsWith("only on")) return weekdayRule(text);
  const isInMonth = monthDayRule(inMonth);
  if (joint === undefined) return isInMonth;
  const isWeekday = weekdayRule(weekdays);
  return joint === "and also on"
    ? (date) => isInMonth(date) || isWeekday(date)
    : (date) => isInMonth(date) && isWeekday(date);
}

function weekdayRule(text: string): Rule {
  const range = /^(\w+day) through (\w+day)$/.exec(text);
  if (range !== null) {
    const [first, last] = [WEEKDAYS.indexOf(range[1] ?? ""), WEEKDAYS.indexOf(range[2] ?? "")];
    return (date) => (date.getUTCDay() - first + 7) % 7 <= (last - first + 7) % 7;
  }
  const rules = [
    ...text.matchAll(/(?:((?:(?:first|second|third|fourth|fifth|last)(?: and | or )?)+) )?(\w+day)\b/g),
  ].map(([, weeks, day]): Rule => {
    const inWeek = (date: Date): boolean =>
      weeks === undefined ||
      weeks.includes(NTH[Math.ceil(date.getUTCDate() / 7) - 1] ?? "none") ||
      (weeks.includes("last") && date.getUTCDate() + 7 > lengthOfMonth(date));
    return (date) => WEEKDAYS[date.getUTCDay()] === day && inWeek(date);
  });
  return (date) => rules.some((rule) => rule(date));
}

function monthDayRule(text: string): Rule {
  const nearest = [...text.matchAll(/the weekday nearest to day (\d+)/g)].map(([, day]) => Number(day));
  const plain = text.replaceAll(/the weekday nearest to day \d+/g, "");
  const days = new Set(
    [...plain.matchAll(/(\d+) through (\d+)|(\d+)/g)].flatMap(([, from, to, one]) =>
      one === undefined
        ? Array.from({ length: Number(to) - Number(from) + 1 }, (_, n) => Number(from) + n)
        : [Number(one)],
    ),
  );
  return (date) =>
    days.has(date.getUTCDate()) ||
    (text.includes("the last day") && date.getUTCDate() === lengthOfMonth(date)) ||
    (text.includes("the last weekday") &&
      date.getUTCDate() === nearestWeekday(date, lengthOfMonth(date), true)) ||
    nearest.some((day) => date.getUTCDate() === nearestWeekday(date, day, false));
}

/** The weekday nearest to a day of the month of `date`, within that month. */
function nearestWeekday(date: Date, day: number, onlyBefore: boolean): number {
  const weekday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day)).getUTCDay();
  if (weekday === 6) return day === 1 && !onlyBefore ? day + 2 : day - 1;
  if (weekday === 0) return onlyBefore || day === lengthOfMonth(date) ? day - 2 : day + 1;
  return day;
}

const lengthOfMonth = (date: Date): number =>
  new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();

function monthsIn(text: string): Set<number> {
  const found = new Set<number>();
  for (const [, from = "", to = "", one] of text.matchAll(/([A-Z]\w+) through ([A-Z]\w+)|([A-Z]\w+)/g)) {
    if (one !== undefined) found.add(MONTHS.indexOf(one));
    else for (let month = MONTHS.indexOf(from); month <= MONTHS.indexOf(to); month++) found.add(month);
  }
  return found;
}
