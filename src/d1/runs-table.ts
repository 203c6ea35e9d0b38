/** The index of runs in D1: searches and lists. Once a run has ended, only this index keeps its record. */
import { toWireRun, usageOf, type RunRecord } from "../calls/run";
import { isNamedBy } from "../calls/thread-id";
import { DomainError } from "../platform/errors";
import { parseJson, parseJsonOrNull, pick } from "../platform/json";
import type { MultitaskStrategy } from "../wire/runs/payload";
import type { Run, RunStatus } from "../wire/runs/run";
import { isNotDeleted, insertDeletedThread } from "./deleted-threads";

/** A row of the table. */
export type RunIndexRow = {
  run_id: string;
  thread_id: string;
  assistant_id: string;
  status: RunStatus;
  metadata: string;
  kwargs: string;
  multitask_strategy: MultitaskStrategy;
  error: string | null;
  /** JSON of a WebhookDelivery. */
  webhook: string | null;
  attempts: number | null;
  /** JSON of the attempts before the last one. */
  earlier_attempts: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  created_at: number;
  updated_at: number;
};

/** The columns of which a run is made. */
export const RUN_COLUMNS = [
  "run_id",
  "thread_id",
  "assistant_id",
  "status",
  "metadata",
  "kwargs",
  "multitask_strategy",
  "error",
  "webhook",
  "attempts",
  "earlier_attempts",
  "input_tokens",
  "output_tokens",
  "created_at",
  "updated_at",
] as const satisfies (keyof RunIndexRow)[];

/** The SQL condition of the index `runs_unfinished`, which has the runs that are under way. All instants are positive. */
export const UNFINISHED = "status IN ('pending', 'running') AND due_at >= 0";

const UPSERT = `INSERT INTO runs (${RUN_COLUMNS.join(", ")}, due_at, thread_temporary, revision, in_ledger)
  SELECT ${RUN_COLUMNS.map(() => "?").join(", ")}, ?, ?, ?, EXISTS (SELECT 1 FROM crons WHERE crons.cron_id = ?) WHERE ${isNotDeleted("?2", `?${RUN_COLUMNS.indexOf("created_at") + 1}`)}
  ON CONFLICT (run_id) DO UPDATE SET status = excluded.status, error = excluded.error, webhook = excluded.webhook,
    attempts = excluded.attempts, earlier_attempts = excluded.earlier_attempts, input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
    updated_at = excluded.updated_at, due_at = excluded.due_at, revision = excluded.revision, in_ledger = excluded.in_ledger
  WHERE excluded.revision > runs.revision`;

/** A run as its thread's object hands it to the index. Instants are in ms. */
export interface IndexedRun extends RunRecord {
  /** When the run may start at the earliest. */
  startAt: number;
  /** When its webhook is called next; null when no call is to come. */
  webhookAt: number | null;
  /** Whether its thread goes when it has ended. See migrations/0007_search_indexes.sql. */
  threadTemporary: boolean;
  /** The cron that made it, and that lists it for as long as the cron exists; null when no cron made it. */
  cronId: string | null;
  /** Grows with each change of the run. The index keeps the row with the highest revision. */
  revision: number;
}

/** The statement that writes a run to the index, unless the index has a later revision. */
export function upsertRun(db: D1Database, run: IndexedRun): D1PreparedStatement {
  return db
    .prepare(UPSERT)
    .bind(
      run.runId,
      run.threadId,
      run.assistantId,
      run.status,
      JSON.stringify(run.metadata),
      JSON.stringify(run.kwargs),
      run.multitaskStrategy,
      run.error === null ? null : JSON.stringify(run.error),
      run.webhook === null ? null : JSON.stringify(run.webhook),
      run.attempts,
      run.earlierAttempts === null ? null : JSON.stringify(run.earlierAttempts),
      run.usage?.inputTokens ?? null,
      run.usage?.outputTokens ?? null,
      run.createdAt,
      run.updatedAt,
      Math.max(run.startAt, run.updatedAt, run.webhookAt ?? 0),
      run.threadTemporary && isNamedBy(run.threadId, run.runId) ? 1 : 0,
      run.revision,
      run.cronId,
    );
}

