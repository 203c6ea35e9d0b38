/** The rows of threads in a thread object: one thread, or in a standing object many temporary threads. */
import { now } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import type { UnstoredRuns } from "../runs/unstored-runs";
import type { SparseTable } from "../sparse-table";
import {
  newThreadRow,
  toStoredThread,
  type NewThread,
  type StoredThread,
  type ThreadRow,
} from "./thread-row";

/** SQL: the thread is temporary and all of its runs have ended. The rows of the runs decide this, so nothing has to note it. */
const IS_ENDED_TEMPORARY = `(temporary = 1 AND thread_id NOT IN (
  SELECT runs.thread_id FROM runs WHERE runs.status IN ('pending', 'running')))`;

export class ThreadStore {
  constructor(
    private readonly sql: SqlStorage,
    private readonly table: SparseTable,
    private readonly unstored: UnstoredRuns,
  ) {}

  /** The thread, also when it is deleted and its row still exists. */
  find(threadId: string): StoredThread | undefined {
    const unstored = this.unstored.thread(threadId);
    return unstored === undefined
      ? this.select("WHERE thread_id = ?", threadId)[0]
      : toStoredThread(unstored);
  }

  /** The thread. @throws thread.not_found */
  require(threadId: string): StoredThread {
    const thread = this.find(threadId);
    if (thread === undefined || thread.deleted) throw noThread(threadId);
    return thread;
  }

  /** Stores a new thread. */
  insert(thread: NewThread): void {
    this.table.insert(newThreadRow(thread));
  }

  /** Changes the given fields and counts the revision up. @throws thread.not_found */
  update(
    threadId: string,
    change: Partial<
      Pick<StoredThread, "status" | "metadata" | "config" | "error" | "ttl" | "temporary" | "lastRun">
    >,
  ): void {
    this.unstored.storeThread(threadId);
    const thread = { ...this.require(threadId), ...change };
    this.sql.exec(
      `UPDATE threads SET status = ?, metadata = ?, config = ?, error = ?, ttl = ?, temporary = ?, last_run = ?,
         updated_at = ?, revision = revision + 1 WHERE thread_id = ?`,
      thread.status,
      JSON.stringify(thread.metadata),
      JSON.stringify(thread.config),
      thread.error,
      thread.ttl === null ? null : JSON.stringify(thread.ttl),
      thread.temporary ? 1 : 0,
      thread.lastRun === null ? null : JSON.stringify(thread.lastRun),
      now(),
      threadId,
    );
  }

  /** Sets the tombstone: users no longer see the thread. */
  markDeleted(threadId: string): void {
    this.unstored.storeThread(threadId);
    this.sql.exec("UPDATE threads SET deleted = 1, revision = revision + 1 WHERE thread_id = ?", threadId);
  }

  /**
   * Threads with changes that the index lacks. Temporary threads are left out when all of their runs have ended, or when they
   * were created after `createdBefore` (ms).
   */
  unindexed(limit: number, createdBefore: number): StoredThread[] {
    return this.select(
      `WHERE revision > indexed AND NOT ${IS_ENDED_TEMPORARY} AND (temporary = 0 OR deleted = 1 OR created_at <= ?) LIMIT ?`,
      createdBefore,
      limit,
    );
  }

  /**
   * Threads that can be removed once the index has their runs: deleted threads, and temporary threads whose runs have all
   * ended. A thread stays while a webhook needs its values, while its streamed events are kept (unless it is deleted), or
   * while a run that the index has already waits for its report to be acknowledged.
   * @param threadsWithEvents ids of the threads whose streamed events are kept
   */
  removable(limit: number, threadsWithEvents: string[]): StoredThread[] {
    return this.select(
      `WHERE (deleted = 1 OR ${IS_ENDED_TEMPORARY})
         AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.thread_id = threads.thread_id
           AND runs.status IN ('pending', 'running'))
         AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.thread_id = threads.thread_id
           AND ((webhook_at IS NOT NULL AND webhook_values_kept = 0) OR (report_at IS NOT NULL AND runs.indexed >= runs.revision)))
         AND (deleted = 1 OR thread_id NOT IN (SELECT value FROM json_each(?))) LIMIT ?`,
      JSON.stringify(threadsWithEvents),
      limit,
    );
  }

  /** Notes that the index has this revision of the thread. */
  noteIndexed(threadId: string, revision: number): void {
    this.unstored.storeThread(threadId);
    this.sql.exec("UPDATE threads SET indexed = ? WHERE thread_id = ?", revision, threadId);
  }

  /** Deletes the thread's row. */
  remove(threadId: string): void {
    this.unstored.storeThread(threadId);
    this.sql.exec("DELETE FROM threads WHERE thread_id = ?", threadId);
  }

  /** Whether the object has no thread. */
  isEmpty(): boolean {
    return this.table.isEmpty() && this.unstored.isEmpty();
  }

  /** Notes that the thread was pruned to its latest state. Its time to live starts again with its next change. */
  markPruned(threadId: string): void {
    this.unstored.storeThread(threadId);
    this.sql.exec("UPDATE threads SET pruned = revision WHERE thread_id = ?", threadId);
  }

  /** The threads whose time to live is running, with the instant (ms) at which it ends. Busy and pruned threads are left out. */
  expiries(): { threadId: string; expiresAt: number }[] {
    const expiring = "WHERE ttl IS NOT NULL AND deleted = 0 AND status <> 'busy' AND pruned < revision";
    return this.select(expiring).map((thread) => ({
      threadId: thread.threadId,
      expiresAt: thread.updatedAt + (thread.ttl?.ttl ?? Infinity) * 60_000,
    }));
  }

  /** Threads. @param rest the statement after `FROM threads`, with its parameters */
  private select(rest: string, ...params: (string | number)[]): StoredThread[] {
    return this.table.read<ThreadRow>(`SELECT * FROM threads ${rest}`, ...params).map(toStoredThread);
  }
}

/** The refusal of a request for a thread that does not exist. */
export const noThread = (threadId: string): DomainError =>
  new DomainError("thread.not_found", `no thread with the id ${threadId}`);

/** The refusal of a request to create a thread with the id of another. */
export const threadExists = (threadId: string): DomainError =>
  new DomainError("thread.exists", `a thread with the id ${threadId} exists already`);
