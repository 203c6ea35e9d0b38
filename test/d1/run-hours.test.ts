/** What crons did by hour and day: exact before and after an hour is added up, and without a row written by a firing. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { readActivity, sumRunHours } from "../../src/d1/run-hours";
import type { Activity } from "../../src/wire/crons/activity";
import { call } from "../support/edge";
import { atClock, createCron, ringAt, settled, slotsOf } from "../support/crons";
import { ObservedD1 } from "../support/query-plans";

const HOUR = 3_600_000;
const START = Date.parse("2041-03-01T10:00:00Z");
atClock("2041-03-01T10:00:00.000Z");

async function addRun(createdAt: number, status: string, cronId: string | null = "a cron"): Promise<string> {
  const runId = crypto.randomUUID();
  await env.DB.prepare(
    `INSERT INTO runs (run_id, thread_id, assistant_id, status, metadata, kwargs, multitask_strategy, input_tokens, output_tokens,
       created_at, updated_at, due_at, revision) VALUES (?, 'a thread', 'an assistant', ?, ?, '{}', 'enqueue', 3, 2, ?, ?, ?, 1)`,
  )
    .bind(
      runId,
      status,
      JSON.stringify(cronId === null ? {} : { cron_id: cronId }),
      createdAt,
      createdAt,
      createdAt,
    )
    .run();
  return runId;
}

const sumsAt = async (at: number, unit: "hour" | "day" = "hour"): Promise<Activity> =>
  readActivity(env.DB, { unit, count: 4 }, at);
const runsAt = async (at: number): Promise<Activity[number]["runs"][]> =>
  (await sumsAt(at)).map(({ runs }) => runs);
const hoursStored = async (): Promise<number[]> =>
  (
    await env.DB.prepare("SELECT DISTINCT hour FROM run_hours ORDER BY 1").all<{ hour: number }>()
  ).results.map(({ hour }) => hour);

it("tells the same before and after the hours are added up", async () => {
  await addRun(START, "success");
  await addRun(START + 1, "error");
  await addRun(START + 2, "success", null);
  const slow = await addRun(START + HOUR - 1, "running");
  await addRun(START + HOUR, "timeout");
  const at = START + 2 * HOUR + 5;
  const none = { running: 0, success: 0, error: 0, timeout: 0, interrupted: 0 };
  const expected = [none, { ...none, running: 1, success: 1, error: 1 }, { ...none, timeout: 1 }, none];
  expect(await runsAt(at)).toEqual(expected);
  expect((await sumsAt(at)).map(({ tokens }) => tokens.input)).toEqual([0, 9, 3, 0]);

  // An hour waits for its slow run, but not for ever.
  await sumRunHours(env.DB, at);
  expect(await hoursStored()).toEqual([]);
  await env.DB.prepare("UPDATE runs SET status = 'interrupted' WHERE run_id = ?").bind(slow).run();
  await sumRunHours(env.DB, at);
  expect(await hoursStored()).toEqual([START, START + HOUR]);
  const after = [none, { ...none, interrupted: 1, success: 1, error: 1 }, { ...none, timeout: 1 }, none];
  expect(await runsAt(at)).toEqual(after);
  const days = await sumsAt(at, "day");
  expect(days.map(({ start }) => start.slice(0, 10))).toEqual([
    "2041-02-26",
    "2041-02-27",
    "2041-02-28",
    "2041-03-01",
  ]);
  expect(days.at(-1)).toMatchObject({
    runs: { success: 1, error: 1, timeout: 1 },
    tokens: { input: 12, output: 8 },
  });

  // Again, it changes nothing, and writes nothing.
  const d1 = new ObservedD1(env.DB);
  await sumRunHours(d1.binding, at);
  expect(d1.rowsWritten).toBe(0);
  expect(await runsAt(at)).toEqual(after);
});

it("adds up an hour with a run that never ends a day later, and removes hours older than 400 days", async () => {
  await env.DB.prepare("INSERT INTO run_hours VALUES (?, 'success', 1, 0, 0)")
    .bind(START - 401 * 24 * HOUR)
    .run();
  const later = START + 100 * HOUR;
  await addRun(later, "running");
  await sumRunHours(env.DB, later + 2 * HOUR);
  expect(await hoursStored()).not.toContain(later);
  await sumRunHours(env.DB, later + 26 * HOUR);
  expect(await hoursStored()).toContain(later);
  expect(Math.min(...(await hoursStored()))).toBe(START);
});

it("is answered at the edge, with the last slots of each cron that is asked for", async () => {
  const { cron_id: id } = await createCron();
  await ringAt("2041-03-10T15:27:00.000Z", id);
  const [slot] = await slotsOf(id);
  await settled(slot);
  const { body: hours } = await call<Activity>("GET", "/runs/crons/activity?count=2");
  expect(hours.map(({ start, runs }) => [start, runs.success])).toEqual([
    ["2041-03-10T14:00:00.000Z", 0],
    ["2041-03-10T15:00:00.000Z", 1],
  ]);
  const ids = [crypto.randomUUID(), id];
  const { body: last } = await call<{ cron_id: string; slots: unknown[] }[]>("POST", "/runs/crons/slots", {
    cron_ids: ids,
    limit: 1,
  });
  expect(last).toEqual([{ cron_id: id, slots: await slotsOf(id, "?limit=1") }]);
  expect((await call("POST", "/runs/crons/slots", { cron_ids: [] })).status).toBe(422);
});
