/** From a claimed slot to its run: checks, delivery, and what is done when either fails. */
import { recentFiringContext } from "../d1/firing-context";
import { backoffMs, CRON_BACKOFF } from "../platform/backoff";
import { now, toIso } from "../platform/clock";
import { asDomainError, DomainError, messageOf } from "../platform/errors";
import { logError } from "../platform/log";
import { windowMs } from "../schedule/catch-up";
import type { CronPolicy } from "../wire/crons/policy";
import type { Alerts } from "./alerts";
import { DELIVERY_MS } from "./claims";
import type { CronContext } from "./cron-context";
import type { CronIndex } from "./cron-index";
import type { DefinitionChanges } from "./definition-changes";
import { fire, isHeld } from "./firing";
import type { PendingSlot, SlotKey, SlotLedger } from "./ledger";
import { limitReached, reasonNotToFire } from "./limits";
import { applyMultitaskStrategy, ordersRuns } from "./overlap";
import { withoutClaim } from "./progress";
import type { CronRecord, StoredCron } from "./record";
import { runIdOf } from "./slot-ids";

/** Deliveries of one slot before it is given up as missed; with the back-off, about six minutes. */
const MAX_ATTEMPTS = 10;
/** A slot that is held back is looked at again, though the report of the run it waits for should come before. */
const HELD_BACK_RETRY_MS = 60_000;

export class Deliveries {
  private readonly record: CronRecord;
  private readonly ledger: SlotLedger;

  constructor(
    private readonly context: CronContext,
    private readonly alerts: Alerts,
    private readonly changes: DefinitionChanges,
    private readonly index: CronIndex,
  ) {
    this.record = context.record;
    this.ledger = context.ledger;
  }

  /**
   * Delivers what is due of the slots that are claimed.
   * @param justClaimed the slot whose first delivery this is, counted by its claim; null for none
   * @param runEnded whether those that are held back may go on: a run has ended
   */
  async deliverDue(justClaimed: SlotKey | null, runEnded: boolean): Promise<void> {
    const { definition, pendingFrom } = this.record.require();
    const first = justClaimed === null ? undefined : keyOf(justClaimed);
    const due = this.ledger
      .pending(pendingFrom)
      .filter((slot) => slot.retryAt <= now() || keyOf(slot) === first || (runEnded && slot.heldBy !== null));
    const deliver = (slot: PendingSlot): Promise<void> => this.deliver(slot, keyOf(slot) === first);
    if (ordersRuns(definition)) {
      // Each has to see what became of the one before.
      for (const slot of due) await deliver(slot);
    } else {
      // Side by side: a delivery that hangs holds up no other.
      await Promise.all(due.map(deliver));
    }
  }

  /** @param counted that this is its first delivery, and its claim has counted it */
  private async deliver(slot: PendingSlot, counted: boolean): Promise<void> {
    if (this.record.isGone()) return;
    const stored = this.record.require();
    const { definition } = stored;
    // An earlier delivery may have had the run enqueued.
    const mayHaveFired = !counted && slot.attempts > 0;
    const attempts = slot.attempts + (counted ? 0 : 1);
    let isCounted = counted;
    try {
      const taken = mayHaveFired && (await isHeld(this.context.env, definition.cronId, slot));
      if (this.record.isGone()) return;
      if (taken || this.hasEnded(slot)) {
        this.acknowledge(slot);
        return;
      }
      if (isTooLate(slot, definition.policy)) {
        this.giveUp(slot, "missed", "the server did not run at the time");
        return;
      }
      const assistant = await this.prepareDelivery(stored, slot);
      if (assistant === undefined || this.record.isGone()) return;
      // The checks above waited for other objects, so the end may have been reported by now.
      if (this.hasEnded(slot)) {
        this.acknowledge(slot);
        return;
      }
      const notAfter = counted ? slot.retryAt : now() + DELIVERY_MS;
      if (!counted) this.ledger.countAttempt(slot, notAfter);
      isCounted = true;
      const entry = this.index.entryOfFiring();
      await fire(this.context.env, definition, assistant, slot, { notAfter, entry });
      this.acknowledge(slot);
      if (entry !== null) this.record.noteIndexed(entry.revision);
    } catch (error) {
      if (this.record.isGone()) return;
      const refusal = asDomainError(error);
      if (refusal !== undefined) {
        this.giveUp(slot, "skipped", refusal.detail);
        // What is gone does not come back by firing again: the cron is paused rather than failing for ever.
        if (refusal.gone) this.changes.pause(refusal.detail);
        return;
      }
      logError("a slot's run could not be enqueued", error, { cron_id: definition.cronId, attempts });
      if (attempts >= MAX_ATTEMPTS) {
        const reason = `its run could not be enqueued in ${attempts} attempts: ${messageOf(error)}`;
        this.giveUp(slot, "missed", reason);
      } else if (isCounted) {
        this.ledger.bookRetry(slot, now() + backoffMs(CRON_BACKOFF, attempts));
      } else {
        this.ledger.countAttempt(slot, now() + backoffMs(CRON_BACKOFF, attempts));
      }
    }
  }

