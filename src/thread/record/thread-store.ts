/** The rows of threads in a thread object: one thread, or in a standing object many temporary threads. */
import type { ThreadRecord } from "../../calls/thread";
import { now } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import { parseJson, parseJsonOrNull, type JsonObject } from "../../platform/json";
import type { ThreadStatus } from "../../wire/threads/thread";
import type { ThreadTtl } from "../../wire/threads/ttl";

/** A thread's row, read. */
export interface StoredThread extends ThreadRecord {
  /** The thread was made for a run and is removed when all of its runs have ended. */
  temporary: boolean;
  /** The tombstone: users no longer see the thread, while its rows and index entries are being removed. */
  deleted: boolean;
  revision: number;
  /** The last revision that the index is known to have. */
  indexed: number;
}

/** The row in SQLite. */
type Row = {
  thread_id: string;
  status: ThreadStatus;
  metadata: string;
  config: string;
  error: string | null;
  ttl: string | null;
  temporary: number;
  deleted: number;
  pruned: number;
  created_at: number;
  updated_at: number;
  revision: number;
  indexed: number;
};

/** SQL: the thread is temporary and all of its runs have ended. The rows of the runs decide this, so nothing has to note it. */
const IS_ENDED_TEMPORARY = `(temporary = 1 AND thread_id NOT IN (
  SELECT runs.thread_id FROM runs WHERE runs.status IN ('pending', 'running')))`;

/** The initial content of a thread. */
export interface NewThread {
  threadId: string;
  metadata: JsonObject;
  config: JsonObject;
  status: ThreadStatus;
  ttl: ThreadTtl | null;
  temporary: boolean;
}

export class ThreadStore {
  constructor(private readonly sql: SqlStorage) {}

  /** The thread, also when it is deleted and its row still exists. */
  find(threadId: string): StoredThread | undefined {
    return this.select("WHERE thread_id = ?", threadId)[0];
  }

  /** The thread. @throws thread.not_found */
  require(threadId: string): StoredThread {
    const thread = this.find(threadId);
    if (thread === undefined || thread.deleted) throw noThread(threadId);
    return thread;
  }

  /** Stores a new thread. */
  insert(thread: NewThread): void {
    const at = now();
    this.sql.exec(
      `INSERT INTO threads (thread_id, status, metadata, config, ttl, temporary, created_at, updated_at, revision)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      thread.threadId,
      thread.status,
      JSON.stringify(thread.metadata),
      JSON.stringify(thread.config),
      thread.ttl === null ? null : JSON.stringify(thread.ttl),
      thread.temporary ? 1 : 0,
      at,
      at,
      // The first revision is the time, so that it is larger than any that the index has of an earlier thread with this id.
      at,
    );
  }

  /** Changes the given fields and counts the revision up. @throws thread.not_found */
  update(
    threadId: string,
    change: Partial<Pick<StoredThread, "status" | "metadata" | "config" | "error" | "ttl" | "temporary">>,
  ): void {
    const thread = { ...this.require(threadId), ...change };
    this.sql.exec(
      `UPDATE threads SET status = ?, metadata = ?, config = ?, error = ?, ttl = ?, temporary = ?, updated_at = ?,
         revision = revision + 1 WHERE thread_id = ?`,
      thread.status,
      JSON.stringify(thread.metadata),
      JSON.stringify(thread.config),
      thread.error,
      thread.ttl === null ? null : JSON.stringify(thread.ttl),
      thread.temporary ? 1 : 0,
      now(),
      threadId,
    );
  }

  /** Sets the tombstone: users no longer see the thread. */
  markDeleted(threadId: string): void {
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
    this.sql.exec("UPDATE threads SET indexed = ? WHERE thread_id = ?", revision, threadId);
  }

  /** Deletes the thread's row. */
  remove(threadId: string): void {
    this.sql.exec("DELETE FROM threads WHERE thread_id = ?", threadId);
  }

  /** Whether the object has no thread. */
  isEmpty(): boolean {
    return this.sql.exec("SELECT 1 FROM threads LIMIT 1").toArray().length === 0;
  }

  /** Notes that the thread was pruned to its latest state. Its time to live starts again with its next change. */
  markPruned(threadId: string): void {
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
    return this.sql
      .exec<Row>(`SELECT * FROM threads ${rest}`, ...params)
      .toArray()
      .map((row) => ({
        threadId: row.thread_id,
        status: row.status,
        metadata: parseJson(row.metadata),
        config: parseJson(row.config),
        error: row.error,
        ttl: parseJsonOrNull(row.ttl),
        temporary: row.temporary === 1,
        deleted: row.deleted === 1,
        createdAt: row.created_at,
        updatedAt: row.updated_at,
        revision: row.revision,
        indexed: row.indexed,
      }));
  }
}

/** The refusal of a request for a thread that does not exist. */
export const noThread = (threadId: string): DomainError =>
  new DomainError("thread.not_found", `no thread with the id ${threadId}`);
