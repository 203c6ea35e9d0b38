/**
 * The rows of runs in a thread object. A run has a row until it has ended, the index has it, its cron has acknowledged the
 * report of its end, and its webhook was called or given up.
 */
import { withEndOfRun, type CronEntry } from "../../calls/cron-entry";
import { isFinal, type NewRun } from "../../calls/run";
import type { RunReport } from "../../calls/run-report";
import { now, toIso } from "../../platform/clock";
import type { EarlierAttempt, RunError, RunStatus, TokenUsage } from "../../wire/runs/run";
import { findCheckpoints } from "../checkpoints/checkpoint-tables";
import { newRunRow, toStoredRun, type RunRow, type StoredRun } from "./run-row";
import type { SparseTable } from "../sparse-table";
import type { UnstoredRuns } from "./unstored-runs";

/** SQL: the run occupies its thread. It runs, or an attempt has failed and the next one follows. */
const OCCUPIES_THREAD = "(status = 'running' OR (status = 'pending' AND failures > 0))";
/** SQL: no other run occupies the thread of the run `waiting`; a run with failures occupies the thread itself. */
const THREAD_IS_FREE = `(failures > 0 OR thread_id NOT IN (SELECT other.thread_id FROM runs AS other WHERE ${OCCUPIES_THREAD}))`;

/** SQL: the earlier attempts with one more, whose JSON `attempt` is. */
const withAttempt = (attempt: string): string =>
  `json_insert(coalesce(earlier_attempts, '[]'), '$[#]', json(${attempt}))`;
/** SQL: the attempt that the run's row says is running. */
const LOST_ATTEMPT = "json_object('attempt', attempts, 'ended_at', NULL, 'error', NULL)";
/** So much of the message of an earlier attempt is kept. */
const ATTEMPT_MESSAGE_CHARACTERS = 1_000;

/** How a run has ended. */
export interface RunEnd {
  status: RunStatus;
  error: RunError | null;
  /** The run stopped at an interrupt and waits for an answer. */
  waiting: boolean;
  /** The run is to be removed from the index. */
  rolledBack: boolean;
  /** The run has a webhook, which is due from now on. */
  callsWebhook: boolean;
  /** The cron waits for the answer to enqueuing the run, and gets this report as the answer; null when it does not. */
  answeredReport: RunReport | null;
}

export class RunStore {
  constructor(
    private readonly sql: SqlStorage,
    private readonly table: SparseTable,
    private readonly unstored: UnstoredRuns,
  ) {}

  /** Stores a run. */
  insert(run: NewRun, start: { startsNow: boolean; cronEntry: CronEntry | null }): void {
    this.table.insert(newRunRow(run, start));
  }

  /** The run; undefined when this object does not have it. */
  get(runId: string): StoredRun | undefined {
    const unstored = this.unstored.run(runId);
    return unstored === undefined ? this.select("WHERE run_id = ?", runId)[0] : toStoredRun(unstored);
  }

  /** The thread's runs that have not ended, oldest first. */
  unfinishedIds(threadId: string): string[] {
    const stored = this.ids(
      "WHERE thread_id = ? AND status IN ('pending', 'running') ORDER BY seq",
      threadId,
    );
    return [...stored, ...this.unstored.unfinishedIds(threadId)];
  }

  /** Ids of all stored runs whose status is `running`. */
  runningIds(): string[] {
    return this.ids("WHERE status = 'running' ORDER BY seq");
  }

  /** Whether a run occupies the thread, or its start time has come and it only waits for its turn. */
  hasDue(threadId: string): boolean {
    const due = `WHERE thread_id = ? AND (${OCCUPIES_THREAD} OR (status = 'pending' AND start_at <= ?)) LIMIT 1`;
    return this.unstored.unfinishedIds(threadId).length > 0 || this.ids(due, threadId, now()).length > 0;
  }

