/**
 * Sends each cron a report of how its runs have ended, again and again until the cron acknowledges it. The cron answers a
 * report with the changes of its own row in the index. The index is therefore written after the answer, but it waits for the
 * answer at most a second.
 */
import type { ReportAnswer } from "../../calls/cron-entry";
import { cronObject } from "../../calls/cron-calls";
import { runLogFields } from "../../calls/run";
import { backoffMs, REPORT_BACKOFF } from "../../platform/backoff";
import { now } from "../../platform/clock";
import { within } from "../../platform/deadline";
import { asDomainError } from "../../platform/errors";
import { logError } from "../../platform/log";
import { REPORT_CALL_MS } from "../../platform/time-limits";
import { SHORT_OF_SPACE, type RunReport } from "../../calls/run-report";
import type { Env } from "../../platform/config";
import type { FinalStatus, Run } from "../../wire/runs/run";
import type { IndexWriter } from "../index-writer";
import type { ThreadContext } from "../thread-context";
import type { StoredRun } from "./run-row";

/** Reports that are sent at the same time. The limit is high, so that a few crons that do not answer delay no others. */
const MAX_AT_ONCE = 50;
/** The index is written at the latest this long after a report was sent, whether or not the cron has answered. */
const ANSWER_WAIT_MS = 1_000;

/** Stands for the answer of a cron that does not exist any more. Its runs stay in D1. */
const NO_CRON: ReportAnswer = { entry: null, keepsRecord: true };

export class Reports {
  /** The reports that wait for an answer, by the id of the run. */
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(
    private readonly context: ThreadContext,
    private readonly index: IndexWriter,
  ) {}

  /** Sends all reports that are due, at most {@link MAX_AT_ONCE} at the same time. Returns at once. */
  sendDue(): void {
    while (this.underWay.size < MAX_AT_ONCE && this.context.hasTables()) {
      const run = this.context.reportStore.nextDue(this.underWay.keys());
      if (run === undefined) return;
      const { runId } = run;
      const sent = this.send(run)
        .finally(() => this.underWay.delete(runId))
        .then(() => {
          this.sendDue();
        })
        .catch((error: unknown) => {
          // The run's row still says that the report is due, so the alarm sends it again.
          logError("the reporting of a run broke off", error, runLogFields(run));
        });
      this.underWay.set(runId, sent);
    }
  }

  /**
   * Waits until the cron has answered the report of the run, but at most {@link ANSWER_WAIT_MS}. The entry of a later answer is
   * written to the index by a later write. Never throws.
   */
  async waitForAnswer(runId: string): Promise<void> {
    const report = this.underWay.get(runId);
    if (report !== undefined)
      await within(ANSWER_WAIT_MS, "the cron's object", report).catch(() => undefined);
  }

  /** When the next report is due (ms) of those that are not under way; null when none is. */
  nextAt(): number | null {
    return this.context.hasTables() ? this.context.reportStore.nextAt(this.underWay.keys()) : null;
  }

  /** Whether no report is under way. */
  isIdle(): boolean {
    return this.underWay.size === 0;
  }

  /** Settles when no report is under way. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay.values());
  }

  /** Sends the report of a run once, and notes whether the cron has acknowledged it. */
  private async send(run: StoredRun): Promise<void> {
    const answer = await this.callCron(run);
    if (!this.context.hasTables()) return;
    if (answer !== undefined) {
      this.context.reportStore.acknowledge(run.runId, answer);
      // The run may be removed now.
      this.context.state.waitUntil(this.index.settle());
      return;
    }
    const nextAt = now() + backoffMs(REPORT_BACKOFF, run.reportAttempts + 1, run.runId);
    this.context.reportStore.postpone(run.runId, nextAt);
    this.context.alarm.ringForWork(nextAt);
  }

  /** Calls the cron's object. Never throws. @returns the cron's answer; undefined when it did not answer */
  private async callCron(run: StoredRun): Promise<ReportAnswer | undefined> {
    if (run.cron === null) return NO_CRON;
    try {
      const answer = cronObject(this.context.env, run.cron.cronId).runEnded(
        reportOf(run, this.context.storage.sql),
      );
      return await within(REPORT_CALL_MS, "the cron's object", answer);
    } catch (error) {
      if (asDomainError(error)?.code === "cron.not_found") return NO_CRON;
      logError("a run could not be reported to its cron", error, runLogFields(run));
      return undefined;
    }
  }
}

/**
 * Tells the cron of an ended run how it has ended, before the record of the run is deleted. The cron lists the run no more. Never
 * throws.
 */
export async function tellOfDeletion(
  env: Env,
  { metadata: { cron_id: cronId } }: Pick<Run, "metadata">,
  report: RunReport,
): Promise<void> {
  if (typeof cronId !== "string") return;
  try {
    await within(REPORT_CALL_MS, "the cron's object", cronObject(env, cronId).runDeleted(report));
  } catch (error) {
    if (asDomainError(error) !== undefined) return;
    logError("a cron could not be told of a run that is deleted", error, {
      cron_id: cronId,
      run_id: report.runId,
      thread_id: report.threadId,
    });
  }
}

/** Bytes that the SQLite of an object may have. */
const OBJECT_SIZE_LIMIT = 10_000_000_000;

/**
 * The report of a run that has ended, as its cron expects it.
 * @param sql the storage of the run's thread
 */
export const reportOf = (run: StoredRun, sql: SqlStorage): RunReport => ({
  runId: run.runId,
  threadId: run.threadId,
  // The row of a run that was rolled back says `interrupted` and `deleted`.
  status: run.deleted && run.status === "interrupted" ? "rolled_back" : (run.status as FinalStatus),
  waiting: run.waiting,
  error: run.error,
  createdAt: run.createdAt,
  attempts: run.attempts,
  startedAt: run.startedAt,
  endedAt: run.updatedAt,
  inputTokens: run.usage?.inputTokens ?? 0,
  outputTokens: run.usage?.outputTokens ?? 0,
  ...spaceUsed(sql),
});

/** The part of the object's space that is in use, if the object is short of space. */
function spaceUsed({ databaseSize }: SqlStorage): Pick<RunReport, "spaceUsed"> {
  const used = Math.round((databaseSize / OBJECT_SIZE_LIMIT) * 1000) / 1000;
  return used >= SHORT_OF_SPACE ? { spaceUsed: used } : {};
}
