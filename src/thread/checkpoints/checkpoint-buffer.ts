/**
 * Writes of the checkpoint saver on their way to the tables. Unbuffered they are there when `add` returns;
 * buffered they wait for `flush`, which comes by itself in the next macrotask: a graph that never waits for
 * I/O can finish before that, and an ephemeral thread then never writes a row.
 */
import {
  isWrites,
  readPart,
  writePart,
  writesPart,
  type CheckpointKey,
  type CheckpointPart,
} from "./checkpoint-parts";
import {
  deleteRunRows,
  deleteThreadRows,
  findCheckpoints,
  readCheckpoint,
  readWrites,
  writeCheckpoint,
  type CheckpointQuery,
  type CheckpointRow,
} from "./checkpoint-tables";

const idOf = ({ threadId, ns, checkpointId }: CheckpointKey, part?: string) =>
  JSON.stringify([threadId, ns, checkpointId, part]);

/** The rows of a saver, stored or still to be: readers see both. */
export class CheckpointBuffer {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #buffered: boolean;
  readonly #onFlush: (() => void) | undefined;
  readonly #checkpoints = new Map<string, CheckpointRow>();
  readonly #parts = new Map<string, CheckpointPart>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timedFlushFailed = false;
  #closed = false;

  /** @param onFlush called in each transaction that writes */
  constructor(storage: DurableObjectStorage, buffered: boolean, onFlush?: () => void) {
    this.#storage = storage;
    this.#onFlush = onFlush;
    this.#sql = storage.sql;
    this.#buffered = buffered;
  }

  /** Adds rows that belong together. Throws after `close`, and if an earlier flush by the timer failed and fails again. */
  add(parts: CheckpointPart[], checkpoint?: CheckpointRow): void {
    if (this.#closed) throw new Error("The run has ended, its checkpoints are no longer saved");
    if (this.#timedFlushFailed) this.flush();
    if (checkpoint) this.#checkpoints.set(idOf(checkpoint), checkpoint);
    // All come from one run, which has one layer in a part.
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
      // The caller learns of it and may put again; a later put must not fail because of this one.
      this.discard();
      throw error;
    }
  }

  /** Writes everything in one transaction. If that fails it throws and the buffer is kept. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#checkpoints.size + this.#parts.size > 0) {
      this.#storage.transactionSync(() => {
        const writes = Map.groupBy(this.#parts.values(), (part) => (isWrites(part) ? idOf(part) : ""));
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

  /** Drops what was not flushed yet. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timedFlushFailed = false;
    this.#checkpoints.clear();
    this.#parts.clear();
  }

  /** Drops what was not flushed yet and refuses whatever else is added. */
  close(): void {
    this.discard();
    this.#closed = true;
  }

  /** The checkpoints that match, newest first. */
  find(query: CheckpointQuery): CheckpointKey[] {
    this.flush();
    return findCheckpoints(this.#sql, query);
  }

  /** One checkpoint, buffered or stored. */
  checkpoint(key: CheckpointKey): CheckpointRow | undefined {
    return this.#checkpoints.get(idOf(key)) ?? readCheckpoint(this.#sql, key);
  }

  /** The layers of writes that a task has to a checkpoint, oldest first. */
  writesOfTask(key: CheckpointKey, taskId: string): CheckpointPart[] {
    const part = writesPart(taskId);
    const buffered = this.#parts.get(idOf(key, part));
    const stored = readWrites(this.#sql, key, taskId);
    return buffered ? [...stored.filter(({ layer }) => layer !== buffered.layer), buffered] : stored;
  }

  /** The writes of all tasks to a checkpoint. */
  writes(key: CheckpointKey): CheckpointPart[] {
    this.flush();
    return readWrites(this.#sql, key);
  }

  /** A large channel value. */
  value(key: CheckpointKey, part: string): Uint8Array {
    this.flush();
    return readPart(this.#sql, key, part);
  }

  /** Deletes everything of a thread, buffered or stored. */
  deleteThread(threadId: string): void {
    for (const pending of [this.#checkpoints, this.#parts]) {
      for (const [id, row] of pending) if (row.threadId === threadId) pending.delete(id);
    }
    this.#storage.transactionSync(() => {
      deleteThreadRows(this.#sql, threadId);
    });
  }

  /** Deletes what a run wrote to a thread. */
  deleteRun(threadId: string, runId: string): void {
    this.flush();
    this.#storage.transactionSync(() => {
      deleteRunRows(this.#sql, threadId, runId);
    });
  }

  #flushByTimer(): void {
    try {
      this.flush();
    } catch {
      // Nobody listens here. The buffer is kept, so the next call tries again and throws if that fails too.
      this.#timedFlushFailed = true;
    }
  }
}
