/** Counting slots by arithmetic comes to the same as going through them. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { countSlots } from "../../src/schedule/count";
import { nextSlot, slotsBetween } from "../../src/schedule/schedule";

const ZONES = [
  null,
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "America/Havana",
  "Asia/Kolkata",
];
const HOUR_MS = 3_600_000;
/** Around a change of the clocks in each of the zones. */
const CHANGES = [
  "2027-03-14T07:00Z",
  "2027-03-28T01:00Z",
  "2027-10-31T01:00Z",
  "2027-11-07T05:00Z",
  "2027-04-03T15:00Z",
  "2027-10-02T15:30Z",
];

it("is right for ranges over changes of the clocks", () => {
  const expression = fc.constantFrom(
    "*/15 * * * *",
    "30 2 * * *",
    "30 1,2,3 * * *",
    "0 3 * * *",
    "*/20 2-3 * * 0",
    "0 0 1 * *",
    "*/7 */5 * * 1-5",
    "0 * 1,2 * * *",
    "10 * * 3,10 *",
    "0 0 * * *",
  );
  const zone = fc.constantFrom(...ZONES);
  const start = fc.tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -72 * 60, max: 72 * 60 }));
  const length = fc.integer({ min: 0, max: 100 * 60 });
  fc.assert(
    fc.property(expression, zone, start, length, (text, timezone, [change, minutes], span) => {
      const schedule = { expression: text, timezone };
      const from = Date.parse(change) + minutes * 60_000;
      const first = nextSlot(schedule, from - 1) ?? from;
      const last = Math.max(first, from + span * 60_000);
      const slots = [...slotsBetween(schedule, first - 1, last)];
      // A range ends with a slot.
      const end = slots.at(-1) ?? first;
      expect(countSlots(schedule, { first, last: end }), `${text} ${timezone} ${first} ${end}`).toBe(
        slots.length,
      );
    }),
    { numRuns: 600 },
  );
});

it("counts a year of seconds without going through them", () => {
  const year = { first: Date.UTC(2027, 0, 1), last: Date.UTC(2027, 11, 31, 23, 59, 59) };
  expect(countSlots({ expression: "* * * * * *", timezone: null }, year)).toBe(365 * 86_400);
  const berlin = { first: year.first - HOUR_MS, last: year.last - HOUR_MS };
  expect(countSlots({ expression: "* * * * * *", timezone: "Europe/Berlin" }, berlin)).toBe(365 * 86_400);
  expect(countSlots({ expression: "* * 2 * * *", timezone: "Europe/Berlin" }, berlin)).toBe(364 * 3600 + 1);
});
