/**
 * Runs that have no row. The run of a firing on a temporary thread mostly ends within moments, while its cron waits for the
 * answer. Such a run is kept in memory until D1 has its record, and neither it nor its thread is ever stored here. Until the cron
 * has the answer, the cron's claimed slot is what remembers the run: when this host dies, the cron asks D1 for the record, and sends
 * the run again if there is none.
 *
 * A run is stored earlier when the cron waits no longer, when anybody else asks for the run, when the run saves a checkpoint, and
 * before anything else changes the run or its thread.
 */
import type { ThreadRow } from "../record/thread-row";
import type { SparseTable } from "../sparse-table";
import type { RunRow } from "./run-row";

interface UnstoredRun {
  run: RunRow;
  /** Null when the run has ended: its thread is gone then. */
  thread: ThreadRow | null;
}

export class UnstoredRuns {
  private readonly byRunId = new Map<string, UnstoredRun>();

  constructor(
    private readonly storage: DurableObjectStorage,
    private readonly threadsTable: SparseTable,
    private readonly runsTable: SparseTable,
  ) {}

  add(run: RunRow, thread: ThreadRow): void {
    this.byRunId.set(run.run_id, { run, thread });
  }

  /** The row that the run would have; undefined when the run is stored, or not here. */
  run(runId: string): RunRow | undefined {
    return this.byRunId.get(runId)?.run;
  }

  /** The row that the thread would have; undefined when the thread is stored, or not here. */
  thread(threadId: string): ThreadRow | undefined {
    return this.onThread(threadId)?.thread ?? undefined;
  }

  /** The ids of the thread's unstored runs that have not ended: one or none. */
  unfinishedIds(threadId: string): string[] {
    const found = this.onThread(threadId);
    return found === undefined ? [] : [found.run.run_id];
  }

  /** The runs that have ended, and of which D1 does not have the record yet. */
  ended(): RunRow[] {
    return [...this.byRunId.values()].filter(({ thread }) => thread === null).map(({ run }) => run);
  }

  isEmpty(): boolean {
    return this.byRunId.size === 0;
  }

  /** Notes how the run has ended. Its thread is gone. */
  end(run: RunRow): void {
    this.byRunId.set(run.run_id, { run, thread: null });
  }

  /**
   * Stores the run, and its thread if it has not ended, unless they are stored. Not to be called in a transaction that may be rolled
   * back: the run would be lost.
   */
  store(runId: string): void {
    const unstored = this.byRunId.get(runId);
    if (unstored === undefined) return;
    const { run, thread } = unstored;
    this.storage.transactionSync(() => {
      if (thread !== null) this.threadsTable.insert(thread);
      this.runsTable.insert(run);
    });
    this.byRunId.delete(runId);
  }

  /** Stores the thread and its run, if they are not stored. */
  storeThread(threadId: string): void {
    for (const runId of this.unfinishedIds(threadId)) this.store(runId);
  }

  /** Forgets the run and its thread: the run is stored, or D1 has its record. @returns whether the run was not stored */
  forget(runId: string): boolean {
    return this.byRunId.delete(runId);
  }

  private onThread(threadId: string): UnstoredRun | undefined {
    return [...this.byRunId.values()].find(({ thread }) => thread?.thread_id === threadId);
  }
}
