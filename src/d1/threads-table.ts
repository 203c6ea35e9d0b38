/** The index of threads in D1: searches and counts. */
import { toWireThread, type ThreadRecord } from "../calls/thread";
import { bytesOf, parseJson, parseJsonOrNull, pick } from "../platform/json";
import type {
  FoundThread,
  Thread,
  ThreadFilters,
  ThreadSearch,
  ThreadSnapshot,
  ThreadStatus,
} from "../wire/threads/thread";
import { isNotDeleted } from "./deleted-threads";
import { allOf, jsonContains, type Condition } from "./json-filter";
import { countRows, searchPage } from "./page-search";

/** A row of D1 holds 2 MB. Values that do not fit are not copied to the index, so searches by values do not find the thread. */
const MAX_ROW_BYTES = 1_900_000;

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

const UPSERT = `INSERT INTO threads (${COLUMNS.join(", ")}, revision)
  SELECT ${COLUMNS.map(() => "?").join(", ")}, ? WHERE ${isNotDeleted("?1", `?${COLUMNS.indexOf("created_at") + 1}`)}
  ON CONFLICT (thread_id) DO UPDATE SET ${COLUMNS.slice(1)
    .map((column) => `${column} = excluded.${column}`)
    .join(", ")}, revision = excluded.revision
  WHERE excluded.revision > threads.revision`;

/** The statement that writes a thread to the index, unless the index has a later revision. */
export function upsertThread(
  db: D1Database,
  thread: ThreadRecord & { revision: number },
  snapshot: ThreadSnapshot,
): D1PreparedStatement {
  const metadata = JSON.stringify(thread.metadata);
  const config = JSON.stringify(thread.config);
  let bytesLeft = MAX_ROW_BYTES - bytesOf(metadata) - bytesOf(config) - bytesOf(thread.error ?? "");
  const textIfItFits = (text: string): string | null => {
    const bytes = bytesOf(text);
    if (bytes > bytesLeft) return null;
    bytesLeft -= bytes;
    return text;
  };
  const interrupts = textIfItFits(JSON.stringify(snapshot.interrupts)) ?? "{}";
  const values = textIfItFits(JSON.stringify(snapshot.values));
  return db
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
      thread.revision,
    );
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
): Promise<{ threads: Partial<FoundThread>[]; total: number }> {
  const paths = Object.entries(query.extract ?? {});
  const extras = paths.map(([, part], n) => ({ ...part, name: `extracted_${n}` }));
  const { rows, total } = await searchPage<Row & Record<string, string | null>>(db, {
    table: "threads",
    key: "thread_id",
    columns: COLUMNS,
    select: query.select,
    extraColumns: extras,
    where: conditionOf(query),
    sortBy: query.sort_by ?? "created_at",
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
export const countThreads = (db: D1Database, filters: ThreadFilters): Promise<number> =>
  countRows(db, "threads", conditionOf(filters));

function conditionOf(filters: ThreadFilters & { ids?: string[] }): Condition {
  const conditions: Condition[] = [];
  if (filters.ids !== undefined) {
    // All ids are one parameter, because D1 takes 100 parameters in one statement.
    conditions.push({
      sql: "thread_id IN (SELECT value FROM json_each(?))",
      params: [JSON.stringify(filters.ids)],
    });
  }
  if (filters.status !== undefined) conditions.push({ sql: "status = ?", params: [filters.status] });
  if (filters.metadata !== undefined) conditions.push(jsonContains("metadata", filters.metadata));
  if (filters.values !== undefined && Object.keys(filters.values).length > 0) {
    const contained = jsonContains('"values"', filters.values);
    conditions.push({ sql: `json_type("values") = 'object' AND ${contained.sql}`, params: contained.params });
  }
  return allOf(conditions);
}

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