  /**
   * Checks whether the slot's run may be made, and makes way for it.
   * @returns the assistant that it runs; undefined when the slot is held back
   * @throws a domain error when it may not
   */
  private async prepareDelivery(
    stored: StoredCron,
    slot: PendingSlot,
  ): Promise<StoredCron["firingContext"]["assistant"] | undefined> {
    const { definition, firingContext, progress } = stored;
    const byHand = slot.origin === "manual" || slot.origin === "backfill";
    const reason =
      (byHand ? null : reasonNotToFire(definition, slot.scheduledFor)) ?? this.limitReached(slot);
    if (reason !== null) throw new DomainError("cron.conflict", reason);
    const current = await recentFiringContext(this.context.env, definition.assistantId, firingContext);
    if (this.record.isGone()) return undefined;
    this.record.storeFiringContext(current);
    if (current.stopped !== null) throw new DomainError("cron.conflict", current.stopped);
    if (!ordersRuns(definition)) return current.assistant;
    const runId = runIdOf(definition.cronId, slot);
    const held = this.ledger.pending(stored.pendingFrom).filter((other) => other.heldBy !== null);
    const waiting = new Set(held.map((other) => runIdOf(definition.cronId, other)));
    const earlier = progress.running.filter((run) => run.runId !== runId && !waiting.has(run.runId));
    const heldBy = await applyMultitaskStrategy(this.context.env, definition, earlier);
    if (this.record.isGone()) return undefined;
    if (heldBy === null || this.hasEnded(slot)) return current.assistant;
    // One is enough: slots that come faster than runs end would pile up for ever.
    if (slot.origin === "schedule" && held.some((other) => keyOf(other) !== keyOf(slot))) {
      throw new DomainError("run.conflict", `another slot ${heldBy}`);
    }
    this.ledger.hold(slot, heldBy, now() + HELD_BACK_RETRY_MS);
    return undefined;
  }

  /** Why the slot may not fire by what the cron has spent; of two that are due at once the earlier comes first. */
  private limitReached({ scheduledFor, manual }: PendingSlot): string | null {
    const { definition, pendingFrom, progress } = this.record.require();
    const { policy } = definition;
    const isLater = (other: PendingSlot): boolean =>
      other.scheduledFor > scheduledFor || (other.scheduledFor === scheduledFor && other.manual && !manual);
    const laterSlots = policy.max_runs === null ? [] : this.ledger.pending(pendingFrom).filter(isLater);
    return limitReached(policy, progress, laterSlots.length, now());
  }

  private acknowledge(slot: PendingSlot): void {
    if (this.record.isGone()) return;
    const { definition } = this.record.require();
    this.ledger.markFired(slot, now() - slot.scheduledFor, runIdOf(definition.cronId, slot));
  }

  /**
   * Whether the end of the slot's run has been reported. The run of a slot is noted as running from the claim until its end,
   * so one that is no longer noted was enqueued, whatever the delivery under way comes to.
   */
  private hasEnded(slot: PendingSlot): boolean {
    const { definition, progress } = this.record.require();
    const runId = runIdOf(definition.cronId, slot);
    return !progress.running.some((run) => run.runId === runId);
  }

  /** No further delivery is made. A run whose end was reported during the last one did exist, and its slot stays fired. */
  private giveUp(slot: PendingSlot, status: "skipped" | "missed", reason: string): void {
    if (this.hasEnded(slot)) {
      this.acknowledge(slot);
      return;
    }
    this.record.transaction(() => {
      const { definition, progress } = this.record.require();
      this.ledger.markUnfired(slot, status, reason, now() - slot.scheduledFor);
      this.record.update({ progress: withoutClaim(progress, runIdOf(definition.cronId, slot), status) });
      if (status === "skipped") return;
      const at = toIso(slot.scheduledFor);
      this.alerts.add("cron.slot_missed", { first_slot: at, last_slot: at, slots: 1, reason });
    });
  }
}

/** Whether what was put off, by jitter or to be tried again, is later than the cron makes up for. */
const isTooLate = ({ origin, retryAt }: PendingSlot, policy: CronPolicy): boolean =>
  (origin === "schedule" || origin === "catchup") && now() - retryAt > windowMs(policy);

/** What tells a slot from all others of its cron. */
const keyOf = ({ scheduledFor, manual }: SlotKey): string => `${manual} ${scheduledFor}`;
