/** A thread as its object keeps it and as the API shows it. */
import { toIso } from "../platform/clock";
import type { JsonObject } from "../platform/json";

export type ThreadStatus = "idle" | "busy" | "interrupted" | "error";

/** How long a thread lives without being touched. */
export interface ThreadTtl {
  /** What becomes of it then: it is deleted, or only its latest state is kept. */
  strategy: "delete" | "keep_latest";
  /** Minutes. */
  ttl: number;
}

/** A thread without its state. Instants in ms since the epoch. */
export interface ThreadRecord {
  threadId: string;
  status: ThreadStatus;
  metadata: JsonObject;
  config: JsonObject;
  error: string | null;
  ttl: ThreadTtl | null;
  createdAt: number;
  updatedAt: number;
}

/** What the checkpoints say of a thread. */
export interface ThreadSnapshot {
  /** The values of its state; null before the first run. */
  values: unknown;
  /** Interrupts that wait for an answer, by task id. */
  interrupts: JsonObject;
}

/** A thread as the API shows it. */
export interface Thread extends ThreadSnapshot {
  thread_id: string;
  created_at: string;
  updated_at: string;
  metadata: JsonObject;
  status: ThreadStatus;
  config: JsonObject;
  error: string | null;
}

/** A thread that was found, with what was to be extracted of it. */
export interface FoundThread extends Thread {
  extracted?: JsonObject;
}

export function toWireThread(thread: ThreadRecord, snapshot: ThreadSnapshot): Thread {
  return {
    thread_id: thread.threadId,
    created_at: toIso(thread.createdAt),
    updated_at: toIso(thread.updatedAt),
    metadata: thread.metadata,
    status: thread.status,
    config: thread.config,
    error: thread.error,
    values: snapshot.values,
    interrupts: snapshot.interrupts,
  };
}
