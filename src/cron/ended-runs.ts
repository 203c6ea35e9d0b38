/** Counts the runs of a cron that have ended, with what follows from an end: the slot, alerts, a pause. */
import type { RunReport } from "../calls/run-report";
import { failed, withReport } from "../calls/cron-progress";
import { toIso } from "../platform/clock";
import type { Alerts } from "./alerts";
import type { CronContext } from "./cron-context";
import type { CronChange } from "./record";
import type { DefinitionChanges } from "./definition-changes";
import { removeIfBeyondHistory } from "./retention";

export class EndedRuns {
  constructor(
    private readonly context: CronContext,
    private readonly alerts: Alerts,
    private readonly changes: DefinitionChanges,
  ) {}

  /**
   * Counts the run, updates its slot, alerts the owner of a failure and of a thread that is short of space, and pauses the cron after too many failures.
   * To be called in a transaction.
   * @param furtherChange what else changes in the cron's row, in the same write
   * @param isEndInLedger whether the slot's row says already how the run has ended
   * @returns `isFirst` is false for a repeated report, which changes nothing. `keepsRecord` is as in {@link ReportAnswer}
   */
  count(
    report: RunReport,
    {
      furtherChange = {},
      isEndInLedger = false,
    }: { furtherChange?: CronChange; isEndInLedger?: boolean } = {},
  ): { isFirst: boolean; keepsRecord: boolean } {
    const { record, ledger } = this.context;
    const { definition, progress } = record.require();
    const run = progress.running.find(({ runId }) => runId === report.runId);
    const progressAfter = withReport(progress, report);
    if (run === undefined || progressAfter === undefined) return { isFirst: false, keepsRecord: true };
    record.update({ ...furtherChange, progress: progressAfter });
    const slot = { scheduledFor: run.scheduledFor, manual: run.origin === "manual" };
    if (report.status === "rolled_back") ledger.markRolledBack(slot);
    if (!isEndInLedger) ledger.markEnded(slot, report);
    // The thread object removes the run from D1, not the cron: the thread object may be about to write the run there.
    const keepsRecord = !removeIfBeyondHistory(this.context, slot);
    if (report.spaceUsed !== undefined && progress.spaceUsed === null) {
      this.alerts.add("cron.thread_almost_full", {
        run_id: report.runId,
        thread_id: report.threadId,
        space_used: report.spaceUsed,
      });
    }
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

  /** Whether slots are held back until a run ends, or an alert waits to be sent. The cron then needs an advance. */
  needAdvance(): boolean {
    const { record, ledger } = this.context;
    const isHeldBack = ledger.pending(record.require().pendingFrom).some(({ heldBy }) => heldBy !== null);
    return isHeldBack || this.alerts.nextDue() !== null;
  }
}
