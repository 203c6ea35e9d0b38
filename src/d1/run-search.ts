/** Searches for runs in D1. */
import type { AccessFilter } from "../calls/access-filter";
import { isShortLived, runIdsOf } from "../calls/thread-id";
import { DomainError } from "../platform/errors";
import { parseInstant } from "../platform/instant";
import type { JsonObject } from "../platform/json";
import type { Run, RunStatus } from "../wire/runs/run";
import { assistantIdOf } from "./assistants-table";
import { allOf, type Alternative, type Condition } from "./json-filter";
import { metadataConditions, visibleConditions } from "./metadata-filter";
import { searchPage } from "./page-search";
import { noRun, RUN_COLUMNS, toRun, UNFINISHED, type RunIndexRow } from "./runs-table";

/** Which runs to look for. Instants are ISO 8601 text. */
export interface RunFilters {
  metadata?: JsonObject;
  status?: RunStatus;
  thread_id?: string;
  assistant_id?: string;
  agent_id?: string;
  created_after?: string;
  created_before?: string;
  /** Only runs whose metadata name this cron, and that the ledger of no cron has. */
  inNoLedgerOf?: string;
  run_ids?: string[];
  sort_order?: "asc" | "desc";
  /** Only these fields of the found runs are read; the other fields have no meaning. */
  select?: readonly string[];
  limit: number;
  offset: number;
}

/** One page of the runs that match, newest first unless `sort_order` is "asc", and the number of all that match. */
export async function searchRuns(
  db: D1Database,
  query: RunFilters,
  visible?: AccessFilter,
): Promise<{ runs: Run[]; total: number }> {
  const { rows, total } = await searchPage<RunIndexRow>(db, {
    table: "runs",
    key: "run_id",
    columns: RUN_COLUMNS,
    // The field `usage` is stored in two columns.
    select: query.select?.flatMap((field) => (field === "usage" ? ["input_tokens", "output_tokens"] : field)),
    where: [...conditionsOf(query), ...visibleRuns(visible)],
    orderBy: ["created_at"],
    order: query.sort_order,
    limit: query.limit,
    offset: query.offset,
  });
  return { runs: rows.map(toRun), total };
}

/**
 * The runs that a request to cancel means: those with the given ids, or all unfinished ones of a status, optionally on one
 * thread.
 * @throws request.invalid when the request has neither ids nor a status, run.not_found when there is no run of a given id
 */
export async function runsToCancel(
  db: D1Database,
  query: { status?: "pending" | "running" | "all"; thread_id?: string; run_ids?: string[] },
  visible?: AccessFilter,
): Promise<{ run_id: string; thread_id: string }[]> {
  const { status, thread_id: threadId, run_ids: runIds } = query;
  if (runIds === undefined && status === undefined) {
    throw new DomainError("request.invalid", "run_ids, status: expected one of them");
  }
  const where = allOf([
    // The ids are one parameter, because D1 takes 100 parameters in one statement.
    runIds === undefined
      ? { sql: UNFINISHED, params: [] }
      : { sql: "run_id IN (SELECT value FROM json_each(?))", params: [JSON.stringify(runIds)] },
    ...(threadId === undefined ? [] : [{ sql: "+thread_id = ?", params: [threadId] }]),
    ...(status === undefined || status === "all" ? [] : [{ sql: "+status = ?", params: [status] }]),
    { sql: "thread_deleted = 0", params: [] },
    ...(runIds === undefined ? visibleRuns(visible) : []),
  ]);
  const { results } = await db
    .prepare(`SELECT run_id, thread_id FROM runs WHERE ${where.sql}`)
    .bind(...where.params)
    .all<{ run_id: string; thread_id: string }>();
  const found = new Set(results.map((run) => run.run_id));
  const missing = runIds?.find((id) => !found.has(id));
  if (missing !== undefined && status === undefined) throw noRun(missing);
  return results;
}

