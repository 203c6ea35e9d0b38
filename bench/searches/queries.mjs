/**
 * What is asked of D1, and the rows that it is asked of. However large the tables are, a hundred rows have the same owner, and one row in fifty
 * has the same tag, for which there is no SQL index.
 */

const owner = "owner-5";
const tag = "tag-7";
const page = { limit: 10, offset: 0 };
/** What the handler of an `Auth` lets its caller see. */
const visible = { owner: { eq: owner } };
const afterPages = { limit: 10, offset: 900 };

/**
 * The queries by what they ask. Each is given what `searches.mjs` bundles of the server.
 * @type {Record<string, (server: any, db: object) => Promise<unknown>>}
 */
export const QUERIES = {
  threads: (s, db) => s.searchThreads(db, page),
  "threads, offset 900": (s, db) => s.searchThreads(db, afterPages),
  "threads by owner": (s, db) => s.searchThreads(db, { ...page, metadata: { owner } }),
  "threads by owner, order of update": (s, db) =>
    s.searchThreads(db, { ...page, metadata: { owner }, sort_by: "updated_at" }),
  "threads by assistant (a third)": (s, db) =>
    s.searchThreads(db, { ...page, metadata: { assistant_id: "assistant-1" } }),
  "threads by assistant, order of update": (s, db) =>
    s.searchThreads(db, { ...page, metadata: { assistant_id: "assistant-1" }, sort_by: "updated_at" }),
  "threads that are interrupted": (s, db) => s.searchThreads(db, { ...page, status: "interrupted" }),
  "threads, order of status": (s, db) => s.searchThreads(db, { ...page, sort_by: "status" }),
  "threads by tag": (s, db) => s.searchThreads(db, { ...page, metadata: { tag } }),
  "threads by values": (s, db) => s.searchThreads(db, { ...page, values: { n: 7 } }),
  "threads of an owner, counted": (s, db) => s.countThreads(db, { metadata: { owner } }),
  "threads, counted": (s, db) => s.countThreads(db, {}),
  runs: (s, db) => s.searchRuns(db, page),
  "runs of a deleted cron": (s, db) => s.searchRuns(db, { ...page, inNoLedgerOf: "cron-5" }),
  "runs of a thread": (s, db) => s.searchRuns(db, { ...page, thread_id: "thread-5" }),
  "runs by owner": (s, db) => s.searchRuns(db, { ...page, metadata: { owner } }),
  "runs that failed": (s, db) => s.searchRuns(db, { ...page, status: "error" }),
  "runs under way": (s, db) => s.searchRuns(db, { ...page, status: "running" }),
  "runs of an assistant (a third)": (s, db) => s.searchRuns(db, { ...page, assistant_id: "assistant-1" }),
  crons: (s, db) => s.searchCrons(db, page),
  "crons, order of next run": (s, db) =>
    s.searchCrons(db, { ...page, sort_by: "next_run_date", sort_order: "asc" }),
  "crons of an assistant": (s, db) => s.searchCrons(db, { ...page, assistant_id: "assistant-5" }),
  "crons by owner": (s, db) => s.searchCrons(db, { ...page, metadata: { owner } }),
  "crons, counted": (s, db) => s.countCrons(db, {}),
  "assistants, order of name": (s, db) => s.searchAssistants(db, { ...page, sort_by: "name" }),
  "assistants of a graph": (s, db) => s.searchAssistants(db, { ...page, graph_id: "graph-5" }),
  "threads, seen by their owner alone": (s, db) => s.searchThreads(db, page, visible),
  "threads, seen by their owner alone, order of update": (s, db) =>
    s.searchThreads(db, { ...page, sort_by: "updated_at" }, visible),
  "threads, seen by their owner alone, counted": (s, db) => s.countThreads(db, {}, visible),
  "runs, seen by their owner alone": (s, db) => s.searchRuns(db, page, visible),
  "crons, seen by their owner alone": (s, db) => s.searchCrons(db, page, visible),
  "crons, seen by their owner alone, counted": (s, db) => s.countCrons(db, {}, visible),
  "assistants, seen by their owner alone": (s, db) => s.searchAssistants(db, page, visible),
  "store items": (s, db) => new s.D1Store(db).search([]),
  "store items of a namespace": (s, db) => new s.D1Store(db).search(["space", "5"]),
  "store namespaces, first ten": (s, db) => new s.D1Store(db).listNamespaces({ limit: 10 }),
  "the metrics": (s, db) => s.metricsOf({ DB: db }),
  "the watchdog: late crons": (s, db) => s.overdueCrons(db, 10, 500),
  "the watchdog: stalled runs": (s, db) => s.stalledRuns(db, 30, 500),
  "the sweep of expired items": (s, db) => s.deleteExpired(db, 0),
};

const METADATA = `json_object('owner', 'owner-' || (i / 100), 'tag', 'tag-' || (i % 50), 'assistant_id', 'assistant-' || (i % 3),
  'graph_id', 'graph-' || (i % 2))`;
const id = (kind) => `printf('%08x-0000-4000-8${kind}00-%012x', i * 7919 % 1000003, i)`;

/** SQL that gives each table the rows whose numbers `i` the CTE `n` has. */
export const ROWS = [
  `INSERT INTO threads (thread_id, status, metadata, config, "values", interrupts, created_at, updated_at, revision)
   SELECT ${id(1)}, iif(i <= 20, 'interrupted', 'idle'), ${METADATA}, '{}', json_object('n', i % 50), '{}', i, i * 31 % 1000003, 1 FROM n`,
  `INSERT INTO runs (run_id, thread_id, assistant_id, status, metadata, kwargs, multitask_strategy, created_at, updated_at, due_at, revision)
   SELECT ${id(2)}, 'thread-' || (i / 100), 'assistant-' || (i % 3), iif(i <= 20, 'running', iif(i <= 40, 'error', 'success')),
     json_set(${METADATA}, '$.cron_id', 'cron-' || (i / 100)), '{}', 'enqueue', i, i, i, 1 FROM n`,
  `INSERT INTO crons (cron_id, assistant_id, schedule, enabled, payload, metadata, next_run_date, created_at, updated_at, revision, figures)
   SELECT ${id(3)}, 'assistant-' || (i / 100), '* * * * *', 1, '{}', ${METADATA}, i * 31 % 1000003, i, i, 1,
     '{"slots":{"fired":1},"runs":{"success":1}}' FROM n`,
  `INSERT INTO assistants (assistant_id, graph_id, name, config, context, metadata, version, created_at, updated_at)
   SELECT ${id(4)}, 'graph-' || (i / 100), 'name ' || (i * 31 % 1000003), '{}', '{}', ${METADATA}, 1, i, i FROM n`,
  `INSERT INTO store_items (namespace, key, created_at, updated_at, value)
   SELECT 'space.' || (i / 100) || '.', 'key-' || i, i, i * 31 % 1000003, json_object('n', i % 50) FROM n`,
];
