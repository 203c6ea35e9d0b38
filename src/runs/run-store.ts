/** The runs that live in a thread object: unfinished ones, and finished ones until the index has them. */
import { now, toIsoOrNull } from "../clock";
import { parseJson, parseJsonOrNull } from "../json";
import { findCheckpoints } from "../threads/checkpoint-tables";
import {
  isFinal,
  type NewRun,
  type RunError,
  type RunRecord,
  type RunStatus,
  type WebhookDelivery,
} from "./run";

/** A run's row, read. */
export interface StoredRun extends RunRecord {
  graphId: string;
  /** Starts of its execution so far. */
  attempts: number;
  /** It does not start before. */
  startAt: number;
  /** When its first attempt began. */
  startedAt: number | null;
  /** Rolled back or deleted: to be taken out of the index. */
  deleted: boolean;
  /** When its webhook is to be called (again); null when there is nothing to call. */
  webhookAt: number | null;
  webhookAttempts: number;
  /** The checkpoint that the run ended with, whose values its webhook is sent. */
  lastCheckpointId: string | null;
  revision: number;
  indexed: number;
}

type Row = {
  run_id: string;
  thread_id: string;
  assistant_id: string;
  graph_id: string;
  status: RunStatus;
  metadata: string;
  kwargs: string;
  multitask_strategy: NewRun["multitaskStrategy"];
  error: string | null;
  attempts: number;
  start_at: number;
  started_at: number | null;
  created_at: number;
  updated_at: number;
  deleted: number;
  webhook_at: number | null;
  webhook_attempts: number;
  webhook_status: WebhookDelivery["status"] | null;
  webhook_error: string | null;
  last_checkpoint_id: string | null;
  revision: number;
  indexed: number;
};

/** No run of the thread of `waiting` runs. */
const NONE_RUNS = `NOT EXISTS (
  SELECT 1 FROM runs AS other WHERE other.thread_id = waiting.thread_id AND other.status = 'running')`;

export class RunStore {
  constructor(private readonly sql: SqlStorage) {}

  createTable(): void {
    this.sql.exec(`CREATE TABLE IF NOT EXISTS runs (
      seq INTEGER PRIMARY KEY,
      run_id TEXT NOT NULL,
      thread_id TEXT NOT NULL,
      assistant_id TEXT NOT NULL,
      graph_id TEXT NOT NULL,
      status TEXT NOT NULL,
      metadata TEXT NOT NULL,
      kwargs TEXT NOT NULL,
      multitask_strategy TEXT NOT NULL,
      error TEXT,
      attempts INTEGER NOT NULL,
      start_at INTEGER NOT NULL,
      started_at INTEGER,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      deleted INTEGER NOT NULL DEFAULT 0,
      webhook_at INTEGER,
      webhook_attempts INTEGER NOT NULL DEFAULT 0,
      webhook_status TEXT,
      webhook_error TEXT,
      last_checkpoint_id TEXT,
      revision INTEGER NOT NULL DEFAULT 1,
      indexed INTEGER NOT NULL DEFAULT 0
    )`);
  }

