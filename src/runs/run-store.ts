/** The runs that live in a thread object: unfinished ones, and finished ones until the index has them. */
import { now } from "../clock";
import { parseJson, parseJsonOrNull } from "../json";
import { isFinal, type NewRun, type RunError, type RunRecord, type RunStatus } from "./run";

/** A run's row, read. */
export interface StoredRun extends RunRecord {
  graphId: string;
  /** Starts of its execution so far. */
  attempts: number;
  /** It does not start before. */
  startAt: number;
  /** Rolled back or deleted: to be taken out of the index. */
  deleted: boolean;
  /** When its webhook is to be called (again); null when there is nothing to call. */
  webhookAt: number | null;
  webhookAttempts: number;
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
  created_at: number;
  updated_at: number;
  deleted: number;
  webhook_at: number | null;
  webhook_attempts: number;
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
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      deleted INTEGER NOT NULL DEFAULT 0,
      webhook_at INTEGER,
      webhook_attempts INTEGER NOT NULL DEFAULT 0,
      revision INTEGER NOT NULL DEFAULT 1,
      indexed INTEGER NOT NULL DEFAULT 0
    )`);
  }

  /** Stores a run; one that starts at once is stored as running, its first attempt counted before it is made. */
  insert(run: NewRun, startsNow: boolean): void {
    const at = now();
    this.sql.exec(
      `INSERT INTO runs (run_id, thread_id, assistant_id, graph_id, status, metadata, kwargs, multitask_strategy,
         attempts, start_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
      `UPDATE runs SET status = 'running', attempts = attempts + 1, updated_at = ?, revision = revision + 1
       WHERE run_id = ?`,
      now(),
      runId,
    );
  }

  /** Ends the run; its webhook, if it has one, is due from now on. */
  markFinished(run: StoredRun, status: RunStatus, error: RunError | null): void {
    this.sql.exec(
      `UPDATE runs SET status = ?, error = ?, updated_at = ?, webhook_at = ?, revision = revision + 1 WHERE run_id = ?`,
      status,
      error === null ? null : JSON.stringify(error),
      now(),
      run.kwargs.webhook === undefined ? null : now(),
      run.runId,
    );
  }

  /** Finished runs whose webhook is due at `at`. */
  dueWebhooks(at: number): StoredRun[] {
    return this.select("WHERE webhook_at <= ? ORDER BY seq", at);
  }

  /** Counts an attempt to call the webhook, before it is made, and books the next, should it fail or be cut off. */
  countWebhookAttempt(runId: string, nextAt: number): void {
    this.sql.exec(
      "UPDATE runs SET webhook_attempts = webhook_attempts + 1, webhook_at = ? WHERE run_id = ?",
      nextAt,
      runId,
    );
  }

  /** The webhook has been called, or given up: the run is kept here no longer than the index needs. */
  endWebhook(runId: string): void {
    this.sql.exec("DELETE FROM runs WHERE run_id = ? AND indexed = revision", runId);
    this.sql.exec("UPDATE runs SET webhook_at = NULL WHERE run_id = ?", runId);
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
  webhookAt: row.webhook_at,
  webhookAttempts: row.webhook_attempts,
  startAt: row.start_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  deleted: row.deleted === 1,
  revision: row.revision,
  indexed: row.indexed,
});