function conditionsOf(query: RunFilters): Condition[] {
  const conditions: Condition[] = [];
  if (query.thread_id !== undefined) {
    // A new thread under the id of a deleted one does not show the runs of the deleted one.
    conditions.push(isOnThread(query.thread_id), { sql: "thread_deleted = 0", params: [] });
  }
  if (query.status !== undefined) conditions.push(hasStatus(query.status));
  const assistant = query.assistant_id ?? query.agent_id;
  if (assistant !== undefined) {
    conditions.push({ sql: "assistant_id = ?", params: [assistantIdOf(assistant)] });
  }
  if (query.created_after !== undefined) {
    conditions.push({ sql: "created_at >= ?", params: [parseInstant(query.created_after)] });
  }
  if (query.created_before !== undefined) {
    conditions.push({ sql: "created_at < ?", params: [parseInstant(query.created_before)] });
  }
  if (query.run_ids !== undefined) {
    const params = [JSON.stringify(query.run_ids)];
    const isOneOf = "run_id IN (SELECT value FROM json_each(?))";
    const indexed = { rank: -1, alternatives: [{ sql: isOneOf, few: true as const }], params };
    conditions.push({ sql: `+${isOneOf}`, params, indexed });
  }
  if (query.inNoLedgerOf !== undefined) {
    const params = [query.inNoLedgerOf];
    const indexed = { rank: 1, alternatives: [{ sql: "cron_id = ? AND in_ledger = 0" }], params };
    conditions.push({ sql: "+cron_id = ? AND +in_ledger = 0", params, indexed });
  }
  conditions.push(...haveMetadata(query.metadata ?? {}));
  return conditions;
}

/**
 * The id of the cron in the metadata has a column of its own. No SQL index has the runs that are in ledgers by their cron; see
 * `edge/cron-runs.ts`.
 */
function haveMetadata({ cron_id: cronId, ...metadata }: JsonObject): Condition[] {
  if (typeof cronId === "string") {
    return [{ sql: "+cron_id = ?", params: [cronId] }, ...metadataConditions(metadata)];
  }
  return metadataConditions(cronId === undefined ? metadata : { ...metadata, cron_id: cronId });
}

/** The conditions that runs pass a filter of what the caller may see. */
export const visibleRuns = (filter: AccessFilter | undefined): Condition[] =>
  visibleConditions(filter, haveMetadata);

/**
 * The SQL index of threads does not have the runs of short-lived threads, but for those that
 * were added to a thread later. The id of the thread says where in the primary key its first run is. With a thread of an earlier
 * version, another index finds the run while it is under way, and later a walk along all runs, the newest first.
 */
function isOnThread(threadId: string): Condition {
  const alternatives: Alternative[] = [{ sql: "thread_id = ? AND thread_temporary = 0" }];
  const runIds = runIdsOf(threadId);
  const isOnIt = "+thread_id = ? AND thread_temporary = 1";
  if (runIds !== undefined) alternatives.push({ sql: `${isOnIt} AND run_id >= ? AND run_id < ?`, few: true });
  else if (isShortLived(threadId)) {
    alternatives.push(
      { sql: `${isOnIt} AND ${UNFINISHED}`, few: true },
      { sql: `${isOnIt} AND +status NOT IN ('pending', 'running')` },
    );
  }
  const params = [threadId, ...(runIds ?? [])];
  return { sql: "+thread_id = ?", params: [threadId], indexed: { rank: 0, alternatives, params } };
}

/** Most runs succeed, so a walk in the order of creation soon finds some. The others have SQL indexes. */
function hasStatus(status: RunStatus): Condition {
  const condition: Condition = { sql: "+status = ?", params: [status] };
  if (status === "success") return condition;
  if (status === "pending" || status === "running") {
    const alternatives: Alternative[] = [{ sql: `+status = ? AND ${UNFINISHED}`, few: true }];
    return { ...condition, indexed: { rank: 3, alternatives, params: [status] } };
  }
  // The text of the condition is that of the SQL index, which SQLite does not use for a part of it.
  const alternatives = [{ sql: "status = ? AND status IN ('error', 'timeout', 'interrupted')" }];
  return { ...condition, indexed: { rank: 3, alternatives, params: [status] } };
}