  /** Stores a run; one that starts at once is stored as running, its first attempt counted before it is made. */
  insert(run: NewRun, startsNow: boolean): void {
    const at = now();
    this.sql.exec(
      `INSERT INTO runs (run_id, thread_id, assistant_id, graph_id, status, metadata, kwargs, multitask_strategy,
         attempts, start_at, started_at, webhook_status, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      run.runId,
      run.threadId,
      run.assistantId,
      run.graphId,
      startsNow ? "running" : "pending",
      JSON.stringify(run.metadata),
      JSON.stringify(run.kwargs),
      run.multitaskStrategy,
      startsNow ? 1 : 0,
      at + run.delayMs,
      startsNow ? at : null,
      run.kwargs.webhook === undefined ? null : "pending",
      at,
      at,
    );
  }

  get(runId: string): StoredRun | undefined {
    return this.select("WHERE run_id = ?", runId)[0];
  }

  /** The thread's runs that have not ended, oldest first. */
  unfinishedIds(threadId: string): string[] {
    return this.ids("WHERE thread_id = ? AND status IN ('pending', 'running') ORDER BY seq", threadId);
  }

  /** Every run that says it runs. */
  runningIds(): string[] {
    return this.ids("WHERE status = 'running' ORDER BY seq");
  }

  /** Whether a run of the thread runs, or waits for nothing but its turn. */
  hasDue(threadId: string): boolean {
    const due =
      "WHERE thread_id = ? AND (status = 'running' OR (status = 'pending' AND start_at <= ?)) LIMIT 1";
    return this.ids(due, threadId, now()).length > 0;
  }

  /** Threads on which a run waits for nothing but to be started. */
  threadsToStart(): string[] {
    return this.sql
      .exec<{ thread_id: string }>(
        `SELECT DISTINCT thread_id FROM runs AS waiting WHERE status = 'pending' AND start_at <= ? AND ${NONE_RUNS}`,
        now(),
      )
      .toArray()
      .map((row) => row.thread_id);
  }

  /** The thread's next run, when it may start now. */
  nextToStart(threadId: string): StoredRun | undefined {
    const [runId] = this.ids(
      `AS waiting WHERE thread_id = ? AND status = 'pending' AND start_at <= ? AND ${NONE_RUNS} ORDER BY seq LIMIT 1`,
      threadId,
      now(),
    );
    return runId === undefined ? undefined : this.get(runId);
  }

  /** Runs that the index does not know as they are, oldest first. */
  unindexed(limit: number): StoredRun[] {
    return this.select("WHERE revision > indexed ORDER BY seq LIMIT ?", limit);
  }

  /** Counts another start, before it is made. */
  markStarted(runId: string): void {
    this.sql.exec(
      `UPDATE runs SET status = 'running', attempts = attempts + 1, started_at = coalesce(started_at, ?1),
         updated_at = ?1, revision = revision + 1
       WHERE run_id = ?2`,
      now(),
      runId,
    );
  }

  /** Ends the run; its webhook, if it has one, is due from now on. */
  markFinished(run: StoredRun, status: RunStatus, error: RunError | null): void {
    const calls = run.kwargs.webhook !== undefined;
    this.sql.exec(
      `UPDATE runs SET status = ?, error = ?, updated_at = ?, webhook_at = ?, last_checkpoint_id = ?,
         revision = revision + 1
       WHERE run_id = ?`,
      status,
      error === null ? null : JSON.stringify(error),
      now(),
      calls ? now() : null,
      calls ? this.lastCheckpoint(run) : null,
      run.runId,
    );
  }

  /** The earliest instant at which something of a run is due that waits for time; null when nothing does. */
  nextDue(): number | null {
    return this.sql
      .exec<{ at: number | null }>(
        `SELECT min(at) AS at FROM (
           SELECT min(start_at) AS at FROM runs AS waiting WHERE status = 'pending' AND ${NONE_RUNS}
           UNION ALL SELECT min(webhook_at) FROM runs
         )`,
      )
      .one().at;
  }

  /** The run is to leave no trace. */
  markDeleted(runId: string): void {
    this.sql.exec(
      "UPDATE runs SET deleted = 1, status = 'interrupted', webhook_at = NULL, revision = revision + 1 WHERE run_id = ?",
      runId,
    );
  }

  /** The index has this revision of the run: a finished run then lives there alone. */
  noteIndexed({ runId, revision, status, webhookAt }: StoredRun): void {
    if (isFinal(status) && webhookAt === null) {
      this.sql.exec("DELETE FROM runs WHERE run_id = ? AND revision = ?", runId, revision);
    } else {
      this.sql.exec("UPDATE runs SET indexed = ? WHERE run_id = ?", revision, runId);
    }
  }

  /** Whether any run of the thread is still kept here. */
  hasAny(threadId: string): boolean {
    return this.sql.exec("SELECT 1 FROM runs WHERE thread_id = ? LIMIT 1", threadId).toArray().length > 0;
  }

  isEmpty(): boolean {
    return this.sql.exec("SELECT 1 FROM runs LIMIT 1").toArray().length === 0;
  }

  /** The run's last checkpoint; when it has left none, that of its thread, on which it was. */
  private lastCheckpoint({ threadId, runId }: StoredRun): string | null {
    const root = { threadId, ns: "", limit: 1 };
    const [last] = [...findCheckpoints(this.sql, { ...root, runId }), ...findCheckpoints(this.sql, root)];
    return last?.checkpointId ?? null;
  }

  private ids(rest: string, ...params: (string | number)[]): string[] {
    return this.sql
      .exec<{ run_id: string }>(`SELECT run_id FROM runs ${rest}`, ...params)
      .toArray()
      .map((row) => row.run_id);
  }

  private select(rest: string, ...params: (string | number)[]): StoredRun[] {
    return this.sql
      .exec<Row>(`SELECT * FROM runs ${rest}`, ...params)
      .toArray()
      .map(toStoredRun);
  }
}

const deliveryOf = (row: Row, status: WebhookDelivery["status"]): WebhookDelivery => ({
  status,
  attempts: row.webhook_attempts,
  last_error: row.webhook_error,
  next_attempt_at: toIsoOrNull(row.webhook_at),
});

const toStoredRun = (row: Row): StoredRun => ({
  runId: row.run_id,
  threadId: row.thread_id,
  assistantId: row.assistant_id,
  graphId: row.graph_id,
  status: row.status,
  metadata: parseJson(row.metadata),
  kwargs: parseJson(row.kwargs),
  multitaskStrategy: row.multitask_strategy,
  error: parseJsonOrNull(row.error),
  attempts: row.attempts,
  webhook: row.webhook_status === null ? null : deliveryOf(row, row.webhook_status),
  webhookAt: row.webhook_at,
  webhookAttempts: row.webhook_attempts,
  lastCheckpointId: row.last_checkpoint_id,
  startAt: row.start_at,
  startedAt: row.started_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  deleted: row.deleted === 1,
  revision: row.revision,
  indexed: row.indexed,
});
