/** The index of threads in D1: searches and counts. */
import type { AccessFilter } from "../calls/access-filter";
import { toWireThread, type ThreadRecord } from "../calls/thread";
import { bytesOf, parseJson, parseJsonOrNull, pick, type JsonObject } from "../platform/json";
import type {
  FoundThread,
  Thread,
  ThreadFilters,
  ThreadSearch,
  ThreadSnapshot,
  ThreadStatus,
} from "../wire/threads/thread";
import { isNotDeleted } from "./deleted-threads";
import { jsonContains, type Alternative, type Condition } from "./json-filter";
import { metadataConditions, metadataText, visibleConditions } from "./metadata-filter";
import { countRows, searchPage } from "./page-search";
import type { PageQuery } from "./page-sql";

/** A row of D1 holds 2 MB. */
const MAX_ROW_BYTES = 1_900_000;
/**
 * Values with more bytes are not copied to the index: a search shows null in their place, and does not find the thread by them. The
 * messages of a thread may grow for years, and its row is written after each run.
 */
export const MAX_INDEXED_VALUES_BYTES = 250_000;

type Row = {
  thread_id: string;
  status: ThreadStatus;
  metadata: string;
  config: string;
  values: string | null;
  interrupts: string;
  error: string | null;
  created_at: number;
  updated_at: number;
};

const COLUMNS = [
  "thread_id",
  "status",
  "metadata",
  "config",
  '"values"',
  "interrupts",
  "error",
  "created_at",
  "updated_at",
] as const;

/** The upsert does not name these. A column that it names is written again in each SQL index, whether or not it has changed. */
const NOT_UPSERTED: readonly string[] = ["thread_id", "metadata", "created_at"];

const UPSERT = `INSERT INTO threads (${COLUMNS.join(", ")}, temporary, revision)
  SELECT ${COLUMNS.map(() => "?").join(", ")}, ?, ? WHERE ${isNotDeleted("?1", `?${COLUMNS.indexOf("created_at") + 1}`)}
  ON CONFLICT (thread_id) DO UPDATE SET ${COLUMNS.filter((column) => !NOT_UPSERTED.includes(column))
    .map((column) => `${column} = excluded.${column}`)
    .join(", ")}, revision = excluded.revision
  WHERE excluded.revision > threads.revision`;

/** Writes the columns that seldom change and have many SQL indexes, if they have changed. */
const UPDATE_INDEXED = `UPDATE threads SET metadata = ?2, temporary = ?3
  WHERE thread_id = ?1 AND revision < ?4 AND (metadata, temporary) <> (?2, ?3)`;

/** The statements that write a thread to the index, unless the index has a later revision. */
export function upsertThread(
  db: D1Database,
  thread: ThreadRecord & { revision: number; temporary: boolean },
  snapshot: ThreadSnapshot,
): D1PreparedStatement[] {
  const metadata = JSON.stringify(thread.metadata);
  const config = JSON.stringify(thread.config);
  let bytesLeft = MAX_ROW_BYTES - bytesOf(metadata) - bytesOf(config) - bytesOf(thread.error ?? "");
  const textIfItFits = (text: string, maxBytes = Infinity): string | null => {
    const bytes = bytesOf(text);
    if (bytes > Math.min(bytesLeft, maxBytes)) return null;
    bytesLeft -= bytes;
    return text;
  };
  const interrupts = textIfItFits(JSON.stringify(snapshot.interrupts)) ?? "{}";
  const values = textIfItFits(JSON.stringify(snapshot.values), MAX_INDEXED_VALUES_BYTES);
  const temporary = thread.temporary ? 1 : 0;
  return [
    db.prepare(UPDATE_INDEXED).bind(thread.threadId, metadata, temporary, thread.revision),
    db
      .prepare(UPSERT)
      .bind(
        thread.threadId,
        thread.status,
        metadata,
        config,
        values,
        interrupts,
        thread.error,
        thread.createdAt,
        thread.updatedAt,
        temporary,
        thread.revision,
      ),
  ];
}

/** The statement that removes a thread from the index. */
export const deleteThreadRow = (db: D1Database, threadId: string): D1PreparedStatement =>
  db.prepare("DELETE FROM threads WHERE thread_id = ?").bind(threadId);

/**
 * One page of the threads that match, newest first unless `sort_order` is "asc", and the number of all that match. With `select`,
 * each has only the selected fields.
 */
export async function searchThreads(
  db: D1Database,
  query: ThreadSearch,
  visible?: AccessFilter,
): Promise<{ threads: Partial<FoundThread>[]; total: number }> {
  const paths = Object.entries(query.extract ?? {});
  const extras = paths.map(([, part], n) => ({ ...part, name: `extracted_${n}` }));
  const { rows, total } = await searchPage<Row & Record<string, string | null>>(db, {
    table: "threads",
    key: "thread_id",
    columns: COLUMNS,
    select: query.select,
    extraColumns: extras,
    where: [...conditionsOf(query), ...visibleConditions(visible, haveMetadata)],
    ...orderOf(query.sort_by ?? "created_at"),
    order: query.sort_order,
    limit: query.limit,
    offset: query.offset,
  });
  const threads = rows.map((row) => {
    const parts = paths.map(([alias], n): [string, unknown] => {
      return [alias, parseJsonOrNull<unknown>(row[`extracted_${n}`] ?? null)];
    });
    const thread = pick(toThread(row), query.select);
    return query.extract === undefined ? thread : { ...thread, extracted: Object.fromEntries(parts) };
  });
  return { threads, total };
}

