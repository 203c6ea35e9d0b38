/** The row of a thread in its object, and the object that is read from it. */
import type { ThreadRecord } from "../../calls/thread";
import { now } from "../../platform/clock";
import { parseJson, parseJsonOrNull, type JsonObject } from "../../platform/json";
import type { AgentStatus } from "../../wire/protocol/events";
import type { RunError } from "../../wire/runs/run";
import type { ThreadStatus } from "../../wire/threads/thread";
import type { ThreadTtl } from "../../wire/threads/ttl";

/** How the last run of a thread has ended. Its own row is gone as soon as the index has it. */
export interface LastRun {
  runId: string;
  status: AgentStatus;
  error: RunError | null;
  /** The number of the last event before the one that told its end. */
  position: number;
}

/** A thread's row, read. */
export interface StoredThread extends ThreadRecord {
  /** The thread was made for a run and is removed when all of its runs have ended. */
  temporary: boolean;
  /** The tombstone: users no longer see the thread, while its rows and index entries are being removed. */
  deleted: boolean;
  /** Null when no run has ended on the thread. */
  lastRun: LastRun | null;
  revision: number;
  /** The last revision that the index is known to have. */
  indexed: number;
}

/** The row in SQLite. */
export type ThreadRow = {
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
  last_run: string | null;
};

/** The initial content of a thread. */
export interface NewThread {
  threadId: string;
  metadata: JsonObject;
  config: JsonObject;
  status: ThreadStatus;
  ttl: ThreadTtl | null;
  temporary: boolean;
}

/** The row of a new thread. */
export function newThreadRow(thread: NewThread): ThreadRow {
  const at = now();
  return {
    thread_id: thread.threadId,
    status: thread.status,
    metadata: JSON.stringify(thread.metadata),
    config: JSON.stringify(thread.config),
    error: null,
    ttl: thread.ttl === null ? null : JSON.stringify(thread.ttl),
    temporary: thread.temporary ? 1 : 0,
    deleted: 0,
    pruned: 0,
    created_at: at,
    updated_at: at,
    // The first revision is the time, so that it is larger than any that the index has of an earlier thread with this id.
    revision: at,
    indexed: 0,
    last_run: null,
  };
}

/** The thread that a row holds. */
export const toStoredThread = (row: ThreadRow): StoredThread => ({
  threadId: row.thread_id,
  status: row.status,
  metadata: parseJson(row.metadata),
  config: parseJson(row.config),
  error: row.error,
  ttl: parseJsonOrNull(row.ttl),
  temporary: row.temporary === 1,
  deleted: row.deleted === 1,
  lastRun: parseJsonOrNull(row.last_run),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  revision: row.revision,
  indexed: row.indexed,
});
