import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DomainError } from "../../src/platform/errors";
import { checkSchedule, lastSlot, nextSlot, slotsBetween } from "../../src/schedule/schedule";

const at = (iso: string): number => Date.parse(iso);
const next = (expression: string, after: string, timezone: string | null = null): string | null => {
  const slot = nextSlot({ expression, timezone }, at(after));
  return slot === null ? null : new Date(slot).toISOString();
};
const detailOf = (expression: string, timezone: string | null = null): string => {
  try {
    checkSchedule({ expression, timezone });
    return "accepted";
  } catch (error) {
    return error instanceof DomainError ? error.detail : "another error";
  }
};

describe("nextSlot", () => {
  it.each([
    ["27 15 * * *", "2026-11-22T00:00:00Z", "2026-11-22T15:27:00.000Z"],
    ["27 15 * * *", "2026-11-22T15:27:00Z", "2026-11-23T15:27:00.000Z"],
    ["27 15 * * *", "2026-11-22T15:26:59.999Z", "2026-11-22T15:27:00.000Z"],
    ["*/15 * * * *", "2026-11-22T10:01:00Z", "2026-11-22T10:15:00.000Z"],
    ["5/10 * * * *", "2026-11-22T10:06:00Z", "2026-11-22T10:15:00.000Z"],
    ["0 9-17/4 * JAN-mar mon,WED", "2026-11-22T10:00:00Z", "2027-01-04T09:00:00.000Z"],
    ["1,3,5 * * * *", "2026-11-22T10:03:00Z", "2026-11-22T10:05:00.000Z"],
    ["0 0 L * *", "2027-02-01T00:00:00Z", "2027-02-28T00:00:00.000Z"],
    ["0 0 * * MON#2", "2026-11-22T00:00:00Z", "2026-12-14T00:00:00.000Z"],
    ["0 0 * * 5L", "2026-11-22T00:00:00Z", "2026-11-27T00:00:00.000Z"],
    ["0 0 * * 7", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00.000Z"],
    ["0 0 29 2 *", "2026-11-22T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["*/5 * * * * *", "2026-11-22T10:00:01Z", "2026-11-22T10:00:05.000Z"],
    ["@daily", "2026-11-22T10:00:00Z", "2026-11-23T00:00:00.000Z"],
    ["@hourly", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00.000Z"],
    ["@weekly", "2026-11-22T10:00:00Z", "2026-11-29T00:00:00.000Z"],
    ["@monthly", "2026-11-22T10:00:00Z", "2026-12-01T00:00:00.000Z"],
    ["@yearly", "2026-11-22T10:00:00Z", "2027-01-01T00:00:00.000Z"],
  ])("%s after %s is %s", (expression, after, expected) => {
    expect(next(expression, after)).toBe(expected);
  });

  it("takes day of month and day of week together as either, as Vixie cron does", () => {
    expect(next("0 0 13 * FRI", "2026-11-22T00:00:00Z")).toBe("2026-11-27T00:00:00.000Z");
    expect(next("0 0 13 * FRI", "2026-12-11T00:00:00Z")).toBe("2026-12-13T00:00:00.000Z");
  });

  it("has none for a date that never comes", () => {
    expect(next("0 23 31 2 *", "2026-11-22T00:00:00Z")).toBeNull();
  });

  it("reads the expression in its zone", () => {
    expect(next("0 8 * * *", "2026-01-10T00:00:00Z", "America/New_York")).toBe("2026-01-10T13:00:00.000Z");
    expect(next("0 8 * * *", "2026-07-10T00:00:00Z", "America/New_York")).toBe("2026-07-10T12:00:00.000Z");
  });

  it("runs a time in the daylight saving gap once, at the gap's end", () => {
    expect(next("30 2 * * *", "2026-03-08T05:00:00Z", "America/New_York")).toBe("2026-03-08T07:00:00.000Z");
    expect(next("30 2 * * *", "2026-03-08T07:00:00Z", "America/New_York")).toBe("2026-03-09T06:30:00.000Z");
  });

  it("runs a time in the daylight saving overlap once, at its first occurrence", () => {
    expect(next("30 1 * * *", "2026-11-01T04:00:00Z", "America/New_York")).toBe("2026-11-01T05:30:00.000Z");
    expect(next("30 1 * * *", "2026-11-01T05:30:00Z", "America/New_York")).toBe("2026-11-02T06:30:00.000Z");
  });
});

/** All slots of the schedule after one instant and up to another. */
const slotsIn = (expression: string, timezone: string, from: string, to: string): string[] =>
  [...slotsBetween({ expression, timezone }, at(from), at(to))].map((slot) => new Date(slot).toISOString());

describe("where clocks change", () => {
  // Berlin leaves out 02:00 to 03:00 on 2027-03-28 (at 01:00Z), and shows it twice on 2027-10-31 (at 00:00Z and 01:00Z).
  it.each([
    ["30 2 * * *", ["2027-03-28T01:00:00.000Z"]],
    ["0,30 2 * * *", ["2027-03-28T01:00:00.000Z"]],
    ["0 2,3 * * *", ["2027-03-28T01:00:00.000Z"]],
    ["30 2,3 * * *", ["2027-03-28T01:00:00.000Z", "2027-03-28T01:30:00.000Z"]],
    ["59 1 * * *", ["2027-03-28T00:59:00.000Z"]],
    ["0 */2 28 3 *", hoursOf("2027-03-27T23 2027-03-28T01 2027-03-28T02 2027-03-28T04", 4)],
  ])("%s in the gap runs once, at its end", (expression, expected) => {
    const day = slotsIn(expression, "Europe/Berlin", "2027-03-27T22:59:59Z", "2027-03-28T21:59:59Z");
    expect(day.slice(0, expected.length)).toEqual(expected);
    if (!expression.includes("*/2")) expect(day).toEqual(expected);
  });

  it.each([
    ["30 2 * * *", ["2027-10-31T00:30:00.000Z"]],
    ["0,30 2 * * *", ["2027-10-31T00:00:00.000Z", "2027-10-31T00:30:00.000Z"]],
    ["0 3 * * *", ["2027-10-31T02:00:00.000Z"]],
    [
      "*/30 2-3 * * *",
      hoursOf("2027-10-31T00 2027-10-31T02", 2).flatMap((slot) => [slot, slot.replace(":00:", ":30:")]),
    ],
  ])("%s in the overlap runs once, the first time", (expression, expected) => {
    expect(slotsIn(expression, "Europe/Berlin", "2027-10-30T21:59:59Z", "2027-10-31T22:59:59Z")).toEqual(
      expected,
    );
  });

  it.each([
    "*/15 * * * *",
    "5 * * * *",
    "@hourly",
    "*/10 * * * * *",
    "*/15 0-23/1 * * *",
    "*/15 00-23 * * *",
    "*/15 0-11,12-23 * * *",
    "*/15 */2,1-23/2 * * *",
    "*/15 0/1 * * *",
    "*/15 *,5 * * *",
  ])("%s runs by elapsed time", (expression) => {
    for (const [from, to] of [
      ["2027-03-28T00:00:00Z", "2027-03-28T03:00:00Z"],
      ["2027-10-31T00:00:00Z", "2027-10-31T03:00:00Z"],
    ] as const) {
      const slots = slotsIn(expression, "Europe/Berlin", from, to).map(Date.parse);
      const steps = new Set(slots.slice(1).map((slot, index) => slot - (slots[index] ?? 0)));
      expect(steps.size).toBe(1);
      expect(slots).toEqual(slotsIn(expression, "UTC", from, to).map(Date.parse));
    }
  });

  it("an hour that is shown twice comes with both, also seen from before the summer", () => {
    // Havana shows midnight to one o'clock twice on 2027-11-07, at 04:00Z and 05:00Z.
    for (const month of ["01", "06", "10"]) {
      expect(next("0 * 7 11 *", `2027-${month}-01T00:00:00Z`, "America/Havana")).toBe(
        "2027-11-07T04:00:00.000Z",
      );
    }
    expect(next("0 * 7 11 *", "2027-11-07T04:00:00Z", "America/Havana")).toBe("2027-11-07T05:00:00.000Z");
  });

  it("half an hour of daylight saving is no exception", () => {
    // Lord Howe Island leaves out 02:00 to 02:30 on 2027-10-03, at 15:30Z the day before.
    expect(next("15 2 * * *", "2027-10-02T00:00:00Z", "Australia/Lord_Howe")).toBe(
      "2027-10-02T15:30:00.000Z",
    );
    expect(next("15 2 * * *", "2027-10-02T15:30:00Z", "Australia/Lord_Howe")).toBe(
      "2027-10-03T15:15:00.000Z",
    );
  });

  it("a day that a zone leaves out altogether runs at its end", () => {
    // Samoa went from 29 to 31 December 2011, at 10:00Z on the 30th.
    expect(next("0 12 30 12 *", "2011-12-01T00:00:00Z", "Pacific/Apia")).toBe("2011-12-30T10:00:00.000Z");
  });

  it("midnight that is left out runs at one", () => {
    expect(next("0 0 * * *", "2018-11-03T12:00:00Z", "America/Sao_Paulo")).toBe("2018-11-04T03:00:00.000Z");
  });

  const zones = fc.constantFrom(
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
  );
  const times = fc.constantFrom("30 2 * * *", "0 0 * * *", "15 1,2,3 * * *", "0 2 * * SUN", "*/20 1-4 * * *");
  it("every day has each wall time once, whatever the clocks do", () => {
    fc.assert(
      fc.property(times, zones, fc.integer({ min: 0, max: 700 }), (expression, timezone, day) => {
        const from = at("2027-01-01T12:00:00Z") + day * 86_400_000;
        const to = from + 60 * 86_400_000;
        const slots = [...slotsBetween({ expression, timezone }, from, to)];
        const walls = [...slotsBetween({ expression, timezone: null }, from, to)];
        expect(slots).toEqual([...new Set(slots)].toSorted((a, b) => a - b));
        // Times of one gap come together at its end: so many fewer there may be, and a day's worth at either end.
        expect(Math.abs(slots.length - walls.length)).toBeLessThanOrEqual(13);
        for (const slot of slots) expect(nextSlot({ expression, timezone }, slot - 1)).toBe(slot);
      }),
      { numRuns: 40 },
    );
  });
});

function hoursOf(hours: string, count: number): string[] {
  return hours
    .split(" ")
    .slice(0, count)
    .map((hour) => `${hour}:00:00.000Z`);
}

it("a slot does not depend on what was asked before, in whatever order", () => {
  const from = at("2026-03-01T00:00:00Z");
  const instants = fc.array(fc.integer({ min: from, max: from + 400 * 86_400_000 }), { maxLength: 20 });
  const expressions = fc.constantFrom("*/7 * * * *", "30 2 * * *", "0 9 * * 1-5", "0 0 29 2 *", "0 0 30 2 *");
  const zones = fc.array(fc.constantFrom(null, "UTC", "Europe/Berlin", "Pacific/Chatham"), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(expressions, instants, zones, (expression, asked, zonesAsked) => {
      for (const [index, after] of asked.entries()) {
        const timezone = zonesAsked[index % zonesAsked.length] ?? null;
        // Spaces make it another expression to what remembers, so nothing was asked of it before.
        const unasked = `${" ".repeat(1 + (unaskedCount++ % 1000))}${expression}`;
        expect(nextSlot({ expression, timezone }, after)).toBe(
          nextSlot({ expression: unasked, timezone }, after),
        );
      }
    }),
    { numRuns: 60 },
  );
});
let unaskedCount = 0;

describe("lastSlot", () => {
  const expressions = fc.constantFrom(
    "* * * * *",
    "*/7 * * * * *",
    "0 */3 * * *",
    "30 1,2 * * *",
    "0 9 * * MON-FRI",
    "15 4 1 * *",
  );
  const zones = fc.constantFrom(
    null,
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
  );
  const instants = fc.integer({ min: at("2026-01-01T00:00:00Z"), max: at("2027-12-31T00:00:00Z") });

  it("is the slot after which none comes up to the limit, for any schedule", () => {
    fc.assert(
      fc.property(
        expressions,
        zones,
        instants,
        fc.integer({ min: 0, max: 40 * 86_400_000 }),
        (expression, timezone, from, span) => {
          const schedule = { expression, timezone };
          const first = nextSlot(schedule, from);
          if (first === null) return;
          const until = first + span;
          const last = lastSlot(schedule, first, until);
          expect(last).toBeGreaterThanOrEqual(first);
          expect(last).toBeLessThanOrEqual(until);
          expect(nextSlot(schedule, last - 1)).toBe(last);
          expect(nextSlot(schedule, last) ?? Infinity).toBeGreaterThan(until);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("always moves forward: next slots rise strictly, through every change of the clocks", () => {
    fc.assert(
      fc.property(expressions, zones, instants, (expression, timezone, from) => {
        let previous = from;
        for (let i = 0; i < 20; i++) {
          const slot = nextSlot({ expression, timezone }, previous);
          if (slot === null) return;
          expect(slot).toBeGreaterThan(previous);
          previous = slot;
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("checkSchedule", () => {
  it.each(["27 15 * * *", "@daily", "@Hourly", "*/5 * * * * *", "0 0 LW * *", "0 0 31 2 *"])(
    "accepts %s",
    (expression) => {
      expect(detailOf(expression)).toBe("accepted");
    },
  );

  it.each([
    "",
    "* * * *",
    "* * * * * * *",
    "@reboot",
    "@sometimes",
    "2026-12-24T00:00:00",
    "60 * * * *",
    "a b c d e",
    "* * * * * \u0000",
    "*/0 * * * *",
    "5-1 * * * *",
  ])("refuses %j", (expression) => {
    expect(detailOf(expression)).toMatch(/^schedule: /);
  });

  it.each(["", "Mars/Phobos", "+02:00", "UTC+2", "Europe/Nowhere", "\u0000"])(
    "refuses the zone %j",
    (timezone) => {
      expect(detailOf("0 0 * * *", timezone)).toMatch(/^timezone: expected an IANA time zone/);
    },
  );

  it.each([
    "UTC",
    "GMT",
    "EST",
    "CET",
    "EST5EDT",
    "US/Eastern",
    "Asia/Calcutta",
    "Asia/Kolkata",
    "Europe/Kyiv",
    "Etc/GMT+5",
    "America/Argentina/Buenos_Aires",
    "NZ-CHAT",
    "Etc/UTC",
    "Etc/GMT-0",
    "US/East-Indiana",
    "America/Argentina/ComodRivadavia",
    "Australia/NSW",
    "Antarctica/DumontDUrville",
    "Europe/Isle_of_Man",
    "Africa/Asmara",
  ])("accepts the zone %s", (timezone) => {
    expect(detailOf("0 0 * * *", timezone)).toBe("accepted");
  });

  it.each([
    ["BST", "Europe/London"],
    ["IST", "Asia/Kolkata"],
    ["PST", "America/Los_Angeles"],
    ["CEST", "Europe/Berlin"],
    ["utc", "UTC"],
    ["europe/berlin", "Europe/Berlin"],
    ["Etc/utc", "UTC"],
    ["US/EASTERN", "America/New_York"],
    ["Africa/asmara", "Africa/Asmera"],
    [" Europe/Berlin", "Europe/Berlin"],
    ["Berlin", "Europe/Berlin"],
    ["New York", "America/New_York"],
    ["Europe/Berln", "Europe/Berlin"],
    ["UTC+2", "Etc/GMT-2"],
    ["-05:00", "Etc/GMT+5"],
    ["SystemV/EST5", undefined],
    ["America/New_Yrok", "America/New_York"],
    ["Japn", "Japan"],
    ["MESZ", "Europe/Berlin"],
    ["GMT1", undefined],
    ["Europe/Munich", undefined],
  ])("refuses the zone %j, and names %s", (timezone, meant) => {
    const detail = detailOf("0 0 * * *", timezone);
    expect(detail).toMatch(/^timezone: expected an IANA time zone/);
    expect(/did you mean "(.*)"\?$/.exec(detail)?.[1]).toBe(meant);
  });

  it.each([
    ["0 0 */1 * 1", "0 0 * * 1"],
    ["0 0 1-31 * MON", "0 0 * * 1"],
    ["0 0 15 * 0-6", "0 0 15 * *"],
    ["0 0 15 * */1", "0 0 15 * *"],
    ["0 0 15 * 1-7", "0 0 15 * *"],
    ["0 0 15 * *,1", "0 0 15 * *"],
    ["0 0 1-31,L * 1", "0 0 * * 1"],
  ])("a day field that names every day limits nothing: %s is %s", (expression, plain) => {
    const all = (text: string): string[] =>
      slotsIn(text, "UTC", "2027-01-01T00:00:00Z", "2027-12-31T00:00:00Z");
    expect(all(expression)).toEqual(all(plain));
  });
});
