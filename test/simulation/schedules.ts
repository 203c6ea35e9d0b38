/** Random schedules of many kinds, with a liking for the times at which clocks change. */
import type { Timetable } from "./matcher";
import type { Random } from "./random";
import { stretchesOf } from "./zones";

/** With and without changing clocks, in both hemispheres; changes of half an hour, at midnight, and in Ramadan. */
const ZONES = [
  "Europe/Berlin",
  "Europe/London",
  "America/New_York",
  "America/Los_Angeles",
  "America/St_Johns",
  "America/Santiago",
  "America/Havana",
  "Australia/Sydney",
  "Australia/Lord_Howe",
  "Pacific/Auckland",
  "Pacific/Chatham",
  "Africa/Casablanca",
  "Africa/Cairo",
  "Asia/Beirut",
  "Asia/Kolkata",
  "Asia/Tokyo",
  "UTC",
] as const;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const randomZone = (random: Random): string | null => (random.chance(0.3) ? null : random.pick(ZONES));

/** An instant to begin at: any, or one from which the zone's clocks change soon. */
export function randomStart(random: Random, zone: string | null): number {
  const any = random.int(Date.UTC(2024, 0, 1), Date.UTC(2031, 0, 1));
  if (zone === null || random.chance(0.4)) return any;
  const changes = stretchesOf(zone).filter(({ from }) => from > any);
  const [next] = changes;
  return next === undefined ? any : next.from - random.magnitude(MINUTE_MS, 3 * DAY_MS);
}

/** A schedule of any kind. */
export function randomTimetable(random: Random, zone: string | null): Timetable {
  const kind = random.pick(Object.values(KINDS));
  return { expression: kind(random), timezone: zone };
}

const two = (random: Random, least: number, most: number): [number, number] => {
  const first = random.int(least, most - 1);
  return [first, random.int(first + 1, most)];
};
const list = (random: Random, least: number, most: number): string => {
  const numbers = new Set(Array.from({ length: random.int(2, 4) }, () => random.int(least, most)));
  return [...numbers].sort((a, b) => a - b).join(",");
};
const minute = (random: Random): string =>
  random.chance(0.8) ? String(random.pick([0, 30, random.int(0, 59)])) : list(random, 0, 59);
/** Clocks change at night. */
const hour = (random: Random): string => String(random.chance(0.7) ? random.int(0, 4) : random.int(0, 23));
const hours = (random: Random): string => {
  const [from, to] = two(random, 0, 23);
  return random.pick([
    () => hour(random),
    () => list(random, 0, 23),
    () => `${from}-${to}`,
    () => `${from}-${to}/${random.int(1, 5)}`,
    () => `*/${random.pick([2, 3, 4, 6, 8, 12])}`,
    () => `${random.int(0, 5)}/${random.pick([2, 3, 6, 7])}`,
  ])();
};
const weekdays = (random: Random): string =>
  random.pick(["MON-FRI", "1-5", "0,6", "SUN", "7", "5-7", "TUE,THU", "*/2", "SAT", "MON"]);

const KINDS: Record<string, (random: Random) => string> = {
  everyFewMinutes: (random) => `*/${random.pick([1, 2, 5, 7, 10, 15, 20, 30, 45])} * * * *`,
  minutesOfTheHour: (random) => {
    const [from, to] = two(random, 0, 59);
    return random.pick([
      () => `${list(random, 0, 59)} * * * *`,
      () => `${from}-${to} * * * *`,
      () => `${from}-${to}/${random.int(2, 20)} * * * *`,
      () => `${random.int(0, 20)}/${random.int(5, 30)} * * * *`,
      () => `${random.int(0, 59)} * * * ${weekdays(random)}`,
    ])();
  },
  hourly: (random) => `${minute(random)} ${random.pick(["*", "*/1", "0-23"])} * * *`,
  hours: (random) => `${minute(random)} ${hours(random)} * * *`,
  daily: (random) => `${minute(random)} ${hour(random)} * * *`,
  nightly: (random) =>
    `${random.pick(["*/15", "*/30", "0,30"])} ${random.pick(["0-3", "1-2", "2", "1", "0"])} * * *`,
  weekly: (random) => `${minute(random)} ${hour(random)} * * ${weekdays(random)}`,
  nthWeekday: (random) =>
    `${minute(random)} ${hour(random)} * * ${random.pick(["FRI", "MON", "SUN", "3"])}#${random.int(1, 4)}`,
  monthly: (random) =>
    `${minute(random)} ${hour(random)} ${random.pick(["1", "15", "L", "1,15", "31", "10-12", "*/10", "29"])} * *`,
  monthlyOrWeekly: (random) =>
    `${minute(random)} ${hour(random)} ${random.pick(["1", "13", "1,15"])} * ${weekdays(random)}`,
  months: (random) =>
    `${minute(random)} ${hour(random)} 1 ${random.pick(["*/3", "JAN,JUL", "3-5", "MAR-NOV/2", "10"])} *`,
  yearly: (random) =>
    random.pick([`30 2 ${random.int(1, 28)} ${random.int(1, 12)} *`, "0 0 29 2 *", "@yearly", "@annually"]),
  seconds: (random) =>
    random.pick([
      () => `*/${random.pick([10, 15, 20, 30])} * * * * *`,
      () => `${random.int(0, 59)} */${random.int(1, 5)} * * * *`,
      () => `0,${random.int(1, 59)} ${random.int(0, 59)} ${hour(random)} * * *`,
      () => `${random.int(0, 59)} ${random.int(0, 59)} * * * *`,
    ])(),
  nicknames: (random) => random.pick(["@hourly", "@daily", "@midnight", "@weekly", "@monthly"]),
};
