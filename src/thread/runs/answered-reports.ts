/**
 * The reports that crons get as the answer to enqueuing a run. Such a run ended while its cron waited, so no report is sent to
 * the cron. The answer may be lost; the cron then asks for the run. For that the reports are remembered in memory, and the record
 * in D1 serves when this memory is gone.
 */
import type { RunReport } from "../../calls/run-report";
import { now } from "../../platform/clock";

/** How many reports are remembered. */
const MAX_REMEMBERED = 1_000;

export class AnsweredReports {
  /** The runs whose crons wait for the answer. */
  private readonly awaited = new Set<string>();
  /** The last reports that were given as answers, by the id of the run, oldest first. */
  private readonly remembered = new Map<string, RunReport>();
  /** Reports of runs that were sent here since this instant (ms) are all remembered. */
  private completeSince = now();

  /** From now on the cron of this run waits for the answer. */
  await(runId: string): void {
    this.awaited.add(runId);
  }

  /** Whether the cron of the run waits for the answer. */
  isAwaited(runId: string): boolean {
    return this.awaited.has(runId);
  }

  /** Remembers the report of a run whose cron waits. */
  remember(report: RunReport): void {
    this.remembered.set(report.runId, report);
    const [oldest] = this.remembered.keys();
    if (this.remembered.size <= MAX_REMEMBERED || oldest === undefined) return;
    this.remembered.delete(oldest);
    this.completeSince = now();
  }

  /** The cron of this run waits no longer. */
  stopAwaiting(runId: string): void {
    this.awaited.delete(runId);
  }

  /** The report that was given as the answer; undefined when it is not remembered. */
  recall(runId: string): RunReport | undefined {
    return this.remembered.get(runId);
  }

  /** Whether the report of a run that was sent here at `since` (ms) or later would be remembered. */
  isCompleteSince(since: number): boolean {
    return since >= this.completeSince;
  }
}
