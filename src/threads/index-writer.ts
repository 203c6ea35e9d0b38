/**
 * Brings D1 up to date with a thread object. The object's rows say by their revisions what D1 does not know yet, so a write
 * that failed or whose answer was lost is simply made again. What is over is removed here once D1 has it.
 */
import { now } from "../clock";
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
/** For so long a run has just begun; the alarm of its object comes later than that. */
const FRESH_MS = 900;

export class IndexWriter {
  /** The write that is under way, or the one that waits for it. */
  private last: Promise<boolean> = Promise.resolve(true);
  /** The write that has not begun. */
  private next: Promise<boolean> | undefined;
  /** Whether that is to write what has just begun, too. */
  private nextHasFresh = false;
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
      /** Whether the run's cron knows how it ended, and its row is yet to say so. */
      takeReported: (runId: string) => boolean;
      /** Threads whose streams can still be asked for. */
      streamed: () => string[];
    },
  ) {}

  /**
   * Writes what D1 does not know yet, after the write that is under way; all who ask meanwhile share the one that follows.
   * @param fresh also runs that have just begun. Most of them end soon, and are then written once; what takes longer the alarm
   *   sees to.
   * @returns whether that succeeded
   */
  flush({ fresh = false } = {}): Promise<boolean> {
    this.nextHasFresh ||= fresh;
    this.next ??= this.last.then(() => {
      const since = this.nextHasFresh ? Infinity : now() - FRESH_MS;
      this.next = undefined;
      this.nextHasFresh = false;
      return this.writeAll(since);
    });
    this.last = this.next;
    return this.next;
  }

  /** Whether D1 is behind, or something is left here that D1 has taken over. */
  isBehind(): boolean {
    return (
      this.runs.unindexed(1, Infinity).length > 0 ||
      this.threads.unindexed(1, Infinity).length > 0 ||
      this.threads.ending(1, this.object.streamed()).length > 0
    );
  }

  private async writeAll(begunBefore: number): Promise<boolean> {
    try {
      while (this.object.exists() && (await this.writeSome(begunBefore)));
      this.failures = 0;
      return true;
    } catch (error) {
      this.failures += 1;
      logError("the index could not be written", error, { failures: this.failures });
      return false;
    }
  }

  /** Writes one batch, and removes what is over. @returns whether there is more to write */
  private async writeSome(begunBefore: number): Promise<boolean> {
    const { DB } = this.env;
    const runs = this.runs.unindexed(AT_ONCE, begunBefore);
    const threads = this.threads.unindexed(AT_ONCE, begunBefore);
    const ending = this.threads.ending(AT_ONCE, this.object.streamed());
    if (runs.length + threads.length + ending.length === 0) return false;
    const statements = runs.map((run) => (run.deleted ? deleteRunRow(DB, run.runId) : upsertRun(DB, run)));
    for (const thread of threads) {
      if (thread.deleted) statements.push(deleteThreadRow(DB, thread.threadId));
      else statements.push(upsertThread(DB, thread, await this.object.snapshotOf(thread)));
    }
    // Also when the index is not known to have it: the answer to an earlier write may have been lost.
    for (const thread of ending) statements.push(deleteThreadRow(DB, thread.threadId));
    await within(D1_LIMIT_MS, "D1", DB.batch(statements));
    return this.storage.transactionSync(() => {
      for (const run of runs) this.runs.noteIndexed(run, this.object.takeReported(run.runId));
      for (const thread of threads) this.threads.noteIndexed(thread.threadId, thread.revision);
      // Not if more runs of it wait for the next batch.
      const over = ending.filter(({ threadId }) => !this.runs.hasAny(threadId));
      for (const { threadId } of over) {
        deleteThreadRows(this.storage.sql, threadId);
        this.threads.remove(threadId);
      }
      // What has changed meanwhile has asked for a write of its own.
      const more = [runs, threads, ending].some((rows) => rows.length === AT_ONCE);
      return more && runs.length + threads.length + over.length > 0;
    });
  }
}
