/** No search reads a table that grows with use: each is carried out along an SQL index, and stops after a bounded number of rows. */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { standingThreadId } from "../../src/calls/thread-id";
import { countAssistants, searchAssistants } from "../../src/d1/assistant-search";
import { countCrons, enabledCronIdsOf, overdueCrons, searchCrons } from "../../src/d1/crons-table";
import { forgetOldDeletions } from "../../src/d1/deleted-threads";
import { countRuns, readSums } from "../../src/d1/metric-sums";
import { runsToCancel, searchRuns, type RunFilters } from "../../src/d1/run-search";
import { deleteRunsOfThread, stalledRuns } from "../../src/d1/runs-table";
import { D1Store } from "../../src/d1/store/d1-store";
import { deleteExpired } from "../../src/d1/store/ttl";
import { countThreads, searchThreads, threadsOfAssistant } from "../../src/d1/threads-table";
import { assistantCount, assistantSearch } from "../../src/wire/assistants";
import { cronSearch } from "../../src/wire/crons/cron";
import { runSearch } from "../../src/wire/runs/run";
import { threadCount, threadSearch } from "../../src/wire/threads/thread";
import { ObservedD1 } from "../support/query-plans";

/** The rows of each table, before and after it has grown. */
const SIZES = [4_000, 16_000] as const;
/** A hundred rows have the same owner, however large the table is. One row in fifty has the same tag, which has no SQL index. */
const owner = "owner-7";
const tag = "tag-7";

const uuidOf = (kind: number): string => `printf('%08x-0000-4000-8${kind}00-%012x', i * 7919 % 100003, i)`;
/** The thread of the 25th run. */
const SHORT_LIVED = standingThreadId("owner", "00017eb4-0000-4000-8200-000000000019");
const METADATA = `json_object('owner', 'owner-' || (i / 100), 'user_id', 'user-' || (i / 100), 'tag', 'tag-' || (i % 50),
  'cron_id', ${uuidOf(3)}, 'assistant_id', 'assistant-' || (i % 3), 'graph_id', 'graph-' || (i % 2))`;

/** Gives each table the rows from one number on, up to another. */
async function grow(from: number, to: number): Promise<void> {
  const numbers = `WITH RECURSIVE n (i) AS (SELECT ${from + 1} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})`;
  await env.DB.batch(
    [
      `INSERT INTO threads (thread_id, status, metadata, config, "values", interrupts, created_at, updated_at, revision)
       SELECT ${uuidOf(1)}, iif(i % 11 = 0 AND i <= 4000, 'interrupted', 'idle'), ${METADATA}, '{}', json_object('n', i % 50), '{}', i, i * 3 % 8009, 1 FROM n`,
      `INSERT INTO runs (run_id, thread_id, assistant_id, status, metadata, kwargs, multitask_strategy, created_at, updated_at,
         due_at, thread_temporary, revision, webhook)
       SELECT ${uuidOf(2)}, iif(i = 25, '${SHORT_LIVED}', 'thread-' || (i / 100)), 'assistant-' || (i % 3), iif(i % 200 = 0, 'error', iif(i < 20, 'running', 'success')),
         json_set(${METADATA}, '$.cron_id', 'cron-' || (i / 100)), '{}', 'enqueue', i, i, i, i % 2, 1,
         iif(i = 100, '{"status":"pending"}', NULL) FROM n`,
      `INSERT INTO crons (cron_id, assistant_id, thread_id, schedule, enabled, payload, metadata, next_run_date, end_time, created_at,
         updated_at, revision, figures)
       SELECT ${uuidOf(3)}, 'assistant-' || (i / 100), iif(i % 7 < 3, 'thread-' || (i / 100), NULL), '* * * * *', i % 11 > 0 OR i > 4000, '{}', ${METADATA},
         iif(i % 11 > 0, i * 3 % 8009, NULL), iif(i % 13 = 0, i * 5 % 8009, NULL), i, i * 7 % 8009, 1, json_object('failures_in_a_row', i % 100 = 0 AND i <= 4000) FROM n`,
      `INSERT INTO assistants (assistant_id, graph_id, name, config, context, metadata, version, created_at, updated_at)
       SELECT ${uuidOf(4)}, 'graph-' || (i / 100), 'name ' || (i * 3 % 8009), '{}', '{}', ${METADATA}, 1, i, i * 7 % 8009 FROM n`,
      `INSERT INTO deleted_threads (thread_id, deleted_at) SELECT ${uuidOf(1)}, i FROM n`,
      `INSERT INTO store_items (namespace, key, created_at, updated_at, expires_at, value)
       SELECT 'space.' || (i / 100) || '.', 'key-' || i, i, i * 3 % 8009, iif(i = 1000, i, NULL), json_object('n', i % 50, 'tag', 'tag-' || (i % 50)) FROM n`,
    ].map((insert) => env.DB.prepare(insert.replace("SELECT", `${numbers} SELECT`))),
  );
}

