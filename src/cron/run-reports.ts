/** What a cron does when it is told that one of its runs has ended. */
import type { ReportAnswer, RunReport } from "../calls/run-report";
import { toIso } from "../platform/clock";
import type { Advance } from "./advance";
import type { Alerts } from "./alerts";
import type { CronContext } from "./cron-context";
import type { CronIndex } from "./cron-index";
import type { DefinitionChanges } from "./definition-changes";
import { failed, withReport } from "../calls/cron-progress";
import { removeIfBeyondHistory } from "./retention";

export class RunReports {
  constructor(
    private readonly context: CronContext,
    private readonly alerts: Alerts,
    private readonly changes: DefinitionChanges,
    private readonly index: CronIndex,
    private readonly advance: Advance,
  ) {}

  /** Answers the report of a run that has ended; see `runEnded` in `cron-calls.ts`. @throws cron.not_found */
  receive(report: RunReport): ReportAnswer {
    const { record, alarm, state } = this.context;
    const { isFirst, keepsRecord } = record.transaction(() => this.countRun(report));
    const entry = this.index.entry();
    // The caller may have given up waiting for the answer to a first report, so a repeated report settles nothing.
    if (entry !== null && isFirst) record.noteIndexed(entry.revision);
    // When no slot is to come, no alarm is set. D1 would then never learn of this end if the host died now.
    const isLast = entry === null && record.require().nextRunAt === null;
    if (this.needsAdvance() || isLast) alarm.ringForSafety();
    state.waitUntil(this.advance.doDueWorkOrLeaveToAlarm({ runEnded: true }));
    return { entry, keepsRecord };
  }

  /**
   * Counts the run, updates its slot, alerts the owner of a failure, and pauses the cron after too many failures.
   * @returns `isFirst` is false for a repeated report, which changes nothing. `keepsRecord` is as in {@link ReportAnswer}
   */
  private countRun(report: RunReport): { isFirst: boolean; keepsRecord: boolean } {
    const { record, ledger } = this.context;
    const { definition, progress } = record.require();
    const run = progress.running.find(({ runId }) => runId === report.runId);
    const progressAfter = withReport(progress, report);
    if (run === undefined || progressAfter === undefined) return { isFirst: false, keepsRecord: true };
    record.update({ progress: progressAfter });
    const slot = { scheduledFor: run.scheduledFor, manual: run.origin === "manual" };
    if (report.status === "rolled_back") ledger.markRolledBack(slot);
    // The thread object removes the run from D1, not the cron: the thread object may be about to write the run there.
    const keepsRecord = !removeIfBeyondHistory(this.context, slot);
    if (failed(report)) {
      this.alerts.add("cron.run_failed", {
        run_id: report.runId,
        thread_id: report.threadId,
        scheduled_for: toIso(run.scheduledFor),
        status: report.status,
        error: report.error,
        attempts: report.attempts,
      });
      const maxFailures = definition.policy.pause_after_failures;
      if (maxFailures !== null && progressAfter.failuresInARow >= maxFailures) {
        this.changes.pause(`paused after ${progressAfter.failuresInARow} failed runs in a row`);
      }
    }
    return { isFirst: true, keepsRecord };
  }

  /** Whether a slot is held back until a run ends, or an alert waits to be sent. An advance is then needed. */
  private needsAdvance(): boolean {
    const { record, ledger } = this.context;
    const { pendingFrom } = record.require();
    const isHeldBack = ledger.pending(pendingFrom).some(({ heldBy }) => heldBy !== null);
    return isHeldBack || this.alerts.nextDue() !== null;
  }
}
