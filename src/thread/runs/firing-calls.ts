/** The calls by which a cron fires: it has the run of a slot enqueued, finds it again, and asks which of its runs have not ended. */
import type { NewRun } from "../../calls/run";
import { isFinal } from "../../calls/run";
import type { RunReport } from "../../calls/run-report";
import type { EnqueueOptions, FoundRun, ThreadFiringCalls } from "../../calls/thread-calls";
import { now } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import type { IndexWriter } from "../index-writer";
import type { ThreadContext } from "../thread-context";
import { EndWaits } from "./end-waits";
import { reportOf } from "./reports";
import type { RunCalls } from "./run-calls";
import type { RunQueue } from "./run-queue";

export class FiringCalls implements ThreadFiringCalls {
  private readonly endWaits = new EndWaits();

  constructor(
    private readonly context: ThreadContext,
    private readonly index: IndexWriter,
    private readonly queue: RunQueue,
    private readonly runCalls: RunCalls,
  ) {}

  /**
   * Stores the run of a cron, and starts it if its turn has come. With `answerWithinMs` the answer waits for the end of the run. A run that has
   * ended here lately is not made again.
   * @throws thread.not_found, also when the checkpoint to start from does not exist; run.conflict; run.too_late
   */
  async enqueueRun(
    run: NewRun,
    { cronEntry = null, notAfter = Infinity, answerWithinMs = 0 }: EnqueueOptions = {},
  ): Promise<RunReport | null> {
    if (now() > notAfter) throw new DomainError("run.too_late", "the call came too late");
    const { answeredReports, recentEnds, alarm } = this.context;
    // If its end is not the answer, a report tells the cron of it.
    if (recentEnds.has(run.runId)) return answeredReports.recall(run.runId) ?? null;
    if (answerWithinMs === 0) {
      this.runCalls.takeIn(run, cronEntry);
      this.endAnswering(run.runId);
      return null;
    }
    answeredReports.await(run.runId);
    try {
      this.runCalls.takeIn(run, cronEntry, { cronWaits: true });
      // The queue logs it when the run is cut off. The alarm starts the run again.
      const ended = this.queue.outcome(run.runId);
      if (ended !== undefined) await this.endWaits.untilSettled(ended, answerWithinMs);
    } finally {
      this.endAnswering(run.runId);
    }
    // Until here the cron would have asked for the run if this host had died. From here on the alarm does what is left: the run
    // goes on, the index lacks it, or its thread stays and has a time to live.
    const isLeft = this.context.hasTables() && this.context.threads.find(run.threadId) !== undefined;
    if (isLeft || this.context.storedRun(run.runId) !== undefined) alarm.ringSoon();
    return answeredReports.recall(run.runId) ?? null;
  }

  /** What this object knows of the run of a cron; see `thread-calls.ts`. */
  async findRun(runId: string, since: number): Promise<FoundRun> {
    const { answeredReports, alarm } = this.context;
    this.endAnswering(runId);
    const stored = this.context.storedRun(runId);
    const report = answeredReports.recall(runId) ?? null;
    if (stored === undefined) {
      // A host may have died after it removed the row of the run, and before it removed that of the thread. The alarm removes it.
      if (this.context.hasTables() && this.index.isBehind()) alarm.ringSoon();
      if (report !== null) return { found: true, report };
      return { found: false, isCertain: answeredReports.isCompleteSince(since) };
    }
    alarm.ringSoon();
    const isAnswered = isFinal(stored.status) && stored.reportAt === null && !stored.deleted;
    return { found: true, report: isAnswered ? reportOf(stored, this.context.storage.sql) : null };
  }

  /** Those of the runs that this object has and that have not ended. Does not ask D1. */
  async unfinishedRuns(runIds: string[]): Promise<string[]> {
    return runIds.filter((runId) => {
      const run = this.context.storedRun(runId);
      return run !== undefined && !isFinal(run.status);
    });
  }

  /**
   * The cron of the run waits no longer for the answer: the time is over, or it has heard of the run in another way. It relies on
   * the run from here on, so the run is stored, and its end is reported.
   */
  private endAnswering(runId: string): void {
    this.context.answeredReports.stopAwaiting(runId);
    this.context.unstoredRuns.store(runId);
  }
}
