/** What an owner does to slots by hand leaves alone what has become of others. */
import { expect, it } from "vitest";
import { atClock, createCron, getCron, ringAt, setClock, slotsOf } from "../support/crons";
import { call } from "../support/edge";

atClock("2040-01-01T00:00:00.000Z");

const fates = async (cronId: string): Promise<string[]> =>
  (await slotsOf(cronId, "?limit=100")).map(
    ({ scheduled_for: at, status }) => `${at.slice(5, 16)} ${status}`,
  );

it("keeps the missed slots of an earlier schedule when those of the present one are run in between", async () => {
  const { cron_id: cronId } = await createCron();
  await ringAt("2040-01-05T16:00:00.000Z", cronId);
  await call("PATCH", `/runs/crons/${cronId}`, { schedule: "0 12 * * *" });
  const period = { start: "2040-01-02T00:00:00Z", end: "2040-01-04T00:00:00Z" };
  const { body } = await call<{ slots: number }>("POST", `/runs/crons/${cronId}/backfill`, period);
  expect(body).toEqual({ slots: 2 });
  await ringAt("2040-01-05T16:01:00.000Z", cronId);
  await ringAt("2040-01-05T16:02:00.000Z", cronId);
  expect(await fates(cronId)).toEqual([
    "01-05T15:27 fired",
    "01-04T15:27 missed",
    "01-03T15:27 missed",
    "01-03T12:00 fired",
    "01-02T15:27 missed",
    "01-02T12:00 fired",
    "01-01T15:27 missed",
  ]);
});

it("skips no slot that had its turn before the clock was set back", async () => {
  const { cron_id: cronId } = await createCron({ schedule: "0 * * * *" });
  await ringAt("2040-01-01T01:00:00.000Z", cronId);
  setClock("2040-01-01T00:30:00.000Z");
  await call("POST", `/runs/crons/${cronId}/skip`, { count: 2 });
  expect(await fates(cronId)).toEqual(["01-01T03:00 skipped", "01-01T02:00 skipped", "01-01T01:00 fired"]);
  expect((await getCron(cronId)).next_run_date).toBe("2040-01-01T04:00:00.000Z");
});
