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

/** Rows of each kind written in one batch. */
const AT_ONCE = 40;
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
    private readonly snapshotOf: (thread: StoredThread) => Promise<ThreadSnapshot>,
  ) {}

  /**
   * Writes what D1 does not know yet, after the writes that are under way; callers that wait together share them.
   * @returns whether D1 then knew everything
   */
  flush(): Promise<boolean> {
    this.last = this.last.then(() => this.writeAll());
    return this.last;
  }

  /** Whether D1 is behind. */
  isBehind(): boolean {
    return (
      this.runs.unindexed(1).length > 0 ||
      this.threads.unindexed(1).some((thread) => !this.isInvisible(thread))
    );
  }

  private async writeAll(): Promise<boolean> {
    try {
      while (await this.writeSome());
      this.failures = 0;
      return true;
    } catch (error) {
      this.failures += 1;
      logError("the index could not be written", error, { failures: this.failures });
      return false;
    }
  }

  /** Writes one batch. @returns whether there was anything to write */
  private async writeSome(): Promise<boolean> {
    const runs = this.runs.unindexed(AT_ONCE);
    const threads = this.threads.unindexed(AT_ONCE);
    if (runs.length + threads.length === 0) return false;
    const { DB } = this.env;
    const statements = runs.map((run) => (run.deleted ? deleteRunRow(DB, run.runId) : upsertRun(DB, run)));
    const ending = new Set(
      threads.filter((thread) => this.isEnding(thread)).map((thread) => thread.threadId),
    );
    for (const thread of threads) {
      if (!ending.has(thread.threadId))
        statements.push(upsertThread(DB, thread, await this.snapshotOf(thread)));
      else if (thread.deleted || thread.indexed > 0) statements.push(deleteThreadRow(DB, thread.threadId));
    }
    if (statements.length > 0) await within(D1_LIMIT_MS, "D1", DB.batch(statements));
    let removed = 0;
    this.storage.transactionSync(() => {
      for (const run of runs) this.runs.noteIndexed(run);
      for (const thread of threads) {
        if (!ending.has(thread.threadId)) this.threads.noteIndexed(thread.threadId, thread.revision);
        else if (this.removeIfOver(thread.threadId)) removed += 1;
      }
    });
    return statements.length + removed > 0;
  }

  /** Whether the thread is on its way out: deleted, or made for runs that have all ended. */
  private isEnding(thread: StoredThread): boolean {
    return thread.deleted || (thread.temporary && this.runs.unfinished(thread.threadId).length === 0);
  }

  /** Whether the index neither has the thread nor is to get it. */
  private isInvisible(thread: StoredThread): boolean {
    return this.isEnding(thread) && thread.indexed === 0 && !thread.deleted;
  }

  /** Removes an ending thread with all that belongs to it, unless something of it is still needed. */
  private removeIfOver(threadId: string): boolean {
    const thread = this.threads.find(threadId);
    if (thread === undefined || !this.isEnding(thread)) return false;
    // A run of it that D1 does not have yet, or whose webhook is still to be called.
    if (this.runs.hasAny(threadId)) return false;
    deleteThreadRows(this.storage.sql, threadId);
    this.threads.remove(threadId);
    return true;
  }
}