/** The statement that removes a run from the index. */
export const deleteRunRow = (db: D1Database, runId: string): D1PreparedStatement =>
  db.prepare("DELETE FROM runs WHERE run_id = ?").bind(runId);

/** The metadata that usually say whose a run is, and so who may see it. */
const OWNER_KEYS = ["owner", "user_id"];
/** The metadata that a run keeps when its thread is deleted. */
const KEPT_METADATA = ["cron_id", "scheduled_for", ...OWNER_KEYS];

/** Higher than every revision that a thread's object gives a run. */
const LAST_REVISION = Number.MAX_SAFE_INTEGER;

/**
 * The statements that remove the runs of a deleted thread from the index. A run that a cron made keeps its row, because the
 * cron's history shows when and how it ended and its tokens. Input, errors and webhook are removed from the row, and all metadata but
 * {@link KEPT_METADATA}. A late write of such a run changes nothing.
 * @param thread of a temporary thread the creation time (ms) is read too, since the index of threads does not have its runs
 * @param at the instant of the deletion, in ms
 */
export function deleteRunsOfThread(
  db: D1Database,
  { threadId, temporary, createdAt }: { threadId: string; temporary: boolean; createdAt: number },
  at: number,
): D1PreparedStatement[] {
  const [isOnIt, ids] = temporary
    ? ["thread_id = ?1 AND created_at >= ?2", [threadId, createdAt]]
    : ["thread_id = ?1 AND thread_temporary = 0", [threadId]];
  return [
    insertDeletedThread(db, threadId, at),
    db.prepare(`DELETE FROM runs WHERE ${isOnIt} AND +cron_id IS NULL`).bind(...ids),
    db
      .prepare(
        `UPDATE runs SET thread_deleted = 1, kwargs = '{}', error = NULL, earlier_attempts = NULL, webhook = NULL, revision = ${LAST_REVISION},
         metadata = json_patch(json_object('cron_id', cron_id, 'scheduled_for', json_extract(metadata, '$.scheduled_for')),
           json_object(${OWNER_KEYS.map((key) => `'${key}', json_extract(metadata, '$.${key}')`).join(", ")}))
       WHERE ${isOnIt} AND +cron_id IS NOT NULL AND thread_deleted = 0`,
      )
      .bind(...ids),
  ];
}

/** The run without what is removed when its thread is deleted; see {@link deleteRunsOfThread}. */
export const withoutContent = <R extends IndexedRun>(run: R): R => ({
  ...run,
  kwargs: { config: { configurable: {} }, context: {} },
  metadata: pick(run.metadata, KEPT_METADATA),
  error: null,
  earlierAttempts: null,
  webhook: null,
});

/** Notes that the runs are in no ledger any more, so that D1 finds them by their cron. */
export async function takeOutOfLedger(db: D1Database, runIds: string[]): Promise<void> {
  await db
    .prepare(
      "UPDATE runs SET in_ledger = 0 WHERE run_id IN (SELECT value FROM json_each(?)) AND in_ledger = 1",
    )
    .bind(JSON.stringify(runIds))
    .run();
}

/** Removes runs from the index. */
export async function deleteRunRows(db: D1Database, runIds: string[]): Promise<void> {
  await db
    .prepare("DELETE FROM runs WHERE run_id IN (SELECT value FROM json_each(?))")
    .bind(JSON.stringify(runIds))
    .run();
}

/** The run; undefined when the index has no run of this id on this thread. */
export async function findRun(db: D1Database, threadId: string, runId: string): Promise<Run | undefined> {
  const row = await db
    .prepare(
      `SELECT ${RUN_COLUMNS.join(", ")} FROM runs WHERE run_id = ? AND thread_id = ? AND thread_deleted = 0`,
    )
    .bind(runId, threadId)
    .first<RunIndexRow>();
  return row === null ? undefined : toRun(row);
}

/** The run. @throws run.not_found */
export async function requireRun(db: D1Database, threadId: string, runId: string): Promise<Run> {
  const run = await findRun(db, threadId, runId);
  if (run === undefined) throw noRun(runId);
  return run;
}

/** The setting that says which records may have been removed because they were old: those of runs created before this instant (ms). */
export const REMOVED_BEFORE = "run_records_removed_before";

