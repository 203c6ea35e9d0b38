/** Describes a schedule in plain English. The slots and the description are made from the same reading of the expression. */
import cronstrue from "cronstrue";
import { patternOf, type Pattern, type Weekday } from "./pattern";

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
/** So many consecutive days or months, or more, are written as a range: `Monday through Wednesday`. */
const RANGE = 3;

/** For example "At 09:00, Monday through Friday, only in March". @throws TypeError when it is no cron expression */
export function describeSchedule(expression: string): string {
  const pattern = patternOf(expression);
  return [timeOfDay(pattern), days(pattern), ...months(pattern)].join(", ");
}

function timeOfDay({ fields: [second, minute, hour], seconds, minutes, hours }: Pattern): string {
  const asWritten = [field(second, seconds, 60), field(minute, minutes, 60), field(hour, hours, 24)];
  try {
    return inWords(asWritten);
  } catch {
    // The library does not know the form of the expression, so it gets the numbers that the expression names.
    return inWords([seconds, minutes, hours].map((numbers) => numbers.join(",")));
  }
}

const field = (text: string, numbers: number[], all: number): string => (numbers.length === all ? "*" : text);

function inWords([second = "", minute = "", hour = ""]: string[]): string {
  const time = second === "0" ? `${minute} ${hour}` : `${second} ${minute} ${hour}`;
  const options = { use24HourTimeFormat: true, verbose: true, throwExceptionOnParseError: true };
  return cronstrue.toString(`${time} * * *`, options).replace(/, every day$/, "");
}

function days({ daysOfMonth, weekdays, needsBoth }: Pattern): string {
  if (daysOfMonth === null) return weekdays === null ? "every day" : onlyWeekdays(weekdays);
  const inMonth = `on ${daysInMonth(daysOfMonth)} of the month`;
  if (weekdays === null) return inMonth;
  return needsBoth
    ? `${inMonth}, but only if that is ${weekdays.map((weekday) => oneOf(weekday)).join(" or ")}`
    : `${inMonth}, and also on ${list(weekdays.map(everyOf))}`;
}

/** The weekdays in words, when days of the month do not limit the schedule. */
function onlyWeekdays(weekdays: Weekday[]): string {
  if (weekdays.some(({ weeks }) => weeks !== null)) return `only on ${list(weekdays.map(everyOf))}`;
  const numbers = weekdays.map(({ day }) => day);
  const range = weekRange(numbers);
  return range === undefined
    ? `only on ${list(numbers.map((day) => WEEKDAYS[day] ?? ""))}`
    : `${WEEKDAYS[range[0]]} through ${WEEKDAYS[range[1]]}`;
}

/**
 * The first and the last of consecutive weekdays, which may go on over the end of the week. Undefined when the days are not
 * consecutive, or fewer than {@link RANGE}.
 */
function weekRange(days: number[]): [number, number] | undefined {
  if (days.length < RANGE) return undefined;
  const first = days.find((day) => !days.includes((day + 6) % 7)) ?? 0;
  const isRow = days.every((_day, index) => days.includes((first + index) % 7));
  return isRow ? [first, (first + days.length - 1) % 7] : undefined;
}

const everyOf = ({ day, weeks }: Weekday): string =>
  weeks === null ? `every ${WEEKDAYS[day]}` : `the ${weeks.join(" and ")} ${WEEKDAYS[day]} of the month`;

const oneOf = ({ day, weeks }: Weekday): string =>
  weeks === null ? `a ${WEEKDAYS[day]}` : `the ${weeks.join(" or ")} ${WEEKDAYS[day]} of the month`;

function daysInMonth({
  days,
  nearestWeekdayTo,
  last,
  lastWeekday,
}: NonNullable<Pattern["daysOfMonth"]>): string {
  const isPlain = (day: number): boolean => !nearestWeekdayTo.includes(day);
  const plain = days.filter(isPlain);
  return list([
    ...(plain.length === 0 ? [] : [`day ${list(ranges(plain))}`]),
    ...nearestWeekdayTo.map((day) => `the weekday nearest to day ${day}`),
    ...(last ? ["the last day"] : []),
    ...(lastWeekday ? ["the last weekday"] : []),
  ]);
}

function months({ months: numbers }: Pattern): string[] {
  if (numbers.length === 12) return [];
  const names = ranges(numbers, (month) => MONTHS[month - 1] ?? "");
  const [only] = names;
  return [names.length === 1 && only?.includes(" through ") ? only : `only in ${list(names)}`];
}

/** The numbers in ascending order, with three or more in a row as a range. */
function ranges(numbers: number[], name: (number: number) => string = String): string[] {
  const rows: number[][] = [];
  for (const number of numbers) {
    const row = rows.at(-1);
    if (row?.at(-1) === number - 1) row.push(number);
    else rows.push([number]);
  }
  return rows.flatMap((row) => {
    const [first = 0] = row;
    return row.length < RANGE ? row.map(name) : [`${name(first)} through ${name(row.at(-1) ?? first)}`];
  });
}

/** `a`, `a and b`, `a, b, and c`. */
function list(parts: string[]): string {
  if (parts.length < 3) return parts.join(" and ");
  return `${parts.slice(0, -1).join(", ")}, and ${parts.at(-1) ?? ""}`;
}
