/**
 * Brings D1 up to date with a thread object. The object's rows say by their revisions what D1 does not know yet, so a write
 * that failed or whose answer was lost is simply made again. What is over is removed here once D1 has it.
 */
import type { Env } from "../config";
import { within } from "../deadline";
import { deleteRunRow, upsertRun } from "../runs/runs-table";
import type { RunStore } from "../runs/run-store";
import { logError } from "../log";
import { deleteThreadRows } from "./checkpoint-tables";
import type { ThreadSnapshot } from "./thread";
import type { StoredThread, ThreadStore } from "./thread-store";
import { deleteThreadRow, upsertThread } from "./threads-table";

/** Rows of each kind written in one batch; a run or a thread may take up to 2 MB. */
const AT_ONCE = 10;
const D1_LIMIT_MS = 5_000;

export class IndexWriter {
  private last: Promise<boolean> = Promise.resolve(true);
  /** Failures in a row, for the back-off of whoever retries. */
  failures = 0;

  constructor(
    private readonly storage: DurableObjectStorage,
    private readonly env: Env,
    private readonly runs: RunStore,
    private readonly threads: ThreadStore,
    private readonly object: {
      /** Whether the object still has its tables: a flush may come after everything has been removed. */
      exists: () => boolean;
      snapshotOf: (thread: StoredThread) => Promise<ThreadSnapshot>;
      /** Whether something of an ending thread is needed yet. */
      isNeeded: (thread: StoredThread) => boolean;
    },
  ) {}

  /**
   * Writes what D1 does not know yet, after the writes that are under way; callers that wait together share them.
   * @returns whether D1 then knew everything
   */
  flush(): Promise<boolean> {
    this.last = this.last.then(() => this.writeAll());
    return this.last;
  }

  /** Whether D1 is behind, or something is left here that D1 has taken over. */
  isBehind(): boolean {
    const left = this.threads.ending(AT_ONCE).some((thread) => !this.object.isNeeded(thread));
    return left || this.runs.unindexed(1).length > 0 || this.threads.unindexed(1).length > 0;
  }

  private async writeAll(): Promise<boolean> {
    try {
      while (this.object.exists() && (await this.writeSome()));
      this.failures = 0;
      return true;
    } catch (error) {
      this.failures += 1;
      logError("the index could not be written", error, { failures: this.failures });
      return false;
    }
  }

  /** Writes one batch, and removes what is over. @returns whether that got anywhere */
  private async writeSome(): Promise<boolean> {
    const { DB } = this.env;
    const runs = this.runs.unindexed(AT_ONCE);
    const threads = this.threads.unindexed(AT_ONCE);
    const ending = this.threads.ending(AT_ONCE);
    if (runs.length + threads.length + ending.length === 0) return false;
    const statements = runs.map((run) => (run.deleted ? deleteRunRow(DB, run.runId) : upsertRun(DB, run)));
    for (const thread of threads)
      statements.push(upsertThread(DB, thread, await this.object.snapshotOf(thread)));
    // Also when the index is not known to have it: the answer to an earlier write may have been lost.
    for (const thread of ending) statements.push(deleteThreadRow(DB, thread.threadId));
    await within(D1_LIMIT_MS, "D1", DB.batch(statements));
    return this.storage.transactionSync(() => {
      for (const run of runs) this.runs.noteIndexed(run);
      for (const thread of threads) this.threads.noteIndexed(thread.threadId, thread.revision);
      const over = ending.filter((thread) => !this.object.isNeeded(thread));
      for (const { threadId } of over) {
        deleteThreadRows(this.storage.sql, threadId);
        this.threads.remove(threadId);
      }
      return runs.length + threads.length + over.length > 0;
    });
  }
}