type Ask = (db: D1Database) => Promise<unknown>;

/** The queries by what they ask. */
const queries = new Map<string, Ask>();

const FIRST_PAGE = {};
const A_LATER_PAGE = { limit: 20, offset: 10 };

/** Adds a search with each filter in each order, from both ends, and its pages. */
function addSearches(
  what: string,
  filters: object[],
  sorts: (string | undefined)[],
  search: (db: D1Database, body: object) => Promise<unknown>,
): void {
  for (const filter of filters) {
    for (const sort_by of sorts) {
      for (const sort_order of ["asc", "desc"]) {
        for (const page of [FIRST_PAGE, A_LATER_PAGE]) {
          const body = { ...filter, sort_by, sort_order, ...page };
          queries.set(`${what} ${JSON.stringify(body)}`, (db) => search(db, body));
        }
      }
    }
  }
}

const byMetadata = [
  { metadata: { owner } },
  { metadata: { user_id: "user-7", tag } },
  { metadata: { graph_id: "graph-1", assistant_id: "assistant-1" } },
  { metadata: { owner: "nobody" } },
  { metadata: { tag } },
];

addSearches(
  "threads",
  [
    ...[{}, { status: "idle" }, { status: "interrupted" }, { status: "busy" }, { values: { n: 7 } }],
    ...[{ ids: [crypto.randomUUID()] }, { status: "interrupted", metadata: { owner } }],
    ...[{ metadata: { cron_id: crypto.randomUUID() } }, ...byMetadata],
    ...[{ used_by_crons: true }, { used_by_crons: false }, { used_by_crons: true, status: "interrupted" }],
    { used_by_crons: true, metadata: { owner } },
  ],
  ["created_at", "updated_at", "status", "thread_id"],
  (db, body) => searchThreads(db, threadSearch.parse(body)),
);
addSearches(
  "crons",
  [
    ...[
      {},
      { enabled: true },
      { enabled: false },
      { failing: true },
      { missed_since: "2026-01-01T00:00:00Z" },
      { query: tag },
      { assistant_id: "assistant-7" },
      { thread_id: crypto.randomUUID() },
    ],
    ...[{ assistant_id: "assistant-7", enabled: false }, ...byMetadata],
  ],
  ["cron_id", "assistant_id", "thread_id", "next_run_date", "end_time", "created_at", "updated_at"],
  (db, body) => searchCrons(db, cronSearch.parse(body)),
);
addSearches(
  "assistants",
  [
    {},
    { graph_id: "graph-7" },
    { name: "Name" },
    { graph_id: "graph-7", metadata: { owner } },
    ...byMetadata,
  ],
  ["assistant_id", "created_at", "updated_at", "name", "graph_id"],
  (db, body) => searchAssistants(db, assistantSearch.parse(body)),
);
addSearches(
  "runs",
  [
    ...[{}, { status: "success" }, { status: "error" }, { status: "running" }, { status: "pending" }],
    ...[
      { thread_id: "thread-7" },
      { thread_id: SHORT_LIVED },
      { assistant_id: "assistant-1" },
      { thread_id: "thread-7", status: "success" },
    ],
    ...[{ inNoLedgerOf: "cron-7" }, { inNoLedgerOf: "cron-7", status: "error" }],
    ...[
      { thread_id: "thread-7", metadata: { cron_id: "cron-7" } },
      { metadata: { cron_id: "cron-7" }, status: "running" },
    ],
    { run_ids: Array.from({ length: 100 }, () => crypto.randomUUID()) },
    ...[{ created_after: "1970-01-01T00:00:01Z", created_before: "1970-01-01T00:00:03Z" }, ...byMetadata],
  ],
  [undefined],
  (
    db,
    { thread_id, inNoLedgerOf, run_ids, ...body }: Pick<RunFilters, "thread_id" | "inNoLedgerOf" | "run_ids">,
  ) =>
    searchRuns(db, {
      ...runSearch.omit({ thread_id: true }).strip().parse(body),
      thread_id,
      inNoLedgerOf,
      run_ids,
    }),
);

