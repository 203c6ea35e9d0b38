/** What a cron does when it is told that one of its runs has ended. */
import type { ReportAnswer } from "../calls/cron-entry";
import type { RunReport } from "../calls/run-report";
import type { Advance } from "./advance";
import type { CronContext } from "./cron-context";
import type { CronIndex } from "./cron-index";
import type { Alerts } from "./alerts";
import type { EndedRuns } from "./ended-runs";
import { isFinished } from "./finished";

export class RunReports {
  constructor(
    private readonly context: CronContext,
    private readonly alerts: Alerts,
    private readonly index: CronIndex,
    private readonly endedRuns: EndedRuns,
    private readonly advance: Advance,
  ) {}

  /** Answers the report of a run that has ended; see `runEnded` in `cron-calls.ts`. @throws cron.not_found */
  receive(report: RunReport): ReportAnswer {
    const { record, alarm, state } = this.context;
    const { isFirst, keepsRecord } = record.transaction(() => this.endedRuns.count(report));
    const entry = this.index.entry();
    // The caller may have given up waiting for the answer to a first report, so a repeated report settles nothing.
    if (entry !== null && isFirst) record.noteIndexed(entry.revision);
    // When no slot is to come, no alarm is set. D1 would then never learn of this end if the host died now.
    const isLast = entry === null && record.require().nextRunAt === null;
    const isToBeRemoved = isFinished(this.context, this.alerts);
    if (this.endedRuns.needAdvance() || isLast || isToBeRemoved) alarm.ringForSafety();
    state.waitUntil(this.advance.doDueWorkOrLeaveToAlarm({ runEnded: true }));
    return { entry, keepsRecord };
  }
}
