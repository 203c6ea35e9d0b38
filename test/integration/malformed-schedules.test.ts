/** Schedules and zones that no cron can have: refused when they are given, and not when they should fire. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cron } from "../../src/wire/crons/cron";
import type { Thread } from "../../src/wire/threads/thread";
import { atClock, createCron, setClock } from "../support/crons";
import { call } from "../support/edge";
import { storedCounts } from "../support/stored";

// By the real clock the cron would fire at 15:27, and its run be counted.
setClock("2040-01-01T00:00:00.000Z");
const THREAD = (await call<Thread>("POST", "/threads", {})).body.thread_id;
const CRON = (await createCron()).cron_id;

let before: Record<string, number>;
beforeAll(async () => {
  before = await storedCounts();
});
atClock("2040-01-01T00:00:00.000Z");
afterAll(async () => {
  expect(await storedCounts()).toEqual(before);
});

describe("schedules and zones", () => {
  const schedules = [
    "0 23 31 2 *",
    "0 0 30 2 *",
    "0 0 31 4,6,9,11 *",
    "*/0 * * * *",
    "0/0 * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * 32 * *",
    "* * * 13 *",
    "* * * 0 *",
    "* * * * 8",
    "-1 * * * *",
    "5-1 * * * *",
    "1-2-3 * * * *",
    "1,, * * * *",
    "* * * *",
    "* * * * * * *",
    "0 0 1 1 * 2041 *",
    "a b c d e",
    "* * * * \u0000",
    "\u0000",
    "\u001b[31m* * * * *",
    "*\u200b * * * *",
    "１ * * * *",
    "@reboot",
    "@every 5m",
    "@",
    "rate(5 minutes)",
    "2040-05-05T00:00:00",
    "2039-05-05T00:00:00Z",
    `${"*,".repeat(99)}* * * * *`,
    "x".repeat(100_000),
    "1e400 * * * *",
    "99999999999999999999 * * * *",
    "*/1e9 * * * *",
    "* * L13 * *",
    "* * * * 5#9",
    "* * * * LL",
    "? ? ? ? ?,",
    "__proto__ * * * *",
    "constructor * * * *",
  ];
  const zones = [
    "Mars/Phobos",
    "europe",
    "UTC+25",
    "+02:00",
    "GMT+99",
    "\u0000",
    "UTC\u0000",
    "__proto__",
    "x".repeat(101),
  ];

  it.each(schedules)("%j is refused, and the cron keeps its own", async (schedule) => {
    for (const [method, route] of [
      ["POST", "/runs/crons"],
      ["POST", `/threads/${THREAD}/runs/crons`],
      ["PATCH", `/runs/crons/${CRON}`],
    ] as const) {
      const rest = method === "POST" ? { assistant_id: "echo" } : {};
      const answer = await call(method, route, { ...rest, schedule });
      expect(answer.body.detail).toMatch(/^schedule: /);
      expect(answer.status).toBe(422);
    }
    expect((await call<Cron>("GET", `/runs/crons/${CRON}`)).body.schedule).toBe("27 15 * * *");
  });

  it.each(zones)("zone %j is refused", async (timezone) => {
    const answer = await call("POST", "/runs/crons", {
      assistant_id: "echo",
      schedule: "* * * * *",
      timezone,
    });
    expect(answer.body.detail).toMatch(/^timezone: /);
    expect(answer.status).toBe(422);
    expect((await call("PATCH", `/runs/crons/${CRON}`, { timezone })).status).toBe(422);
  });

  it("an end that has passed, or before the first slot, is refused", async () => {
    for (const end_time of ["2039-12-31T23:59:59Z", "2040-01-01T15:27:00Z", "0001-01-01T00:00:00Z"]) {
      const fields = { assistant_id: "echo", schedule: "27 15 * * *", end_time };
      const answer = await call("POST", "/runs/crons", fields);
      expect(answer.body.detail).toMatch(/end_time/);
      expect(answer.status).toBe(422);
    }
  });
});