/**
 * Looks for the record of a run that a cron made. A run whose thread was deleted is found too, without content.
 * @param since the run was not created before this instant (ms)
 * @returns the record; "none" when there never was one; "removed" when there may have been one that was removed since
 */
export async function findRunOfCron(
  db: D1Database,
  runId: string,
  since: number,
): Promise<Run | "none" | "removed"> {
  const [found, setting] = await db.batch<RunIndexRow & { value: string }>([
    db.prepare(`SELECT ${RUN_COLUMNS.join(", ")} FROM runs WHERE run_id = ?`).bind(runId),
    db.prepare("SELECT value FROM settings WHERE name = ?").bind(REMOVED_BEFORE),
  ]);
  const [row] = found?.results ?? [];
  if (row !== undefined) return toRun(row);
  const removedBefore = Number(setting?.results[0]?.value ?? 0);
  return since < removedBefore ? "removed" : "none";
}

/** The error that there is no such run. */
export const noRun = (runId: string): DomainError =>
  new DomainError("run.not_found", `no run with the id ${runId}`);

export interface RunPlace {
  threadId: string;
  /** Then only the record of the run is left. */
  isThreadDeleted: boolean;
  /** The cron whose ledger has the run; null when there is none. */
  cronId: string | null;
}

/** Where a run is. @throws run.not_found */
export async function placeOfRun(db: D1Database, runId: string): Promise<RunPlace> {
  const row = await db
    .prepare(
      "SELECT thread_id, thread_deleted, iif(in_ledger = 1, cron_id, NULL) AS cron_id FROM runs WHERE run_id = ?",
    )
    .bind(runId)
    .first<{ thread_id: string; thread_deleted: number; cron_id: string | null }>();
  if (row === null) throw noRun(runId);
  return { threadId: row.thread_id, isThreadDeleted: row.thread_deleted === 1, cronId: row.cron_id };
}

/** The thread of a run, if it was not deleted. @throws run.not_found */
export async function threadOfRun(db: D1Database, runId: string): Promise<string> {
  const { threadId, isThreadDeleted } = await placeOfRun(db, runId);
  if (isThreadDeleted) throw noRun(runId);
  return threadId;
}

/**
 * Runs about which D1 should have heard something by the instant `before` (ms): they have not ended, or their webhook was to be
 * called.
 * @param limit the number of runs at most
 */
export async function stalledRuns(
  db: D1Database,
  before: number,
  limit: number,
): Promise<{ run_id: string; thread_id: string }[]> {
  const { results } = await db
    .prepare(
      // Each of the two SELECTs has an SQL index of its own.
      `SELECT run_id, thread_id, due_at FROM runs WHERE status IN ('pending', 'running') AND due_at < ?1
       UNION SELECT run_id, thread_id, due_at FROM runs
         WHERE json_extract(webhook, '$.status') = 'pending' AND due_at < ?1
       ORDER BY due_at LIMIT ?2`,
    )
    .bind(before, limit)
    .all<{ run_id: string; thread_id: string }>();
  return results;
}

const LOST = "the run was lost";

/** The statement that ends, in the index, a run that its thread's object does not have. */
export const endLostRun = (db: D1Database, runId: string): D1PreparedStatement =>
  db
    .prepare(
      `UPDATE runs SET error = iif(status IN ('pending', 'running'), ?1, error),
         status = iif(status IN ('pending', 'running'), 'error', status),
         webhook = json_set(webhook, '$.status', 'failed', '$.last_error', ?2, '$.next_attempt_at', NULL)
       WHERE run_id = ?3 AND (status IN ('pending', 'running') OR json_extract(webhook, '$.status') = 'pending')`,
    )
    .bind(JSON.stringify({ error: "Error", message: LOST }), LOST, runId);

/** The run of a row. */
export const toRun = (row: RunIndexRow): Run =>
  toWireRun({
    runId: row.run_id,
    threadId: row.thread_id,
    assistantId: row.assistant_id,
    status: row.status,
    metadata: parseJson(row.metadata),
    kwargs: parseJson(row.kwargs),
    multitaskStrategy: row.multitask_strategy,
    error: parseJsonOrNull(row.error),
    webhook: parseJsonOrNull(row.webhook),
    attempts: row.attempts,
    earlierAttempts: parseJsonOrNull(row.earlier_attempts),
    usage: usageOf(row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });
