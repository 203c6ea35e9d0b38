/** Writes the rows of a run and its thread when the run is created, fails and ends, each time in one transaction. */
import type { CronEntry } from "../../calls/cron-entry";
import type { CronTerms, NewRun } from "../../calls/run";
import type { RunReport } from "../../calls/run-report";
import { now } from "../../platform/clock";
import type { ThreadTtl } from "../../wire/threads/ttl";
import type { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import { findCheckpoints } from "../checkpoints/checkpoint-tables";
import { agentStatus } from "../protocol/run-events";
import { newThreadRow, type LastRun, type NewThread, type StoredThread } from "../record/thread-row";
import { defaultTtl } from "../record/ttl";
import type { ThreadContext } from "../thread-context";
import { reportOf } from "./reports";
import { stopped, type Outcome, type StopReason } from "./outcome";
import { newRunRow, type StoredRun } from "./run-row";
import { withRunConfig, withThreadConfig } from "./thread-config";

export class RunRecords {
  constructor(private readonly context: ThreadContext) {}

  /**
   * Stores a run and marks its thread as busy. Creates the thread when it is undefined.
   * @param cronWaits whether the run's cron waits for its end. The run is then stored later if it can be; see `unstored-runs.ts`
   */
  enqueue(
    newRun: NewRun,
    thread: StoredThread | undefined,
    start: { startsNow: boolean; cronEntry: CronEntry | null; cronWaits: boolean },
  ): void {
    const run = withThreadConfig(thread, newRun);
    if (thread === undefined && start.cronWaits && start.startsNow && leavesNothing(run)) {
      this.context.unstoredRuns.add(newRunRow(run, start), newThreadRow(threadOf(run)));
      return;
    }
    this.context.storage.transactionSync(() => {
      this.occupyThread(run, thread);
      this.context.runs.insert(run, start);
    });
  }

  /**
   * Notes that an attempt has failed and that the next is due at `nextAt` (ms). The checkpoints of the attempt stay. Closes the
   * saver, so that a graph that is still executing can no longer save.
   */
  fail(run: StoredRun, { error }: Outcome, saver: CheckpointSaver, nextAt: number): void {
    this.context.unstoredRuns.store(run.runId);
    this.context.storage.transactionSync(() => {
      saver.flush();
      saver.close();
      this.context.runs.markFailed(run, error, nextAt);
    });
  }

  /**
   * Notes how the run has ended, and what its thread is then. After a rollback, deletes the run's checkpoints. Closes the saver.
   * @param reason why the run was told to stop; undefined when it ended by itself
   */
  end(run: StoredRun, outcome: Outcome, saver: CheckpointSaver, reason?: StopReason): void {
    const { unstoredRuns } = this.context;
    const thread = this.context.threads.find(run.threadId);
    const hasOtherRuns = this.context.runs.unfinishedIds(run.threadId).some((runId) => runId !== run.runId);
    // A temporary thread is removed after its last run, unless it waits for an answer.
    const lastingThread =
      thread?.temporary === true && !outcome.waiting && !hasOtherRuns ? undefined : thread;
    if (lastingThread !== undefined) unstoredRuns.store(run.runId);
    const answered = this.context.storage.transactionSync(() => {
      // The checkpoints of a thread that is removed need not be written, except for a webhook that sends their values.
      if (lastingThread === undefined && run.kwargs.webhook === undefined) saver.discard();
      else saver.flush();
      // A graph that ignored the abort may still be executing. Its saves are refused from now on.
      saver.close();
      if (reason === "rollback") saver.deleteRun(run.threadId, run.runId);
      const report = this.markFinished(run, outcome, { isRolledBack: reason === "rollback", thread });
      if (lastingThread === undefined) return report;
      if (reason === "rollback" && !hasOtherRuns && this.isLeftEmpty(run)) {
        this.context.threads.markDeleted(run.threadId);
      } else if (!lastingThread.deleted) {
        const lastRun = reason === "rollback" ? lastingThread.lastRun : this.lastRunOf(run, outcome);
        this.releaseThread(lastingThread, run, outcome, { hasOtherRuns, lastRun });
      }
      return report;
    });
    if (answered === null) unstoredRuns.forget(run.runId);
    else this.context.answeredReports.remember(answered);
    if (run.cron !== null) this.context.recentEnds.note(run.runId);
  }

  /** Notes in the row of the run how it has ended. @returns the report, if the run's cron gets it as an answer; otherwise null */
  private markFinished(
    run: StoredRun,
    outcome: Outcome,
    { isRolledBack, thread }: { isRolledBack: boolean; thread: StoredThread | undefined },
  ): RunReport | null {
    const { runs, answeredReports } = this.context;
    const at = now();
    if (isRolledBack) {
      // D1 keeps no record of this run, which could prove later that there was one. So the end is reported, and not answered.
      const end = { ...stopped("rollback"), rolledBack: true, callsWebhook: false, answeredReport: null };
      runs.markFinished(run, end, at);
      return null;
    }
    const { status, error } = outcome;
    const waiting = outcome.waiting && outcome.refused !== true;
    // The runs of a deleted thread call no webhooks.
    const callsWebhook = run.kwargs.webhook !== undefined && thread?.deleted !== true;
    const answeredReport = answeredReports.isAwaited(run.runId)
      ? reportOf({ ...run, status, error, waiting, updatedAt: at }, this.context.storage.sql)
      : null;
    runs.markFinished(run, { status, error, waiting, rolledBack: false, callsWebhook, answeredReport }, at);
    return answeredReport;
  }

  /** Notes in the row of a thread how its run has ended. */
  private releaseThread(
    thread: StoredThread,
    run: StoredRun,
    outcome: Outcome,
    { hasOtherRuns, lastRun }: { hasOtherRuns: boolean; lastRun: LastRun | null },
  ): void {
    const error = outcome.refused === true ? null : outcome.error;
    const statusAfterRun = outcome.waiting ? "interrupted" : error === null ? "idle" : "error";
    this.context.threads.update(run.threadId, {
      status: hasOtherRuns ? "busy" : statusAfterRun,
      error: error === null ? null : JSON.stringify(error),
      lastRun,
      // A temporary thread that waits for an answer becomes a lasting one, so that the answer and its result can be read.
      ...(thread.temporary && outcome.waiting ? { temporary: false, ttl: ttlOf(run) } : {}),
    });
  }

  /** What the thread remembers of a run that ends now. */
  private lastRunOf({ runId }: StoredRun, outcome: Outcome): LastRun {
    const position = this.context.events.position();
    return { runId, status: agentStatus(outcome), error: outcome.error, position };
  }

  /** Whether the thread was made for this run alone and has no checkpoints. */
  private isLeftEmpty({ cron, threadId }: StoredRun): boolean {
    if (cron?.ownsThread !== true) return false;
    return findCheckpoints(this.context.storage.sql, { threadId, ns: "", limit: 1 }).length === 0;
  }

  /** Marks the thread of a new run as busy, or creates it. */
  private occupyThread(run: NewRun, thread: StoredThread | undefined): void {
    if (thread === undefined) {
      this.context.threads.insert(threadOf(run));
    } else {
      this.context.threads.update(run.threadId, {
        status: "busy",
        metadata: { ...thread.metadata, graph_id: run.graphId, assistant_id: run.assistantId },
        config: withRunConfig(thread.config, run.kwargs),
      });
    }
  }
}

/** Whether nothing of the run and its thread stays when the run has ended: no thread, no events, no call of a webhook. */
const leavesNothing = ({ temporary, kwargs }: NewRun): boolean =>
  temporary && kwargs.webhook === undefined && kwargs.stream_resumable !== true;

/** The thread that a run creates. */
const threadOf = (run: NewRun): NewThread => ({
  threadId: run.threadId,
  metadata: { graph_id: run.graphId, assistant_id: run.assistantId, ...run.metadata },
  config: withRunConfig({}, run.kwargs),
  status: "busy",
  ttl: run.temporary ? null : ttlOf(run),
  temporary: run.temporary,
});

/** The time to live of a thread that a run creates: that of its cron, or else the default of the deployment. */
const ttlOf = ({ cron }: { cron: CronTerms | null }): ThreadTtl | null => cron?.ttl ?? defaultTtl();
