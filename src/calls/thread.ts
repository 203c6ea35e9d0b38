/** A thread as its object keeps it and as the API shows it. */
import { toIso } from "../platform/clock";
import type { JsonObject } from "../platform/json";
import type { Thread, ThreadSnapshot, ThreadStatus } from "../wire/threads/thread";
import type { ThreadTtl } from "../wire/threads/ttl";

/** A thread without its state. Instants are in ms since the epoch. */
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

/** The thread as the API shows it. */
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
