/**
 * Writes the runs and threads of a thread object to the index in D1. A row whose `revision` is larger than its `indexed` has
 * changes that D1 lacks, so a write that failed or whose answer was lost is simply made again. Ended runs and threads are
 * removed from the object once D1 has them.
 */
import { updateCronEntry } from "../d1/crons-table";
import { deleteRunRow, deleteRunsOfThread, upsertRun, withoutContent } from "../d1/runs-table";
import { deleteThreadRow, MAX_INDEXED_VALUES_BYTES, upsertThread } from "../d1/threads-table";
import { now } from "../platform/clock";
import { DeadlineError, within } from "../platform/deadline";
import { logError } from "../platform/log";
import { D1_CALL_MS } from "../platform/time-limits";
import type { ThreadSnapshot } from "../wire/threads/thread";
import { latestStateBytes } from "./checkpoints/channel-values";
import { deleteCheckpointsOfThread } from "./checkpoints/checkpoint-deletion";
import type { StoredThread } from "./record/thread-row";
import type { StoredRun } from "./runs/run-row";
import { readSnapshot } from "./state/thread-state";
import type { ThreadContext } from "./thread-context";

/** Rows of each kind (runs, threads, threads to remove) in one batch. A run or a thread may take up to 2 MB. */
const ROWS_PER_BATCH = 10;
/** A run counts as new for this many ms. The alarm's handler, which looks every second while runs are executed, then writes it. */
const NEW_RUN_MS = 900;

/** The statements for one run or thread, and the change of its row here once D1 has executed them. */
interface IndexWrite {
  /** The id of the run or the thread. */
  id: string;
  statements: D1PreparedStatement[];
  /** Notes in the object that D1 has executed the statements. @returns whether less is left to write than before */
  markIndexed: () => boolean;
}

export class IndexWriter {
  /** The write that was asked for last. It may be waiting for an earlier one. Resolves to whether it succeeded. */
  private lastWrite: Promise<boolean> = Promise.resolve(true);
  /** The write that waits for the one under way; undefined when none waits. */
  private waitingWrite: Promise<boolean> | undefined;
  /** Whether the waiting write includes new runs. */
  private waitingIncludesNewRuns = false;
  /** How many writes have failed in a row. The alarm handler computes from it when the next write is due. */
  failures = 0;

  constructor(private readonly context: ThreadContext) {}

  /**
   * Writes all changes that D1 lacks, and empties the object if nothing is left in it.
   * @param includeNewRuns also writes runs that have just begun. Without it they are left out, because most runs end soon and
   *   are then written once. The alarm writes those that take longer.
   */
  async settle({ includeNewRuns = false } = {}): Promise<void> {
    if (!this.context.hasTables()) return;
    const isWritten = await this.write(includeNewRuns);
    // While D1 is down, acknowledged reports are stored in the runs' rows, so that no host reports them again.
    if (!isWritten && this.context.hasTables()) this.context.reportStore.storeAcknowledgements();
    await this.context.emptyIfUnused();
  }

  /**
   * Writes all changes that D1 lacks. If a write is under way, the next one begins after it; all callers that wait share it.
   * @returns whether the write succeeded
   */
  private write(includeNewRuns: boolean): Promise<boolean> {
    this.waitingIncludesNewRuns ||= includeNewRuns;
    this.waitingWrite ??= this.lastWrite.then(() => {
      const createdBefore = this.waitingIncludesNewRuns ? Infinity : now() - NEW_RUN_MS;
      this.waitingWrite = undefined;
      this.waitingIncludesNewRuns = false;
      return this.writeAll(createdBefore);
    });
    this.lastWrite = this.waitingWrite;
    return this.waitingWrite;
  }

  /** Whether D1 lacks changes, or the object still has threads that it can remove. */
  isBehind(): boolean {
    return (
      this.context.runs.unindexed(1, Infinity).length > 0 ||
      this.context.threads.unindexed(1, Infinity).length > 0 ||
      this.context.threads.removable(1, this.context.events.threadsWithEvents()).length > 0
    );
  }

  /** Writes batches until nothing is left, or until a batch fails. @returns whether all was written */
  private async writeAll(createdBefore: number): Promise<boolean> {
    const refused = new Set<string>();
    try {
      while (this.context.hasTables() && (await this.writeBatch(createdBefore, refused)));
      if (refused.size > 0) throw new Error(`rows that D1 refuses: ${[...refused].join(", ")}`);
      this.failures = 0;
      return true;
    } catch (error) {
      this.failures += 1;
      logError("the index could not be written", error, { failures: this.failures });
      return false;
    }
  }

  /**
   * Writes one batch, and removes the runs and threads that have ended.
   * @param createdBefore runs that were created after this instant (ms) and have not ended are left out
   * @param refused the ids of runs and threads that D1 has refused. They are left out, and newly refused ids are added
   * @returns whether there is more to write
   */
  private async writeBatch(createdBefore: number, refused: Set<string>): Promise<boolean> {
    const refusedBefore = refused.size;
    const { writes, isFull } = await this.nextBatch(createdBefore, refused);
    if (writes.length === 0) return false;
    const executed = await this.send(writes, refused);
    const progress = this.context.storage.transactionSync(() =>
      executed.map(({ markIndexed }) => markIndexed()),
    );
    // A change that was made during this write has called `settle` itself.
    return isFull && (progress.includes(true) || refused.size > refusedBefore);
  }

