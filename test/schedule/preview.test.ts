/** What a schedule means, said before it costs anything. */
import { describe, expect, it } from "vitest";
import type { Preview } from "../../src/wire/crons/preview";
import { atClock, setClock } from "../support/crons";
import { call } from "../support/edge";

atClock("2027-01-15T12:00:00.000Z");

async function preview(fields: Record<string, unknown>): Promise<Preview> {
  const { status, body } = await call<Preview>("POST", "/runs/crons/preview", fields);
  expect(status).toBe(200);
  return body;
}

const codesOf = async (fields: Record<string, unknown>): Promise<string[]> =>
  (await preview(fields)).warnings.map(({ code }) => code);

describe("a preview", () => {
  it("has the description, and the next times in UTC and in the zone", async () => {
    expect(await preview({ schedule: "27 15 * * 1-5", timezone: "America/New_York", count: 2 })).toEqual({
      schedule: "27 15 * * 1-5",
      timezone: "America/New_York",
      description: "At 15:27, Monday through Friday",
      next: [
        { utc: "2027-01-15T20:27:00.000Z", local: "2027-01-15T15:27:00-05:00" },
        { utc: "2027-01-18T20:27:00.000Z", local: "2027-01-18T15:27:00-05:00" },
      ],
      times_in_30_days: 21,
      times_in_365_days: 261,
      warnings: [],
    });
  });

  it("counts the times to come, also where there are millions, and none at or after the end", async () => {
    const countsOf = async (fields: Record<string, unknown>): Promise<number[]> => {
      const { times_in_30_days: month, times_in_365_days: year } = await preview(fields);
      return [month, year];
    };
    expect(await countsOf({ schedule: "* * * * * *" })).toEqual([30 * 86_400, 365 * 86_400]);
    expect(await countsOf({ schedule: "0 0 29 2 *" })).toEqual([0, 0]);
    expect(await countsOf({ schedule: "0 0 * * *", end_time: "2027-01-18T00:00:00Z" })).toEqual([2, 2]);
    expect(await countsOf({ schedule: "0 0 * * *", end_time: "2020-01-01T00:00:00Z" })).toEqual([0, 0]);
    // The clocks leave out one of the times and show another twice.
    expect(await countsOf({ schedule: "30 2 * * *", timezone: "Europe/Berlin" })).toEqual([30, 365]);
  });

  it("without a zone is in UTC, with five times", async () => {
    const { next, timezone } = await preview({ schedule: "@daily" });
    expect(timezone).toBeNull();
    expect(next).toHaveLength(5);
    expect(next[0]).toEqual({ utc: "2027-01-16T00:00:00.000Z", local: "2027-01-16T00:00:00+00:00" });
  });

  it("takes null for what is not given", async () => {
    const { next } = await preview({ schedule: "@daily", timezone: null, end_time: null, count: null });
    expect(next).toHaveLength(5);
  });

  it("ends where the cron would", async () => {
    const { next } = await preview({ schedule: "0 0 * * *", end_time: "2027-01-18T00:00:00Z" });
    expect(next.map(({ utc }) => utc)).toEqual(["2027-01-16T00:00:00.000Z", "2027-01-17T00:00:00.000Z"]);
  });

  it.each([
    "@hourly",
    "*/5 * * * * *",
    "0 0 L * *",
    "0 0 * * MON#2",
    "5/10 * * * *",
    "0 0 13 * FRI",
    "0 0 ? * 5L",
  ])("says something of %s", async (schedule) => {
    expect((await preview({ schedule })).description).toMatch(/\w{2}/);
  });

  it.each([
    [{}, /^schedule/],
    [{ schedule: "61 * * * *" }, /^schedule.* minute: 61$/],
    [{ schedule: "0 0 32 * *" }, /^schedule.* day: 32$/],
    [{ schedule: "0 0 * 0 *" }, /^schedule.* month: 0$/],
    [{ schedule: "* * * * *", timezone: "Mars/Phobos" }, /^timezone/],
    [{ schedule: "* * * * *", count: 101 }, /^count/],
    [{ schedule: "* * * * *", extra: 1 }, /^extra: unknown field/],
  ])("of %j is refused", async (fields, detail) => {
    const { status, body } = await call("POST", "/runs/crons/preview", fields);
    expect(status).toBe(422);
    expect(body.detail).toMatch(detail);
  });
});

describe("a preview warns of a schedule", () => {
  it("that never fires", async () => {
    expect(await preview({ schedule: "0 0 31 2 *" })).toMatchObject({
      next: [],
      warnings: [{ code: "never" }],
    });
  });

  it("that fires rarely", async () => {
    expect(await codesOf({ schedule: "0 0 29 2 *" })).toEqual(["rarely"]);
  });

  it("that fires more than once an hour, and says how often", async () => {
    const { warnings } = await preview({ schedule: "*/15 9 * * *" });
    expect(warnings).toMatchObject([{ code: "more_than_hourly" }]);
    expect(warnings[0]?.message).toContain("up to 4 times within one hour");
    expect(await codesOf({ schedule: "0 * * * *" })).toEqual([]);
  });

  it("as often in its fullest hour, also late in a shorter one", async () => {
    setClock("2027-01-15T09:15:00.000Z");
    const { warnings } = await preview({ schedule: "*/20 8-9 * * *" });
    expect(warnings[0]?.message).toContain("up to 3 times within one hour");
  });

  it("that daylight saving leaves out or shows twice", async () => {
    const { warnings } = await preview({ schedule: "30 2 * * *", timezone: "Europe/Berlin" });
    expect(warnings).toEqual([
      {
        code: "dst_gap",
        message: "on 2027-03-28 the clocks leave out 02:00 to 03:00: a time in between fires once, at 03:00",
      },
      {
        code: "dst_overlap",
        message:
          "on 2027-10-31 the clocks show 02:00 to 03:00 twice: a time in between fires once, the first time",
      },
    ]);
  });

  it("but not of one that daylight saving does not touch", async () => {
    expect(await codesOf({ schedule: "30 9 * * *", timezone: "Europe/Berlin" })).toEqual([]);
    expect(await codesOf({ schedule: "30 2 * * MON", timezone: "Europe/Berlin" })).toEqual([]);
    expect(await codesOf({ schedule: "30 2 * * *", timezone: "Asia/Tokyo" })).toEqual([]);
    expect(await codesOf({ schedule: "30 * * * *", timezone: "Europe/Berlin" })).toEqual([]);
  });
});
