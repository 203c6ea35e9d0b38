/** A small simulation, and the oracle held to days on which clocks changed. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { firstSlots } from "./matcher";

const SCRIPT = join(import.meta.dirname, "../../dist/repository/simulate.js");

it("finds nothing wrong in a hundred and fifty schedules", { timeout: 300_000 }, async () => {
  const options = ["--schedules", "150", "--seed", "test", "--workers", "2"];
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, ...options]);
  expect(stdout).toMatch(/^schedules 150,/m);
  expect(stdout).toMatch(/^0 violated/m);
  // There was something to find.
  for (const fault of ["crash", "serverDown", "answerLost", "alarmLost", "d1Down", "clockJump"]) {
    expect(stdout).toMatch(new RegExp(`\\b${fault} [1-9]`));
  }
});

it("has the index know the end of a run after which no slot comes, though the host dies as it hears of it", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, "--replay", "11:677"], {
    maxBuffer: 100_000_000,
  });
  expect(stdout).toMatch(/^11:677: all is well$/m);
});

describe("the oracle", () => {
  const next = (expression: string, timezone: string | null, after: string, count: number): string[] =>
    firstSlots({ expression, timezone }, Date.parse(after), count).map((at) =>
      new Date(at).toISOString().slice(5, 16),
    );

  it("runs a time in a gap at the gap's end, and once with others in it", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00Z", 2)).toEqual([
      "03-28T01:00",
      "03-29T00:30",
    ]);
    expect(next("15,45 2 * * *", "Europe/Berlin", "2027-03-27T12:00Z", 2)).toEqual([
      "03-28T01:00",
      "03-29T00:15",
    ]);
    expect(next("0 0 * * *", "America/Santiago", "2027-09-04T12:00Z", 2)).toEqual([
      "09-05T04:00",
      "09-06T03:00",
    ]);
  });

  it("runs a time that is shown twice the first time", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00Z", 2)).toEqual([
      "10-31T00:30",
      "11-01T01:30",
    ]);
    expect(next("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T00:00Z", 2)).toEqual([
      "04-03T14:45",
      "04-04T15:15",
    ]);
  });

  it("runs by elapsed time what names every hour", () => {
    expect(next("30 * * * *", "Europe/Berlin", "2027-03-28T00:00Z", 3)).toEqual([
      "03-28T00:30",
      "03-28T01:30",
      "03-28T02:30",
    ]);
    expect(next("30 * * * *", "Europe/Berlin", "2027-10-31T00:00Z", 3)).toEqual([
      "10-31T00:30",
      "10-31T01:30",
      "10-31T02:30",
    ]);
  });

  it("takes either day when both are named, the last of the month, and the n-th weekday", () => {
    expect(next("0 0 13 * FRI", null, "2027-08-01T00:00Z", 3)).toEqual([
      "08-06T00:00",
      "08-13T00:00",
      "08-20T00:00",
    ]);
    expect(next("0 0 L * *", null, "2028-02-01T00:00Z", 2)).toEqual(["02-29T00:00", "03-31T00:00"]);
    expect(next("0 0 * * MON#2", null, "2027-08-01T00:00Z", 2)).toEqual(["08-09T00:00", "09-13T00:00"]);
  });
});
