/** Changes of a cron's definition, by its owner or by the server. */
import type { CronDefinition } from "../calls/cron-definition";
import { now } from "../platform/clock";
import type { Alerts } from "./alerts";
import type { Claims } from "./claims";
import type { CronContext } from "./cron-context";
import { reasonNotToFire } from "./limits";
import type { SlotsByHand } from "./slots-by-hand";

export class DefinitionChanges {
  constructor(
    private readonly context: CronContext,
    private readonly alerts: Alerts,
    private readonly claims: Claims,
    private readonly slotsByHand: SlotsByHand,
  ) {}

  /**
   * Stores a changed definition. Slots that came due before the change are claimed first, by the new definition's `enabled`
   * and `end_time`. The caller opens the transaction.
   * @param rescheduled whether the schedule or the zone has changed; skips by hand of the old schedule's slots are undone then
   */
  store(definition: CronDefinition, rescheduled: boolean): void {
    const { record } = this.context;
    const before = record.require().definition;
    const reason = reasonNotToFire(definition);
    this.claims.claimDue(reason);
    if (reason !== null) this.claims.dropCatchUps(reason);
    if (rescheduled) this.slotsByHand.undoSkips();
    const { nextRunAt, progress } = record.require();
    const retimed =
      rescheduled || definition.enabled !== before.enabled || definition.endTime !== before.endTime;
    const resumed = definition.enabled && !before.enabled;
    record.update({
      definition,
      nextRunAt: retimed ? this.claims.nextUnskippedSlot(definition, now()) : nextRunAt,
      progress: resumed ? { ...progress, failuresInARow: 0 } : progress,
    });
    this.context.alarm.ringForSafety();
  }

  /** Pauses the cron for a reason of the server's, and alerts its owner. A cron that is paused already stays as it is. */
  pause(reason: string): void {
    const { record } = this.context;
    const { definition } = record.require();
    if (!definition.enabled) return;
    record.transaction(() => {
      this.store({ ...definition, enabled: false, note: reason, updatedAt: now() }, false);
      this.alerts.add("cron.paused", { reason });
    });
  }
}
