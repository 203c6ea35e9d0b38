/** When a cron has nothing more to do. One that a run made is removed then, since nobody else would. */
import { isUsedUp } from "./limits";
import type { Alerts } from "./alerts";
import type { CronContext } from "./cron-context";

/**
 * Whether a cron that a run made is to be removed: none of its runs goes on, no alert waits, and no further run can come, because its
 * schedule has ended or it has had all of its runs. A paused cron stays: it may be resumed.
 */
export function isFinished({ record, ledger, ranges }: CronContext, alerts: Alerts): boolean {
  const stored = record.read();
  if (stored === undefined || stored.deleted || stored.definition.madeBy === undefined) return false;
  const { definition, progress, nextRunAt, pendingFrom } = stored;
  if (!definition.enabled || progress.running.length > 0 || alerts.nextDue() !== null) return false;
  if (ledger.pending(pendingFrom).length > 0) return false;
  if (isUsedUp(definition.policy, progress)) return true;
  return nextRunAt === null && ranges.backlogs(pendingFrom).length === 0;
}