/** Queries that find what they are to find, and read little beyond that. */
const others: Record<string, Ask> = {
  "threads of no cron, counted": (db) => countThreads(db, threadCount.parse({ used_by_crons: false })),
  "threads of an owner, counted": (db) => countThreads(db, threadCount.parse({ metadata: { owner } })),
  "threads of a page of an assistant": (db) =>
    threadsOfAssistant(db, "assistant-1", { threadId: "", createdAt: 1_000 }, 20),
  "crons of an owner, counted": (db) => countCrons(db, { metadata: { owner } }),
  "crons of an assistant, counted": (db) => countCrons(db, { assistant_id: "assistant-7", enabled: true }),
  "assistants of a graph, counted": (db) =>
    countAssistants(db, assistantCount.parse({ graph_id: "graph-7" })),
  "crons to pause": (db) => enabledCronIdsOf(db, { assistant_id: "assistant-7" }),
  "crons to pause on a thread": (db) => enabledCronIdsOf(db, { thread_id: "thread-7" }),
  "crons that are late": (db) => overdueCrons(db, 10_000, 500),
  "runs that have stalled": (db) => stalledRuns(db, 10_000, 500),
  "runs to cancel": (db) => runsToCancel(db, { status: "all" }),
  "runs to cancel on a thread": (db) => runsToCancel(db, { status: "running", thread_id: "thread-0" }),
  "runs of a deleted thread": (db) =>
    db.batch(deleteRunsOfThread(db, { threadId: "thread-9", temporary: false, createdAt: 0 }, 5)),
  "runs of a deleted temporary thread": (db) =>
    db.batch(deleteRunsOfThread(db, { threadId: "nowhere", temporary: true, createdAt: 15_900 }, 5)),
  "deletions to forget": (db) => forgetOldDeletions(db, 3_600_000 + 50),
  "items that have expired": (db) => deleteExpired(db, 2_000),
};
for (const [what, ask] of Object.entries(others)) queries.set(what, ask);

for (const [what, search] of Object.entries({
  "all items": { namespacePrefix: [] },
  "all items, a later page": { namespacePrefix: [], limit: 20, offset: 10 },
  "items under a large prefix": { namespacePrefix: ["space"] },
  "items under a large prefix, by value": { namespacePrefix: ["space"], filter: { tag } },
  "items under a small prefix": { namespacePrefix: ["space", "7"] },
  "items under a small prefix, by value": { namespacePrefix: ["space", "7"], filter: { n: { $gt: 7 } } },
  "items under no prefix": { namespacePrefix: ["nowhere"] },
})) {
  queries.set(what, (db) => new D1Store(db).search(search.namespacePrefix, search));
}
queries.set("an item", (db) => new D1Store(db).get(["space", "7"], "key-700"));
queries.set("a page of namespaces", (db) => new D1Store(db).listNamespaces({ limit: 10, offset: 5 }));
queries.set("crons, counted", (db) => countCrons(db, {}));
queries.set("crons that are paused, counted", (db) => countCrons(db, { enabled: false }));
queries.set("namespaces under a prefix", (db) => new D1Store(db).listNamespaces({ prefix: ["space", "7"] }));
queries.set("the metrics", async (db) => readSums(db));
queries.set("runs to count", (db) => countRuns(db, 70_000));

interface Observation {
  rowsRead: number;
  plans: string[];
  sql: string;
}

const observations = new Map<string, Observation[]>();

beforeAll(async () => {
  let size: number = 0;
  for (const next of SIZES) {
    await grow(size, next);
    size = next;
    for (const [what, ask] of queries) {
      const d1 = new ObservedD1(env.DB);
      await ask(d1.binding);
      const sql = d1.sent.map((sent) => sent.sql).join(";\n");
      // The plans are those of the larger tables.
      const plans = next === SIZES.at(-1) ? await d1.plans() : [];
      const seen = { rowsRead: d1.rowsRead, plans, sql };
      observations.set(what, [...(observations.get(what) ?? []), seen]);
    }
  }
}, 300_000);

const SCAN_OF_A_TABLE =
  /^SCAN (threads|runs|crons|assistants|assistant_versions|store_items|deleted_threads)\b(?!.* USING )/;

it.each([...queries.keys()])("%s", (what) => {
  const [small, large] = observations.get(what) ?? [];
  if (small === undefined || large === undefined) throw new Error("the query was not made");
  expect(large.plans.length).toBeGreaterThan(0);
  expect(
    large.plans.filter((line) => SCAN_OF_A_TABLE.test(line)),
    large.sql,
  ).toEqual([]);
  // What reads the whole table reads four times as much of the larger one. How far a walk goes differs with what comes first.
  expect(large.rowsRead, large.sql).toBeLessThanOrEqual(1.5 * Math.max(small.rowsRead, 2_500));
});