/** How many threads match. */
export const countThreads = (
  db: D1Database,
  filters: ThreadFilters,
  visible?: AccessFilter,
): Promise<number> =>
  countRows(db, "threads", [...conditionsOf(filters), ...visibleConditions(visible, haveMetadata)]);

/** Temporary threads are in the table only while their runs are under way, so there are few. They have one SQL index. */
const TEMPORARY = "temporary = 1";
/** All other threads. Their SQL indexes, of which there are many, leave the temporary ones out. */
const LASTING = "temporary = 0";

/** Threads that a cron made, or runs on. */
const OF_CRONS = `(has_crons = 1 OR ${metadataText("cron_id")} IS NOT NULL)`;
const OF_NO_CRON = `(has_crons = 0 AND ${metadataText("cron_id")} IS NULL)`;

/** The walks along the order of creation, which threads that crons use have an SQL index of their own for. */
const byCreation = (condition: string): Alternative[] =>
  [OF_CRONS, OF_NO_CRON].map((sql) => ({ sql: `${condition} AND ${sql}` }));

/** The columns of an order. Threads of one status come in the order of their creation. */
function orderOf(sortBy: NonNullable<ThreadSearch["sort_by"]>): Pick<PageQuery, "orderBy" | "walks"> {
  const temporary: Alternative = { sql: TEMPORARY, few: true };
  switch (sortBy) {
    case "thread_id":
      return { orderBy: [] };
    case "updated_at":
      return { orderBy: [sortBy], walks: [{ sql: LASTING }, temporary] };
    case "created_at":
      return { orderBy: [sortBy], walks: [...byCreation(LASTING), temporary] };
    case "status": {
      const busy: Alternative = { sql: `${LASTING} AND status <> 'idle'` };
      const idle = byCreation(`${LASTING} AND status = 'idle'`);
      return { orderBy: [sortBy, "created_at"], walks: [busy, ...idle, temporary] };
    }
  }
}

/** A thread, and the instant (ms) of its creation. */
export interface IndexedThread {
  threadId: string;
  createdAt: number;
}

/**
 * One page of the threads whose `metadata.assistant_id` is the assistant's id, in the order of their creation.
 * @param after the last thread of the page before
 */
export async function threadsOfAssistant(
  db: D1Database,
  assistantId: string,
  after: IndexedThread | undefined,
  limit: number,
): Promise<IndexedThread[]> {
  const branches = lastingOrTemporary(`${metadataText("assistant_id")} = ?1`).map(
    ({ sql }) =>
      `SELECT thread_id, created_at FROM threads WHERE ${sql} AND (created_at, thread_id) > (?2, ?3)`,
  );
  const { results } = await db
    .prepare(`${branches.join(" UNION ALL ")} ORDER BY created_at, thread_id LIMIT ?4`)
    .bind(assistantId, after?.createdAt ?? 0, after?.threadId ?? "", limit)
    .all<{ thread_id: string; created_at: number }>();
  return results.map((row) => ({ threadId: row.thread_id, createdAt: row.created_at }));
}

function conditionsOf(filters: ThreadFilters & { ids?: string[] }): Condition[] {
  const conditions: Condition[] = [];
  if (filters.ids !== undefined) {
    // All ids are one parameter, because D1 takes 100 parameters in one statement.
    const params = [JSON.stringify(filters.ids)];
    const sql = "thread_id IN (SELECT value FROM json_each(?))";
    conditions.push({ sql, params, indexed: { rank: 0, alternatives: [{ sql, few: true }], params } });
  }
  if (filters.status !== undefined) conditions.push(hasStatus(filters.status));
  if (filters.used_by_crons !== undefined) conditions.push(isUsedByCrons(filters.used_by_crons));
  if (filters.metadata !== undefined) conditions.push(...haveMetadata(filters.metadata));
  if (filters.values !== undefined && Object.keys(filters.values).length > 0) {
    const contained = jsonContains('"values"', filters.values);
    conditions.push({ sql: `json_type("values") = 'object' AND ${contained.sql}`, params: contained.params });
  }
  return conditions;
}

const haveMetadata = (metadata: JsonObject): Condition[] => metadataConditions(metadata, lastingOrTemporary);

/** Most threads are idle, so a walk along any order soon finds idle ones. The others have an SQL index. */
function hasStatus(status: ThreadStatus): Condition {
  const condition: Condition = { sql: "+status = ?", params: [status] };
  if (status === "idle") return condition;
  const alternatives: Alternative[] = [
    { sql: `status = ? AND status <> 'idle' AND ${LASTING}` },
    { sql: `+status = ? AND ${TEMPORARY}`, few: true },
  ];
  return { ...condition, indexed: { rank: 3, alternatives, params: [status] } };
}

function isUsedByCrons(isUsed: boolean): Condition {
  const sql = isUsed ? OF_CRONS : OF_NO_CRON;
  return {
    sql: `+${sql}`,
    params: [],
    indexed: { rank: 6, alternatives: lastingOrTemporary(sql), params: [] },
  };
}

/** The alternatives of a condition that has an SQL index for lasting threads. */
const lastingOrTemporary = (condition: string): Alternative[] => [
  { sql: `${condition} AND ${LASTING}` },
  { sql: `${condition} AND ${TEMPORARY}`, few: true },
];

const toThread = (row: Row): Thread =>
  toWireThread(
    {
      threadId: row.thread_id,
      status: row.status,
      metadata: parseJson(row.metadata),
      config: parseJson(row.config),
      error: row.error,
      ttl: null,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    },
    {
      values: parseJsonOrNull<unknown>(row.values),
      interrupts: parseJson<ThreadSnapshot["interrupts"]>(row.interrupts),
    },
  );
