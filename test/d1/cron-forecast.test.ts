/** The forecast of all crons: times by their schedules, with the tokens that their runs used on average. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { readForecast } from "../../src/d1/cron-forecast";
import type { FoundCron } from "../../src/wire/crons/cron";
import type { Forecast } from "../../src/wire/crons/forecast";
import { call } from "../support/edge";
import { atClock, createCron } from "../support/crons";

const START = Date.parse("2041-03-01T10:00:00Z");
atClock("2041-03-01T10:00:00.000Z");

/** Writes into D1 what a cron's runs came to. */
const setFigures = (cronId: string, runs: object, tokens: object): Promise<unknown> =>
  env.DB.prepare("UPDATE crons SET figures = json_patch(figures, ?) WHERE cron_id = ?")
    .bind(JSON.stringify({ runs, tokens }), cronId)
    .run();

it("multiplies what a firing used on average by how often the crons that are on fire", async () => {
  const owner = crypto.randomUUID();
  const make = async (fields: object): Promise<string> =>
    (await createCron({ metadata: { owner }, ...fields })).cron_id;
  const forecast = (): Promise<Forecast> => readForecast(env.DB, START, { owner: { eq: owner } });
  // 30 times: each run used 150 tokens.
  const daily = await make({ schedule: "0 9 * * *", timezone: "Europe/Berlin" });
  await setFigures(daily, { success: 3, error: 1 }, { input: 500, output: 100 });
  // 720 times: nobody knows yet.
  await make({ schedule: "0 * * * *" });
  // Paused.
  const paused = await make({ schedule: "* * * * *", enabled: false });
  await setFigures(paused, { success: 1 }, { input: 500, output: 100 });
  expect(await forecast()).toEqual({
    crons: 2,
    crons_without_runs: 1,
    times_in_30_days: 750,
    tokens_in_30_days: 30 * 150,
  });
  // Ten times before its end; a firing of both crons of one schedule uses the sum of both.
  const ending = { schedule: "0 9 * * *", timezone: "Europe/Berlin", end_time: "2041-03-11T09:00:00Z" };
  for (const used of [10, 20])
    await setFigures(await make(ending), { success: 1 }, { input: used, output: 0 });
  expect(await forecast()).toEqual({
    crons: 4,
    crons_without_runs: 1,
    times_in_30_days: 770,
    tokens_in_30_days: 30 * 150 + 10 * 30,
  });
});

it("is answered at the edge, and how often each cron fires where a search asks for it", async () => {
  const tag = crypto.randomUUID();
  const made = await createCron({ metadata: { tag }, schedule: "0 9 * * 1", timezone: "Asia/Tokyo" });
  const search = { metadata: { tag }, select: ["cron_id", "times_in_30_days"] };
  const { body: found } = await call<FoundCron[]>("POST", "/runs/crons/search", search);
  expect(found).toEqual([{ cron_id: made.cron_id, times_in_30_days: 4 }]);
  const { status, body } = await call<Forecast>("GET", "/runs/crons/forecast");
  expect([status, body.times_in_30_days >= 4]).toEqual([200, true]);
});
