/** The runs that live in a thread object: unfinished ones, and finished ones until the index has them. */
import type { CronEntry } from "../../calls/cron-entry";
import { isFinal, type NewRun } from "../../calls/run";
import { now } from "../../platform/clock";
import type { TokenUsage } from "../../wire/runs";
import { type RunError, type RunStatus } from "../../wire/runs";
import { findCheckpoints } from "../checkpoints/checkpoint-tables";
import { toStoredRun, type RunRow, type StoredRun } from "./run-row";

/** The run holds its thread: it runs, or has failed and is to go on. */
const HOLDS = "(status = 'running' OR (status = 'pending' AND failures > 0))";
/** No other run holds the thread of `waiting`: nobody does, or it does itself. */
const IS_FREE = `(failures > 0 OR thread_id NOT IN (SELECT other.thread_id FROM runs AS other WHERE ${HOLDS}))`;

/** How a run has ended. */
export interface RunEnd {
  status: RunStatus;
  error: RunError | null;
  /** At an interrupt: it waits for an answer. */
  waiting: boolean;
  /** It is to leave no trace. */
  rolledBack: boolean;
  /** Its webhook is due from now on. */
  callsWebhook: boolean;
}

export class RunStore {
  constructor(private readonly sql: SqlStorage) {}

  /** Stores a run; one that starts at once is stored as running, its first attempt counted before it is made. */
  insert(run: NewRun, { startsNow, cronEntry }: { startsNow: boolean; cronEntry: CronEntry | null }): void {
    const at = now();
    this.sql.exec(
      `INSERT INTO runs (run_id, thread_id, assistant_id, graph_id, status, metadata, kwargs, multitask_strategy,
         attempts, start_at, started_at, cron, cron_entry, webhook_status, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
      run.cron === null ? null : JSON.stringify(run.cron),
      cronEntry === null ? null : JSON.stringify(cronEntry),
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

  /** Whether a run of the thread holds it, or waits for nothing but its turn. */
  hasDue(threadId: string): boolean {
    const due = `WHERE thread_id = ? AND (${HOLDS} OR (status = 'pending' AND start_at <= ?)) LIMIT 1`;
    return this.ids(due, threadId, now()).length > 0;
  }

  /** Threads on which a run waits for nothing but to be started. */
  threadsToStart(): string[] {
    return this.sql
      .exec<{ thread_id: string }>(
        `SELECT DISTINCT thread_id FROM runs AS waiting WHERE status = 'pending' AND start_at <= ? AND ${IS_FREE}`,
        now(),
      )
      .toArray()
      .map((row) => row.thread_id);
  }

  /** The thread's next run, when it may start now. */
  nextToStart(threadId: string): StoredRun | undefined {
    const [runId] = this.ids(
      `AS waiting WHERE thread_id = ? AND status = 'pending' AND start_at <= ? AND ${IS_FREE} ORDER BY seq LIMIT 1`,
      threadId,
      now(),
    );
    return runId === undefined ? undefined : this.get(runId);
  }

  /** Runs that the index does not know as they are and that have ended, or came by `begunBefore` (ms); oldest first. */
  unindexed(limit: number, begunBefore: number): StoredRun[] {
    return this.select(
      `WHERE revision > indexed AND (status NOT IN ('pending', 'running') OR created_at <= ?)
       ORDER BY seq LIMIT ?`,
      begunBefore,
      limit,
    );
  }

  /** The attempt has failed; the next is due at `nextAt` (ms). */
  markFailed(run: StoredRun, error: RunError | null, nextAt: number): void {
    this.sql.exec(
      `UPDATE runs SET status = 'pending', failures = failures + 1, error = ?, start_at = ?, updated_at = ?,
         input_tokens = ?, output_tokens = ?, revision = revision + 1
       WHERE run_id = ?`,
      error === null ? null : JSON.stringify(error),
      nextAt,
      now(),
      run.usage?.inputTokens ?? null,
      run.usage?.outputTokens ?? null,
      run.runId,
    );
  }

  /** Counts another start, before it is made. */
  markStarted(runId: string): void {
    this.sql.exec(
      `UPDATE runs SET status = 'running', attempts = attempts + 1, error = NULL, started_at = coalesce(started_at, ?1),
         updated_at = ?1, revision = revision + 1
       WHERE run_id = ?2`,
      now(),
      runId,
    );
  }

  /** Keeps what the run has used so far, should its host die. */
  saveUsage(runId: string, { inputTokens, outputTokens }: TokenUsage): void {
    this.sql.exec(
      "UPDATE runs SET input_tokens = ?, output_tokens = ? WHERE run_id = ?",
      inputTokens,
      outputTokens,
      runId,
    );
  }

  /** Ends the run, with what `run` says that it used; its webhook, if it has one, is due from now on, and so is the report to its cron. */
  markFinished(run: StoredRun, { status, error, waiting, rolledBack, callsWebhook }: RunEnd): void {
    const at = now();
    this.sql.exec(
      `UPDATE runs SET status = ?, error = ?, waiting = ?, deleted = ?, updated_at = ?, webhook_at = ?,
         last_checkpoint_id = ?, report_at = ?, input_tokens = ?, output_tokens = ?, revision = revision + 1
       WHERE run_id = ?`,
      status,
      error === null ? null : JSON.stringify(error),
      waiting ? 1 : 0,
      rolledBack ? 1 : 0,
      at,
      callsWebhook ? at : null,
      callsWebhook ? this.lastCheckpoint(run) : null,
      run.cron === null ? null : at,
      run.usage?.inputTokens ?? null,
      run.usage?.outputTokens ?? null,
      run.runId,
    );
  }

  /** The earliest instant at which something of a run is due that waits for time; null when nothing does. */
  nextDue(): number | null {
    return this.sql
      .exec<{ at: number | null }>(
        `SELECT min(at) AS at FROM (
           SELECT min(start_at) AS at FROM runs AS waiting WHERE status = 'pending' AND ${IS_FREE}
           UNION ALL SELECT min(webhook_at) FROM runs
         )`,
      )
      .one().at;
  }

  /** The record of a run that has ended is to be removed. */
  markDeleted(runId: string): void {
    this.sql.exec(
      "UPDATE runs SET deleted = 1, webhook_at = NULL, revision = revision + 1 WHERE run_id = ?",
      runId,
    );
  }

  /**
   * The index has this revision of the run, and what was to be written with it: a finished run, of which nobody is to be told
   * any more, then lives there alone.
   * @param reported that its cron knows how it ended
   */
  noteIndexed({ runId, revision, status, webhookAt, reportAt }: StoredRun, reported: boolean): void {
    const over = isFinal(status) && webhookAt === null && (reportAt === null || reported);
    if (over) {
      const { rowsWritten } = this.sql.exec(
        "DELETE FROM runs WHERE run_id = ? AND revision = ?",
        runId,
        revision,
      );
      if (rowsWritten > 0) return;
    }
    this.sql.exec(
      `UPDATE runs SET indexed = ?1, cron_entry = iif(revision = ?1, NULL, cron_entry),
         report_at = iif(?2, NULL, report_at)
       WHERE run_id = ?3`,
      revision,
      reported ? 1 : 0,
      runId,
    );
  }

  /** Whether any run that needs its thread is still kept here; one that only waits for its webhook does not. */
  needThread(threadId: string): boolean {
    const needing = "thread_id = ? AND NOT (webhook_at IS NOT NULL AND webhook_values_kept = 1)";
    return this.sql.exec(`SELECT 1 FROM runs WHERE ${needing} LIMIT 1`, threadId).toArray().length > 0;
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
      .exec<RunRow>(`SELECT * FROM runs ${rest}`, ...params)
      .toArray()
      .map(toStoredRun);
  }
}
