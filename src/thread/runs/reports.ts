/**
 * Tells crons how the runs that they made have ended: at least once each, until they acknowledge it. The index is written after
 * the answer, which says what to write for the cron, but does not wait for it longer than a second.
 */
import type { CronEntry } from "../../calls/cron-entry";
import { type RunReport } from "../../calls/run-report";
import { backoffMs, REPORT_BACKOFF } from "../../platform/backoff";
import { now } from "../../platform/clock";
import { within } from "../../platform/deadline";
import { asDomainError } from "../../platform/errors";
import { logError } from "../../platform/log";
import { REPORT_CALL_MS } from "../../platform/time-limits";
import type { FinalStatus } from "../../wire/runs";
import type { ReportStore } from "./report-store";
import type { StoredRun } from "./run-row";

/** Reports at once: some that hang hold up no others. */
const MAX_AT_ONCE = 50;
const HEAD_START_MS = 1_000;

/** What the reports need of the object that holds their runs. */
export interface ReportHost {
  /** Whether the object still has its tables. */
  exists: () => boolean;
  /**
   * Gives the cron the report.
   * @returns what the index is to have of the cron, if anything
   * @throws cron.not_found when it is gone, and whatever else fails
   */
  report: (cronId: string, report: RunReport) => Promise<CronEntry | null>;
  /** A report was acknowledged, and its run may be over with it. */
  acknowledged: () => void;
  /** A report is to be made again at this instant (ms). */
  postponed: (nextAt: number) => void;
}

export class Reports {
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(
    private readonly store: ReportStore,
    private readonly host: ReportHost,
  ) {}

  /** Begins to send what is due, a few at a time, and goes on while something is. */
  sendDue(): void {
    while (this.underWay.size < MAX_AT_ONCE && this.host.exists()) {
      const run = this.store.nextDue(this.underWay.keys());
      if (run === undefined) return;
      const { runId } = run;
      const sent = this.send(run)
        .finally(() => this.underWay.delete(runId))
        .then(() => {
          this.sendDue();
        })
        .catch((error: unknown) => {
          // The row is as it was: the alarm comes back to it.
          logError("the reporting of a run broke off", error, { run_id: runId });
        });
      this.underWay.set(runId, sent);
    }
  }

  /** Settles when the report of this run is answered, or after a second: what the cron has to write can come later. */
  async answered(runId: string): Promise<void> {
    const report = this.underWay.get(runId);
    if (report !== undefined) await within(HEAD_START_MS, "the cron's object", report).catch(() => undefined);
  }

  /** When a report is due that is not under way (ms); null when none is. */
  nextAt(): number | null {
    return this.host.exists() ? this.store.nextAt(this.underWay.keys()) : null;
  }

  isIdle(): boolean {
    return this.underWay.size === 0;
  }

  /** Settles when no report is under way. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay.values());
  }

  private async send(run: StoredRun): Promise<void> {
    const answer = await this.deliver(run);
    if (!this.host.exists()) return;
    if (answer !== undefined) {
      this.store.acknowledge(run.runId, answer.entry);
      this.host.acknowledged();
      return;
    }
    const nextAt = now() + backoffMs(REPORT_BACKOFF, run.reportAttempts + 1);
    this.store.postpone(run.runId, nextAt);
    this.host.postponed(nextAt);
  }

  /** @returns what the cron answers, also one that is gone; undefined when it did not */
  private async deliver(run: StoredRun): Promise<{ entry: CronEntry | null } | undefined> {
    if (run.cron === null) return { entry: null };
    try {
      const report = this.host.report(run.cron.cronId, reportOf(run));
      return { entry: await within(REPORT_CALL_MS, "the cron's object", report) };
    } catch (error) {
      if (asDomainError(error)?.code === "cron.not_found") return { entry: null };
      logError("a run could not be reported to its cron", error, { run_id: run.runId });
      return undefined;
    }
  }
}

/** The report of a run that has ended. */
export const reportOf = (run: StoredRun): RunReport => ({
  runId: run.runId,
  threadId: run.threadId,
  // A run that was rolled back ends as interrupted, and is to be taken out of the index.
  status: run.deleted && run.status === "interrupted" ? "rolled_back" : (run.status as FinalStatus),
  waiting: run.waiting,
  error: run.error,
  attempts: run.attempts,
  startedAt: run.startedAt,
  endedAt: run.updatedAt,
  inputTokens: run.usage?.inputTokens ?? 0,
  outputTokens: run.usage?.outputTokens ?? 0,
});
