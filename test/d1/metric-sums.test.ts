/** The sums of the metrics: exact whatever comes late, written seldom, and worked out again when they are wrong. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { countRuns, readSums, rebuildCronSums } from "../../src/d1/metric-sums";
import { ObservedD1 } from "../support/query-plans";

const MINUTE = 60_000;
let assistant: string;
/** Each test goes on from a later instant, because all share the instant up to which runs are counted. */
let start = 1_000_000_000;

beforeEach(() => {
  assistant = crypto.randomUUID();
  start += 100 * MINUTE;
});

const sql = async (text: string, ...params: unknown[]): Promise<D1Result> =>
  env.DB.prepare(text)
    .bind(...params)
    .run();

async function addRun(
  createdAt: number,
  status = "success",
  cron: string | null = "a cron",
): Promise<string> {
  const runId = crypto.randomUUID();
  await sql(
    `INSERT INTO runs (run_id, thread_id, assistant_id, status, metadata, kwargs, multitask_strategy, input_tokens, output_tokens,
       created_at, updated_at, due_at, revision) VALUES (?, 'a thread', ?, ?, ?, '{}', 'enqueue', 3, 2, ?, ?, 1, 1)`,
    ...[runId, assistant, status, JSON.stringify(cron === null ? {} : { cron_id: cron })],
    ...[createdAt, createdAt + 500],
  );
  return runId;
}

const endRun = (runId: string, status: string): Promise<D1Result> =>
  sql("UPDATE runs SET status = ?, updated_at = updated_at + 500 WHERE run_id = ?", status, runId);

const runsByStatus = async (): Promise<Record<string, number>> => {
  const { runs } = await readSums(env.DB);
  return Object.fromEntries(
    runs.filter((sums) => sums.assistant_id === assistant).map(({ status, runs: n }) => [status, n]),
  );
};

it("count each ended run of a cron once", async () => {
  await addRun(start);
  await addRun(start + 1, "error");
  await addRun(start + 2, "success", null);
  await addRun(start + 10 * MINUTE);
  await countRuns(env.DB, start + 5 * MINUTE);
  expect(await runsByStatus()).toEqual({ success: 1, error: 1 });
  await countRuns(env.DB, start + 5 * MINUTE);
  await Promise.all([11, 11].map((minutes) => countRuns(env.DB, start + minutes * MINUTE + 1)));
  expect(await runsByStatus()).toEqual({ success: 2, error: 1 });
  expect((await readSums(env.DB)).runs.find((sums) => sums.assistant_id === assistant)).toMatchObject({
    input_tokens: 3,
    output_tokens: 2,
    duration_ms: 500,
  });
});

it("count a run that ends, or arrives in D1, after others of its time were counted", async () => {
  const running = await addRun(start, "running");
  await countRuns(env.DB, start + 5 * MINUTE);
  expect(await runsByStatus()).toEqual({});
  const { running: underWay } = await readSums(env.DB);
  expect(underWay).toContainEqual({ assistant_id: assistant, runs: 1 });
  await endRun(running, "timeout");
  await addRun(start + 1);
  await countRuns(env.DB, start + 6 * MINUTE);
  expect(await runsByStatus()).toEqual({ timeout: 1, success: 1 });
});

it("keep what they have counted when the record of a run is removed", async () => {
  const runId = await addRun(start);
  await countRuns(env.DB, start + 5 * MINUTE);
  await sql("DELETE FROM runs WHERE run_id = ?", runId);
  expect(await runsByStatus()).toEqual({ success: 1 });
});

it("write no row while there is nothing to count", async () => {
  await countRuns(env.DB, start);
  const d1 = new ObservedD1(env.DB);
  await countRuns(d1.binding, start + 5 * MINUTE);
  expect(d1.rowsWritten).toBe(0);
});

it("count many runs in several steps", async () => {
  const numbers = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 11999)";
  await sql(
    `INSERT INTO runs (run_id, thread_id, assistant_id, status, metadata, kwargs, multitask_strategy, created_at, updated_at, due_at,
       thread_temporary, revision)
     ${numbers} SELECT ? || i, 't', ?, 'success', '{"cron_id":"c"}', '{}', 'enqueue', ? + i / 1000, ?, 1, 1, 1 FROM n`,
    ...[assistant, assistant, start, start],
  );
  await countRuns(env.DB, start + 5 * MINUTE);
  expect((await runsByStatus()).success).toBeGreaterThanOrEqual(10_000);
  await countRuns(env.DB, start + 5 * MINUTE);
  await countRuns(env.DB, start + 5 * MINUTE);
  expect(await runsByStatus()).toEqual({ success: 12_000 });
});

async function addCron(figures: object, enabled = 1): Promise<string> {
  const cronId = crypto.randomUUID();
  await sql(
    `INSERT INTO crons (cron_id, assistant_id, schedule, enabled, payload, metadata, created_at, updated_at, revision, figures)
     VALUES (?, ?, '* * * * *', ?, '{}', '{}', 1, 1, 1, ?)`,
    ...[cronId, assistant, enabled, JSON.stringify(figures)],
  );
  return cronId;
}

const sumsOfCrons = async (): Promise<object | undefined> =>
  (await readSums(env.DB)).crons.find((sums) => sums.assistant_id === assistant);

it("of crons follow each change, and are what counting all crons comes to", async () => {
  const first = await addCron({});
  const second = await addCron({ slots: { skipped: 2, missed: 1 }, failures_in_a_row: 3 });
  await addCron({ slots: { rolled_back: 1 } }, 0);
  const expected = { enabled: 2, paused: 1, failing: 1, skipped: 2, missed: 1, rolled_back: 1 };
  expect(await sumsOfCrons()).toMatchObject(expected);
  await sql("UPDATE crons SET enabled = 0 WHERE cron_id = ?", first);
  await sql(
    `UPDATE crons SET figures = '{"slots":{"skipped":5},"failures_in_a_row":0}' WHERE cron_id = ?`,
    first,
  );
  await sql("DELETE FROM crons WHERE cron_id = ?", second);
  const now = { enabled: 0, paused: 2, failing: 0, skipped: 5, missed: 0, rolled_back: 1 };
  expect(await sumsOfCrons()).toMatchObject(now);
  await sql("UPDATE cron_sums SET paused = 77 WHERE assistant_id = ?", assistant);
  await rebuildCronSums(env.DB);
  expect(await sumsOfCrons()).toMatchObject(now);
});

it("of crons cost no row when a slot has fired and its run has succeeded", async () => {
  const cronId = await addCron({
    slots: { fired: 1, skipped: 1 },
    runs: { success: 1 },
    failures_in_a_row: 0,
  });
  const fired = { slots: { fired: 2, skipped: 1 }, runs: { success: 2 }, failures_in_a_row: 0 };
  const update = "UPDATE crons SET figures = ?, revision = revision + 1 WHERE cron_id = ?";
  expect((await sql(update, JSON.stringify(fired), cronId)).meta.rows_written).toBe(1);
  const failed = { ...fired, failures_in_a_row: 1 };
  // The cron's own row, its entry in the index of failing crons, and the sums.
  expect((await sql(update, JSON.stringify(failed), cronId)).meta.rows_written).toBe(3);
  const failedAgain = { ...fired, failures_in_a_row: 2 };
  // SQLite writes the entry of the index anew.
  expect((await sql(update, JSON.stringify(failedAgain), cronId)).meta.rows_written).toBe(2);
});