  /** The next batch of writes. `isFull` says that there may be more. */
  private async nextBatch(
    createdBefore: number,
    refused: ReadonlySet<string>,
  ): Promise<{ writes: IndexWrite[]; isFull: boolean }> {
    const limit = ROWS_PER_BATCH + refused.size;
    const runs = this.context.runs.unindexed(limit, createdBefore);
    const threads = this.context.threads.unindexed(limit, createdBefore);
    const removable = this.context.threads.removable(ROWS_PER_BATCH, this.context.events.threadsWithEvents());
    const writes = runs.filter(({ runId }) => !refused.has(runId)).map((run) => this.writeOfRun(run));
    for (const thread of threads) {
      if (!refused.has(thread.threadId)) writes.push(await this.writeOfThread(thread));
    }
    writes.push(...removable.map((thread) => this.removalOfThread(thread)));
    const isFull = runs.length === limit || threads.length === limit || removable.length === ROWS_PER_BATCH;
    return { writes, isFull };
  }

  /** Writes a run, together with the changes of its cron's row. The run's own row is deleted here when it has ended. */
  private writeOfRun(run: StoredRun): IndexWrite {
    const { runs, reportStore } = this.context;
    const statement = this.statementFor(run);
    const entry = reportStore.entryOf(run.runId) ?? run.cronEntry;
    return {
      id: run.runId,
      statements: entry === null ? [statement] : [statement, updateCronEntry(this.context.env.DB, entry)],
      markIndexed: () => {
        runs.noteIndexed(run, reportStore.settleAcknowledged(run.runId, entry));
        reportStore.storeLateAcknowledgement(run.runId);
        return true;
      },
    };
  }

  /** Writes a thread with its values and interrupts, which searches read. A deleted thread is deleted. */
  private async writeOfThread(thread: StoredThread): Promise<IndexWrite> {
    const { DB } = this.context.env;
    const { threadId, revision, deleted } = thread;
    const statements = deleted
      ? [deleteThreadRow(DB, threadId)]
      : upsertThread(DB, thread, await this.snapshotOf(thread));
    return {
      id: threadId,
      statements,
      markIndexed: () => {
        this.context.threads.noteIndexed(threadId, revision);
        return true;
      },
    };
  }

  /** What the index holds of a thread's state. A state that is too large for it is not even read. */
  private async snapshotOf(thread: StoredThread): Promise<ThreadSnapshot> {
    const { storage } = this.context;
    // A thread that is idle has no interrupts that wait.
    const isValuesOnly = thread.status === "idle";
    if (isValuesOnly && latestStateBytes(storage.sql, thread.threadId) > MAX_INDEXED_VALUES_BYTES) {
      return { values: null, interrupts: {} };
    }
    return readSnapshot(storage, thread, this.context.lists);
  }

  /**
   * Removes a thread from the index and then from the object. The index may have the thread although no write of it was
   * answered, because the answer may have been lost.
   */
  private removalOfThread(thread: StoredThread): IndexWrite {
    const { threadId, deleted } = thread;
    const { DB } = this.context.env;
    return {
      id: threadId,
      statements: [
        deleteThreadRow(DB, threadId),
        // The runs of a deleted thread go with it. The runs of a temporary thread stay in the index.
        ...(deleted ? deleteRunsOfThread(DB, thread, now()) : []),
      ],
      markIndexed: () => this.removeThread(threadId),
    };
  }

  /** The statement that writes a run. A run of a deleted thread is deleted, or stays without content for its cron's history. */
  private statementFor(run: StoredRun): D1PreparedStatement {
    const { DB } = this.context.env;
    const thread = this.context.threads.find(run.threadId);
    const isThreadDeleted = thread?.deleted === true;
    if (run.deleted || (isThreadDeleted && run.cron === null)) return deleteRunRow(DB, run.runId);
    // A run whose thread is not here had a temporary thread, which went with it.
    const indexed = { ...run, threadTemporary: thread?.temporary ?? true, cronId: run.cron?.cronId ?? null };
    return upsertRun(DB, isThreadDeleted ? withoutContent(indexed) : indexed);
  }

  /**
   * Sends the writes in one batch. If D1 refuses the batch, sends them one by one, so that one bad row does not block the rest.
   * @returns the writes that D1 has executed; the ids of the others are added to `refused`
   */
  private async send(writes: IndexWrite[], refused: Set<string>): Promise<IndexWrite[]> {
    try {
      await this.batch(writes);
      return writes;
    } catch (error) {
      if (writes.length === 1 || error instanceof DeadlineError) throw error;
      const executed: IndexWrite[] = [];
      const failed: IndexWrite[] = [];
      for (const write of writes) {
        await this.batch([write]).then(
          () => executed.push(write),
          () => failed.push(write),
        );
      }
      // If every write fails, the rows are not the reason.
      if (executed.length === 0) throw error;
      for (const { id } of failed) refused.add(id);
      return executed;
    }
  }

  /** Sends the writes in one batch. @throws DeadlineError; whatever D1 throws */
  private async batch(writes: IndexWrite[]): Promise<void> {
    const statements = writes.flatMap((write) => write.statements);
    await within(D1_CALL_MS, "D1", this.context.env.DB.batch(statements));
  }

  /** Removes the thread from the object. @returns false when runs of the thread still have to be written first */
  private removeThread(threadId: string): boolean {
    if (this.context.runs.needsThread(threadId)) return false;
    deleteCheckpointsOfThread(this.context.storage.sql, threadId);
    this.context.threads.remove(threadId);
    return true;
  }
}