  /**
   * The run that is to start next: the oldest whose host has died, or else the oldest that waits and whose thread is free.
   * @param executing the runs that this host executes
   * @param startsBeforeLast a run whose host has died at so many of its starts comes before all others
   * @returns undefined when no run may start now
   */
  nextToStart(executing: Iterable<string>, startsBeforeLast: number): StoredRun | undefined {
    const [runId] = this.ids(
      `AS waiting WHERE (status = 'running' AND run_id NOT IN (SELECT value FROM json_each(?1)))
         OR (status = 'pending' AND start_at <= ?2 AND ${THREAD_IS_FREE})
       ORDER BY status = 'running' DESC, status = 'running' AND attempts - failures = ?3 DESC, seq LIMIT 1`,
      JSON.stringify([...executing]),
      now(),
      startsBeforeLast,
    );
    return runId === undefined ? undefined : this.get(runId);
  }

  /**
   * Runs with changes that the index lacks, oldest first. Runs that have not ended and were created after `createdBefore` (ms)
   * are left out.
   */
  unindexed(limit: number, createdBefore: number): StoredRun[] {
    const stored = this.select(
      `WHERE revision > indexed AND (status NOT IN ('pending', 'running') OR created_at <= ?)
       ORDER BY seq LIMIT ?`,
      createdBefore,
      limit,
    );
    return [...this.unstored.ended().map(toStoredRun), ...stored].slice(0, limit);
  }

  /** Notes that an attempt has failed and that the next is due at `nextAt` (ms). */
  markFailed(run: StoredRun, error: RunError | null, nextAt: number): void {
    this.unstored.store(run.runId);
    const at = now();
    const shortError =
      error === null ? null : { ...error, message: error.message.slice(0, ATTEMPT_MESSAGE_CHARACTERS) };
    const ended: EarlierAttempt = { attempt: run.attempts, ended_at: toIso(at), error: shortError };
    this.sql.exec(
      `UPDATE runs SET status = 'pending', failures = failures + 1, error = ?, earlier_attempts = ${withAttempt("?")},
         start_at = ?, updated_at = ?, input_tokens = ?, output_tokens = ?, revision = revision + 1
       WHERE run_id = ?`,
      error === null ? null : JSON.stringify(error),
      JSON.stringify(ended),
      nextAt,
      at,
      run.usage?.inputTokens ?? null,
      run.usage?.outputTokens ?? null,
      run.runId,
    );
  }

  /** Marks the run as running and counts the attempt, before the attempt begins. A run that is running already has lost its host. */
  markStarted(runId: string): void {
    this.unstored.store(runId);
    this.sql.exec(
      `UPDATE runs SET status = 'running', attempts = attempts + 1, error = NULL, started_at = coalesce(started_at, ?1),
         earlier_attempts = iif(status = 'running', ${withAttempt(LOST_ATTEMPT)}, earlier_attempts),
         updated_at = ?1, revision = revision + 1
       WHERE run_id = ?2`,
      now(),
      runId,
    );
  }

  /** Stores the tokens that the run has used so far, so that they are counted even if its host dies. */
  saveUsage(runId: string, { inputTokens, outputTokens }: TokenUsage): void {
    this.unstored.store(runId);
    this.sql.exec(
      "UPDATE runs SET input_tokens = ?, output_tokens = ? WHERE run_id = ?",
      inputTokens,
      outputTokens,
      runId,
    );
  }

