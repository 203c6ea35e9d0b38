/**
 * Runs that have begun and have no row yet. The run of a firing on a temporary thread mostly ends within moments, while its cron
 * waits for the answer. Such a run is stored once, with its end, and its thread is never stored. Until then the cron's claimed
 * slot is what remembers the run: when this host dies, the cron sends the run again.
 *
 * A run and its thread are stored earlier when the cron waits no longer, when the run saves a checkpoint, and before anything
 * else changes one of them.
 */
import { insertThreadRow, type ThreadRow } from "../record/thread-row";
import { insertRunRow, type RunRow } from "./run-row";

export class UnstoredRuns {
  private readonly byRunId = new Map<string, { run: RunRow; thread: ThreadRow }>();

  constructor(private readonly storage: DurableObjectStorage) {}

  add(run: RunRow, thread: ThreadRow): void {
    this.byRunId.set(run.run_id, { run, thread });
  }

  /** The row that the run would have; undefined when the run is stored, or not here. */
  run(runId: string): RunRow | undefined {
    return this.byRunId.get(runId)?.run;
  }

  /** The row that the thread would have; undefined when the thread is stored, or not here. */
  thread(threadId: string): ThreadRow | undefined {
    return this.ofThread(threadId)?.thread;
  }

  /** The ids of the thread's unstored runs: one or none. */
  runIdsOf(threadId: string): string[] {
    const found = this.ofThread(threadId);
    return found === undefined ? [] : [found.run.run_id];
  }

  isEmpty(): boolean {
    return this.byRunId.size === 0;
  }

  /**
   * Stores the run and its thread, if they are not stored. Not to be called in a transaction that may be rolled back: the run
   * would be lost.
   */
  store(runId: string): void {
    const unstored = this.byRunId.get(runId);
    if (unstored === undefined) return;
    this.storage.transactionSync(() => {
      insertThreadRow(this.storage.sql, unstored.thread);
      insertRunRow(this.storage.sql, unstored.run);
    });
    this.byRunId.delete(runId);
  }

  /** Stores the thread and its run, if they are not stored. */
  storeThread(threadId: string): void {
    for (const runId of this.runIdsOf(threadId)) this.store(runId);
  }

  /** Forgets the run and its thread: the run has ended and is stored with its end. */
  forget(runId: string): void {
    this.byRunId.delete(runId);
  }

  private ofThread(threadId: string): { run: RunRow; thread: ThreadRow } | undefined {
    return [...this.byRunId.values()].find(({ thread }) => thread.thread_id === threadId);
  }
}
