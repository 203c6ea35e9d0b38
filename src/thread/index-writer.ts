/**
 * Brings D1 up to date with a thread object. The object's rows say by their revisions what D1 does not know yet, so a write
 * that failed or whose answer was lost is simply made again. What is over is removed here once D1 has it.
 */
import { type CronEntry } from "../calls/cron-entry";
import { updateCronEntry } from "../d1/crons-table";
import { deleteRunRow, deleteRunsOfThread, upsertRun, withoutContent } from "../d1/runs-table";
import { deleteThreadRow, upsertThread } from "../d1/threads-table";
import { now } from "../platform/clock";
import type { Env } from "../platform/config";
import { DeadlineError, within } from "../platform/deadline";
import { logError } from "../platform/log";
import { D1_CALL_MS } from "../platform/time-limits";
import type { ThreadSnapshot } from "../wire/threads";
import { deleteThreadRows } from "./checkpoints/checkpoint-tables";
import type { StoredThread, ThreadStore } from "./record/thread-store";
import type { StoredRun } from "./runs/run-row";
import type { RunStore } from "./runs/run-store";

/** Rows of each kind written in one batch; a run or a thread may take up to 2 MB. */
const AT_ONCE = 10;
/** For so long a run has just begun; the alarm of its object comes later than that. */
const FRESH_MS = 900;

/** Statements, and what to note here when D1 has taken them. */
interface IndexWrite {
  /** Of the run or the thread. */
  id: string;
  statements: D1PreparedStatement[];
  /** @returns whether that left less to do */
  note: () => boolean;
}

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
      /** What is to be written for the run's cron. */
      cronEntryOf: (run: StoredRun) => CronEntry | null;
      /** Whether the run's cron knows how it ended, and its row is yet to say so; `written` was written for the cron. */
      takeReported: (runId: string, written: CronEntry | null) => boolean;
      /** The run is written: what its cron has answered meanwhile is to be written next. */
      noteLateReport: (runId: string) => void;
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
    const refused = new Set<string>();
    try {
      while (this.object.exists() && (await this.writeSome(begunBefore, refused)));
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
   * Writes one batch, and removes what is over.
   * @param refused the ids of rows that D1 has refused, which are left out; those that it refuses now are added
   * @returns whether there is more to write
   */
  private async writeSome(begunBefore: number, refused: Set<string>): Promise<boolean> {
    const before = refused.size;
    const { writes, isFull } = await this.due(begunBefore, refused);
    if (writes.length === 0) return false;
    const landed = await this.send(writes, refused);
    const progress = this.storage.transactionSync(() => landed.map(({ note }) => note()));
    // What has changed meanwhile has asked for a write of its own.
    return isFull && (progress.includes(true) || refused.size > before);
  }

  /** What D1 does not know, as far as it fits a batch, and whether there may be more. */
  private async due(
    begunBefore: number,
    refused: ReadonlySet<string>,
  ): Promise<{ writes: IndexWrite[]; isFull: boolean }> {
    const { DB } = this.env;
    const limit = AT_ONCE + refused.size;
    const runs = this.runs.unindexed(limit, begunBefore);
    const threads = this.threads.unindexed(limit, begunBefore);
    const ending = this.threads.ending(AT_ONCE, this.object.streamed());
    const writes: IndexWrite[] = [];
    for (const run of runs) {
      if (refused.has(run.runId)) continue;
      const statement = this.statementFor(run);
      const entry = this.object.cronEntryOf(run);
      writes.push({
        id: run.runId,
        statements: entry === null ? [statement] : [statement, updateCronEntry(DB, entry)],
        note: () => {
          this.runs.noteIndexed(run, this.object.takeReported(run.runId, entry));
          this.object.noteLateReport(run.runId);
          return true;
        },
      });
    }
    for (const thread of threads) {
      const { threadId, revision } = thread;
      if (refused.has(threadId)) continue;
      const statement = thread.deleted
        ? deleteThreadRow(DB, threadId)
        : upsertThread(DB, thread, await this.object.snapshotOf(thread));
      writes.push({
        id: threadId,
        statements: [statement],
        note: () => {
          this.threads.noteIndexed(threadId, revision);
          return true;
        },
      });
    }
    for (const { threadId, deleted } of ending) {
      // Also when the index is not known to have it: the answer to an earlier write may have been lost.
      writes.push({
        id: threadId,
        statements: [
          deleteThreadRow(DB, threadId),
          // The runs of a thread that was made for them stay in the index.
          ...(deleted ? deleteRunsOfThread(DB, threadId, now()) : []),
        ],
        note: () => this.removeThread(threadId),
      });
    }
    const isFull = runs.length === limit || threads.length === limit || ending.length === AT_ONCE;
    return { writes, isFull };
  }

  /** What D1 is told of a run: of a deleted thread nothing but what the history of its cron keeps. */
  private statementFor(run: StoredRun): D1PreparedStatement {
    const { DB } = this.env;
    const isThreadDeleted = this.threads.find(run.threadId)?.deleted === true;
    if (run.deleted || (isThreadDeleted && run.cron === null)) return deleteRunRow(DB, run.runId);
    return upsertRun(DB, isThreadDeleted ? withoutContent(run) : run);
  }

  /** Sends writes together, or where D1 refuses that, one by one: a row that it does not take must not hold up the others. */
  private async send(writes: IndexWrite[], refused: Set<string>): Promise<IndexWrite[]> {
    try {
      await this.batch(writes);
      return writes;
    } catch (error) {
      if (writes.length === 1 || error instanceof DeadlineError) throw error;
      const landed: IndexWrite[] = [];
      const failed: IndexWrite[] = [];
      for (const write of writes) {
        await this.batch([write]).then(
          () => landed.push(write),
          () => failed.push(write),
        );
      }
      // Where nothing lands the rows are not the matter.
      if (landed.length === 0) throw error;
      for (const { id } of failed) refused.add(id);
      return landed;
    }
  }

  private async batch(writes: IndexWrite[]): Promise<void> {
    const statements = writes.flatMap((write) => write.statements);
    await within(D1_CALL_MS, "D1", this.env.DB.batch(statements));
  }

  /** @returns false when more runs of it wait for the next batch */
  private removeThread(threadId: string): boolean {
    if (this.runs.needThread(threadId)) return false;
    deleteThreadRows(this.storage.sql, threadId);
    this.threads.remove(threadId);
    return true;
  }
}
