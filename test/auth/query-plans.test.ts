/**
 * A filter of an `Auth` makes no search read a whole table: with a hundred thousand rows of a thousand owners, what one owner is shown is
 * found by the SQL index of the owner.
 */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import type { AccessFilter } from "../../src/calls/access-filter";
import { countAssistants, searchAssistants } from "../../src/d1/assistant-search";
import { readForecast } from "../../src/d1/cron-forecast";
import { countCrons, searchCrons } from "../../src/d1/crons-table";
import { readActivity } from "../../src/d1/run-hours";
import { runsToCancel, searchRuns } from "../../src/d1/run-search";
import { countThreads, searchThreads } from "../../src/d1/threads-table";
import { assistantCount, assistantSearch } from "../../src/wire/assistants";
import { cronSearch } from "../../src/wire/crons/cron";
import { runSearch } from "../../src/wire/runs/run";
import { threadCount, threadSearch } from "../../src/wire/threads/thread";
import { ObservedD1 } from "../support/query-plans";

const ROWS = 100_000;
const OWNERS = 1_000;
const STEP = 10_000;

const METADATA = `json_object('owner', 'owner-' || (i % ${OWNERS}))`;
const id = (kind: number): string => `printf('%08x-0000-4000-8${kind}00-%012x', i * 7919 % 1000003, i)`;

const INSERTS = [
  `INSERT INTO threads (thread_id, status, metadata, config, "values", interrupts, created_at, updated_at, revision)
   SELECT ${id(1)}, 'idle', ${METADATA}, '{}', '{}', '{}', i, i * 31 % 1000003, 1 FROM n`,
  `INSERT INTO runs (run_id, thread_id, assistant_id, status, metadata, kwargs, multitask_strategy, created_at, updated_at, due_at, revision)
   SELECT ${id(2)}, 'thread-' || i, 'assistant', 'success', ${METADATA}, '{}', 'enqueue', i, i, i, 1 FROM n`,
  `INSERT INTO crons (cron_id, assistant_id, schedule, enabled, payload, metadata, next_run_date, created_at, updated_at, revision, figures)
   SELECT ${id(3)}, 'assistant', '* * * * *', 1, '{}', ${METADATA}, i, i, i * 31 % 1000003, 1, '{}' FROM n`,
  `INSERT INTO assistants (assistant_id, graph_id, name, config, context, metadata, version, created_at, updated_at)
   SELECT ${id(4)}, 'echo', 'name ' || i, '{}', '{}', ${METADATA}, 1, i, i FROM n`,
];

beforeAll(async () => {
  for (let from = 0; from < ROWS; from += STEP) {
    const numbers = `WITH RECURSIVE n (i) AS (SELECT ${from + 1} UNION ALL SELECT i + 1 FROM n WHERE i < ${from + STEP})`;
    for (const insert of INSERTS) await env.DB.prepare(insert.replace("SELECT", `${numbers} SELECT`)).run();
  }
}, 300_000);

/** A walk along an SQL index reads the rows of temporary threads, which are few, or none, as the rows read show. */
const SCAN_OF_A_TABLE = /^SCAN (threads|runs|crons|assistants)\b(?!.* USING )/;

const visible: AccessFilter = { owner: { eq: "owner-7" } };
const sorted = { sort_by: "updated_at" };

it.each<[string, number, (db: D1Database) => Promise<unknown>]>([
  [
    "threads",
    100,
    async (db) => (await searchThreads(db, threadSearch.parse({ limit: 100 }), visible)).threads,
  ],
  [
    "threads, in another order",
    100,
    async (db) => (await searchThreads(db, threadSearch.parse({ ...sorted, limit: 100 }), visible)).threads,
  ],
  [
    "threads of a status",
    100,
    async (db) =>
      (await searchThreads(db, threadSearch.parse({ status: "idle", limit: 100 }), visible)).threads,
  ],
  [
    "threads that another owns",
    0,
    async (db) =>
      (await searchThreads(db, threadSearch.parse({ metadata: { owner: "owner-8" } }), visible)).threads,
  ],
  ["threads, counted", 100, async (db) => countThreads(db, threadCount.parse({}), visible)],
  ["crons", 100, async (db) => (await searchCrons(db, cronSearch.parse({ limit: 100 }), visible)).crons],
  [
    "crons, in another order",
    100,
    async (db) => (await searchCrons(db, cronSearch.parse({ ...sorted, limit: 100 }), visible)).crons,
  ],
  [
    "crons that are enabled",
    100,
    async (db) => (await searchCrons(db, cronSearch.parse({ enabled: true, limit: 100 }), visible)).crons,
  ],
  ["crons, counted", 100, async (db) => countCrons(db, {}, visible)],
  [
    "assistants",
    100,
    async (db) => (await searchAssistants(db, assistantSearch.parse({ limit: 100 }), visible)).assistants,
  ],
  [
    "assistants of a graph",
    100,
    async (db) =>
      (await searchAssistants(db, assistantSearch.parse({ graph_id: "echo", limit: 100 }), visible))
        .assistants,
  ],
  ["assistants, counted", 100, async (db) => countAssistants(db, assistantCount.parse({}), visible)],
  ["runs", 100, async (db) => (await searchRuns(db, runSearch.parse({ limit: 100 }), visible)).runs],
  [
    "runs of a status",
    100,
    async (db) => (await searchRuns(db, runSearch.parse({ status: "success", limit: 100 }), visible)).runs,
  ],
  ["what crons did by hour", 24, (db) => readActivity(db, { unit: "hour", count: 24 }, ROWS, visible)],
  ["what crons will use", 100, async (db) => (await readForecast(db, ROWS, visible)).crons],
  ["runs to cancel", 0, async (db) => runsToCancel(db, { status: "all" }, visible)],
])("%s", async (_what, expected, ask) => {
  const d1 = new ObservedD1(env.DB);
  const found = await ask(d1.binding);
  expect(Array.isArray(found) ? found.length : found).toBe(expected);
  const plans = await d1.plans();
  const sql = d1.sent.map((sent) => sent.sql).join(";\n");
  expect(
    plans.filter((line) => SCAN_OF_A_TABLE.test(line)),
    sql,
  ).toEqual([]);
  expect(plans.join("\n")).toMatch(/USING (COVERING )?INDEX (\w+_by_metadata_owner|runs_unfinished)/);
  // A hundred rows match. Each is found, read, sorted, and read again for its place on the page.
  expect(d1.rowsRead, sql).toBeLessThan(1_500);
});
