/**
 * The rows of a checkpoint saver on their way to the tables. Without buffering, rows are stored when `add` returns. With
 * buffering, they are collected in memory and stored by a timer in the next macrotask, or by `flush`. A graph that never waits
 * for I/O ends before the timer, so that a temporary thread, whose checkpoints are then dropped, never writes a row.
 */
import { deleteCheckpointsOfRun, deleteCheckpointsOfThread } from "./checkpoint-deletion";
import {
  isWrites,
  readPacks,
  readPart,
  writePart,
  writesPart,
  type CheckpointKey,
  type CheckpointPart,
} from "./checkpoint-parts";
import {
  findCheckpoints,
  readCheckpoint,
  readWrites,
  writeCheckpoint,
  type CheckpointQuery,
  type CheckpointRow,
} from "./checkpoint-tables";
import { compressPacked } from "./packed-entries";

const idOf = ({ threadId, ns, checkpointId }: CheckpointKey, part?: string) =>
  JSON.stringify([threadId, ns, checkpointId, part]);

/** What is called when rows are written. */
export interface FlushHooks {
  beforeFlush?: (() => void) | undefined;
  onFlush?: (() => void) | undefined;
  isStored?: (() => boolean) | undefined;
}

/** Writes the rows of one saver. Its methods that read see stored and buffered rows alike. */
export class CheckpointBuffer {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #buffered: boolean;
  readonly #beforeFlush: (() => void) | undefined;
  readonly #onFlush: (() => void) | undefined;
  readonly #isStored: () => boolean;
  readonly #checkpoints = new Map<string, CheckpointRow>();
  readonly #parts = new Map<string, CheckpointPart>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timedFlushFailed = false;
  #closed = false;

  /**
   * @param buffered whether rows are collected in memory first
   * @param hooks `beforeFlush` is called before each transaction that writes rows, `onFlush` in it. `isStored` says whether the
   *   tables may have rows of the saver's thread; while they have none, SQLite is not asked
   */
  constructor(
    storage: DurableObjectStorage,
    buffered: boolean,
    { beforeFlush, onFlush, isStored = () => true }: FlushHooks = {},
  ) {
    this.#beforeFlush = beforeFlush;
    this.#isStored = isStored;
    this.#storage = storage;
    this.#onFlush = onFlush;
    this.#sql = storage.sql;
    this.#buffered = buffered;
  }

  /**
   * Adds a checkpoint and parts that belong to it, or parts alone.
   * @throws after `close`; when the rows cannot be written; and when a write by the timer has failed and fails again
   */
  add(parts: CheckpointPart[], checkpoint?: CheckpointRow): void {
    if (this.#closed) throw new Error("The run has ended, its checkpoints are no longer saved");
    if (this.#timedFlushFailed) this.flush();
    if (checkpoint) this.#checkpoints.set(idOf(checkpoint), checkpoint);
    // All parts come from the saver's run, and a run has one layer of each part.
    for (const part of parts) this.#parts.set(idOf(part, part.part), part);
    if (this.#buffered) {
      this.#timer ??= setTimeout(() => {
        this.#flushByTimer();
      }, 0);
      return;
    }
    try {
      this.flush();
    } catch (error) {
      // The caller gets the error and may save again. Rows that cannot be written must not make later calls fail.
      this.discard();
      throw error;
    }
  }

  /** Writes everything in one transaction. @throws when that fails; the buffer is then kept */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#checkpoints.size + this.#parts.size > 0) {
      this.#beforeFlush?.();
      this.#storage.transactionSync(() => {
        const parts = Array.from(this.#parts.values(), (part) =>
          isWrites(part) ? { ...part, bytes: compressPacked(part.bytes) } : part,
        );
        const writes = Map.groupBy(parts, (part) => (isWrites(part) ? idOf(part) : ""));
        for (const [id, row] of this.#checkpoints) {
          writeCheckpoint(this.#sql, row, writes.get(id) ?? []);
          writes.delete(id);
        }
        for (const part of [...writes.values()].flat()) writePart(this.#sql, part);
        this.#onFlush?.();
      });
    }
    this.discard();
  }

  /** Drops the rows that are not written yet. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timedFlushFailed = false;
    this.#checkpoints.clear();
    this.#parts.clear();
  }

  /** Drops the rows that are not written yet, and refuses all that are added later. */
  close(): void {
    this.discard();
    this.#closed = true;
  }

  /** The keys of the checkpoints that match, newest first. Writes the buffer first. */
  find(query: CheckpointQuery): CheckpointKey[] {
    this.flush();
    return this.#isStored() ? findCheckpoints(this.#sql, query) : [];
  }

  /** One checkpoint, buffered or stored. */
  checkpoint(key: CheckpointKey): CheckpointRow | undefined {
    const buffered = this.#checkpoints.get(idOf(key));
    return buffered ?? (this.#isStored() ? readCheckpoint(this.#sql, key) : undefined);
  }

  /** Whether a checkpoint is buffered or stored. */
  has(key: CheckpointKey): boolean {
    if (this.#checkpoints.has(idOf(key))) return true;
    return this.#isStored() && findCheckpoints(this.#sql, { ...key, limit: 1 }).length > 0;
  }

  /** The writes of one task to a checkpoint: its layers, oldest first. */
  writesOfTask(key: CheckpointKey, taskId: string): CheckpointPart[] {
    const part = writesPart(taskId);
    const buffered = this.#parts.get(idOf(key, part));
    const stored = this.#isStored() ? readWrites(this.#sql, key, taskId) : [];
    return buffered ? [...stored.filter(({ layer }) => layer !== buffered.layer), buffered] : stored;
  }

  /** The writes of all tasks to a checkpoint, older layers of a task first. */
  writes(key: CheckpointKey): CheckpointPart[] {
    this.flush();
    return this.#isStored() ? readWrites(this.#sql, key) : [];
  }

  /** The bytes of a large channel value. @param part the name of the value's part, see `valuePart` */
  value(key: CheckpointKey, part: string): Uint8Array {
    this.flush();
    return readPart(this.#sql, key, part);
  }

  /** The bytes of packs of a thread, by their ids. Packs that are not stored are left out. */
  packs(threadId: string, ids: string[]): Map<string, Uint8Array> {
    this.flush();
    return readPacks(this.#sql, threadId, ids);
  }

  /** Deletes all checkpoints of a thread, buffered or stored. */
  deleteThread(threadId: string): void {
    for (const pending of [this.#checkpoints, this.#parts]) {
      for (const [id, row] of pending) if (row.threadId === threadId) pending.delete(id);
    }
    this.#storage.transactionSync(() => {
      deleteCheckpointsOfThread(this.#sql, threadId);
    });
  }

  /** Deletes the checkpoints and writes of a run. */
  deleteRun(threadId: string, runId: string): void {
    this.flush();
    this.#storage.transactionSync(() => {
      deleteCheckpointsOfRun(this.#sql, threadId, runId);
    });
  }

  #flushByTimer(): void {
    try {
      this.flush();
    } catch {
      // A timer has no caller that could get the error. The next `add` writes again, and throws when that fails too.
      this.#timedFlushFailed = true;
    }
  }
}
