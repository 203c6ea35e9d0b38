/** The threads of a thread object: one, or in a standing object short-lived ones. */
import type { ThreadRecord } from "../../calls/thread";
import { now } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import { parseJson, parseJsonOrNull, type JsonObject } from "../../platform/json";
import type { ThreadStatus, ThreadTtl } from "../../wire/threads";

/** A thread's row, read. */
export interface StoredThread extends ThreadRecord {
  /** Made for a run, and to go when the runs on it have ended. */
  temporary: boolean;
  /** Deleted for its users; its traces are being removed. */
  deleted: boolean;
  revision: number;
  indexed: number;
}

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

/** Made for runs that have all ended. Derived from the runs, so that no end of a run can be forgotten here. */
const HAS_PASSED = `(temporary = 1 AND thread_id NOT IN (
  SELECT runs.thread_id FROM runs WHERE runs.status IN ('pending', 'running')))`;

/** What a new thread begins with. */
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

  /** The thread, also when it is deleted and not yet gone. */
  find(threadId: string): StoredThread | undefined {
    return this.select("WHERE thread_id = ?", threadId)[0];
  }

  /** The thread. @throws thread.not_found */
  require(threadId: string): StoredThread {
    const thread = this.find(threadId);
    if (thread === undefined || thread.deleted) throw noThread(threadId);
    return thread;
  }

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
      // Later than that of any thread of this id before, of which the index may have kept something.
      at,
    );
  }

  /** Changes what is given, as the thread's next revision. */
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

  /** The tombstone: for its users the thread is gone. */
  markDeleted(threadId: string): void {
    this.sql.exec("UPDATE threads SET deleted = 1, revision = revision + 1 WHERE thread_id = ?", threadId);
  }

  /** Threads that the index does not know as they are, and is to know; those made for a run if they came by `begunBefore` (ms). */
  unindexed(limit: number, begunBefore: number): StoredThread[] {
    return this.select(
      `WHERE revision > indexed AND NOT ${HAS_PASSED} AND (temporary = 0 OR deleted = 1 OR created_at <= ?) LIMIT ?`,
      begunBefore,
      limit,
    );
  }

  /**
   * Threads on their way out (deleted, or made for runs that have all ended) of which nothing is needed any more, once the
   * index has their runs: no webhook needs its values, no stream is kept, and no cron waits for a report that the index would
   * be waiting for too.
   */
  ending(limit: number, streamed: string[]): StoredThread[] {
    return this.select(
      `WHERE (deleted = 1 OR ${HAS_PASSED})
         AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.thread_id = threads.thread_id
           AND runs.status IN ('pending', 'running'))
         AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.thread_id = threads.thread_id
           AND ((webhook_at IS NOT NULL AND webhook_values_kept = 0) OR (report_at IS NOT NULL AND runs.indexed >= runs.revision)))
         AND (deleted = 1 OR thread_id NOT IN (SELECT value FROM json_each(?))) LIMIT ?`,
      JSON.stringify(streamed),
      limit,
    );
  }

  noteIndexed(threadId: string, revision: number): void {
    this.sql.exec("UPDATE threads SET indexed = ? WHERE thread_id = ?", revision, threadId);
  }

  remove(threadId: string): void {
    this.sql.exec("DELETE FROM threads WHERE thread_id = ?", threadId);
  }

  isEmpty(): boolean {
    return this.sql.exec("SELECT 1 FROM threads LIMIT 1").toArray().length === 0;
  }

  /** Only its latest state is left of the thread as it is now: its time begins anew with its next change. */
  markPruned(threadId: string): void {
    this.sql.exec("UPDATE threads SET pruned = revision WHERE thread_id = ?", threadId);
  }

  /** Threads with a time to live, with the instant at which it is over. */
  expiries(): { threadId: string; expiresAt: number }[] {
    const timed = "WHERE ttl IS NOT NULL AND deleted = 0 AND status <> 'busy' AND pruned < revision";
    return this.select(timed).map((thread) => ({
      threadId: thread.threadId,
      expiresAt: thread.updatedAt + (thread.ttl?.ttl ?? Infinity) * 60_000,
    }));
  }

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

export const noThread = (threadId: string): DomainError =>
  new DomainError("thread.not_found", `no thread with the id ${threadId}`);