  /**
   * Ends the run, with the token usage in `run`. Its webhook and the report to its cron, if it has them, are due from now on.
   * An unstored run stays unstored if its report is the answer to its cron. Otherwise it is stored, and the caller has it forgotten
   * among the unstored ones when the transaction is over.
   * @param at the present instant in ms
   */
  markFinished(
    run: StoredRun,
    { status, error, waiting, rolledBack, callsWebhook, answeredReport }: RunEnd,
    at: number,
  ): void {
    const isAnswered = answeredReport !== null;
    const entry =
      isAnswered && run.cronEntry !== null ? withEndOfRun(run.cronEntry, answeredReport) : run.cronEntry;
    const end = {
      status,
      error: error === null ? null : JSON.stringify(error),
      waiting: waiting ? 1 : 0,
      deleted: rolledBack ? 1 : 0,
      updated_at: at,
      webhook_at: callsWebhook ? at : null,
      last_checkpoint_id: callsWebhook ? this.lastCheckpoint(run) : null,
      report_at: run.cron === null || isAnswered ? null : at,
      input_tokens: run.usage?.inputTokens ?? null,
      output_tokens: run.usage?.outputTokens ?? null,
    } satisfies Partial<RunRow>;
    const unstored = this.unstored.run(run.runId);
    if (unstored !== undefined) {
      const cronEntry = entry === null ? null : JSON.stringify(entry);
      const ended = { ...unstored, ...end, cron_entry: cronEntry, revision: unstored.revision + 1 };
      if (isAnswered) this.unstored.end(ended);
      else this.table.insert(ended);
      return;
    }
    // An entry that the index has already is not stored again.
    const answeredEntry = isAnswered && entry !== null ? JSON.stringify(entry) : null;
    this.sql.exec(
      `UPDATE runs SET ${Object.keys(end)
        .map((column) => `${column} = ?`)
        .join(", ")}, cron_entry = coalesce(?, cron_entry), revision = revision + 1
       WHERE run_id = ?`,
      ...Object.values(end),
      answeredEntry,
      run.runId,
    );
  }

  /** When the next start of a run is due (ms), of those that are due after `after` (ms); null when none is. */
  nextStart(after: number): number | null {
    const [row] = this.table.read<{ at: number | null }>(
      `SELECT min(start_at) AS at FROM runs AS waiting WHERE status = 'pending' AND start_at > ? AND ${THREAD_IS_FREE}`,
      after,
    );
    return row?.at ?? null;
  }

  /** Marks a run that has ended as deleted, so that the index writer removes it from the index. */
  markDeleted(runId: string): void {
    this.unstored.store(runId);
    this.sql.exec(
      "UPDATE runs SET deleted = 1, webhook_at = NULL, revision = revision + 1 WHERE run_id = ?",
      runId,
    );
  }

  /**
   * Notes that the index has this revision of the run and its cron's entry. The row of an ended run is deleted, unless its
   * webhook is still to be called or its cron still to get the report.
   * @param reported whether the run's cron has acknowledged the report
   */
  noteIndexed({ runId, revision, status, webhookAt, reportAt }: StoredRun, reported: boolean): void {
    const isDone = isFinal(status) && webhookAt === null && (reportAt === null || reported);
    if (isDone) {
      if (this.unstored.forget(runId)) return;
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

  /** Whether a run here still needs its thread. A run that only waits for its webhook and has its values kept does not. */
  needsThread(threadId: string): boolean {
    if (this.unstored.unfinishedIds(threadId).length > 0) return true;
    const needsThread = "thread_id = ? AND NOT (webhook_at IS NOT NULL AND webhook_values_kept = 1)";
    return this.table.read(`SELECT 1 FROM runs WHERE ${needsThread} LIMIT 1`, threadId).length > 0;
  }

  isEmpty(): boolean {
    return this.table.isEmpty() && this.unstored.isEmpty();
  }

  /** The run's last checkpoint; that of its thread when the run wrote none. */
  private lastCheckpoint({ threadId, runId }: StoredRun): string | null {
    const root = { threadId, ns: "", limit: 1 };
    const [last] = [...findCheckpoints(this.sql, { ...root, runId }), ...findCheckpoints(this.sql, root)];
    return last?.checkpointId ?? null;
  }

  /** Ids of runs. @param rest the statement after `FROM runs`, with its parameters */
  private ids(rest: string, ...params: (string | number)[]): string[] {
    return this.table
      .read<{ run_id: string }>(`SELECT run_id FROM runs ${rest}`, ...params)
      .map((row) => row.run_id);
  }

  /** Runs. @param rest the statement after `FROM runs`, with its parameters */
  private select(rest: string, ...params: (string | number)[]): StoredRun[] {
    return this.table.read<RunRow>(`SELECT * FROM runs ${rest}`, ...params).map(toStoredRun);
  }
}
