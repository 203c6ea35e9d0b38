/**
 * Deliveries: the way from a claimed slot to its run. A delivery checks whether the slot may still fire, then has the thread
 * object enqueue the run. A delivery that fails is tried again, and in the end the slot is given up as missed.
 */
import type { CronEntry } from "../calls/cron-entry";
import { withoutClaim } from "../calls/cron-progress";
import type { RunReport } from "../calls/run-report";
import { recentFiringContext } from "../d1/firing-context";
import { backoffMs, CRON_BACKOFF, UNKNOWN_RUN_BACKOFF } from "../platform/backoff";
import { now, toIso } from "../platform/clock";
import { asDomainError, DomainError, messageOf } from "../platform/errors";
import { logError } from "../platform/log";
import { DELIVERY_MS } from "../platform/time-limits";
import { windowMs } from "../schedule/catch-up";
import type { CronPolicy } from "../wire/crons/policy";
import type { Alerts } from "./alerts";
import type { CronContext } from "./cron-context";
import type { CronIndex } from "./cron-index";
import type { DefinitionChanges } from "./definition-changes";
import type { EndedRuns } from "./ended-runs";
import { findRunOfSlot, fire, ForgottenRunError, makeRun, UnknownRunError } from "./firing";
import type { SlotLedger } from "./ledger";
import { limitReached, reasonNotToFire } from "./limits";
import { applyMultitaskStrategy, ordersRuns, runOnItsWay } from "./overlap";
import { REVISION_STEP, type CronRecord, type StoredCron } from "./record";
import { runIdOf, SHORT_RUN_MS } from "./slot-ids";
import type { SlotKey, PendingSlot } from "./slot-rows";

/** After this many deliveries a slot is given up as missed. With the back-off they take about six minutes. */
const MAX_ATTEMPTS = 10;
/** A slot that is held back is looked at again after this time, in case the report of the run that it waits for is lost. */
const HELD_BACK_RETRY_MS = 60_000;

export class Deliveries {
  private readonly record: CronRecord;
  private readonly ledger: SlotLedger;
  /** The slot whose delivery was counted by its claim and has not begun; undefined when there is none. */
  private notBegun: string | undefined;

  constructor(
    private readonly context: CronContext,
    private readonly alerts: Alerts,
    private readonly changes: DefinitionChanges,
    private readonly index: CronIndex,
    private readonly endedRuns: EndedRuns,
  ) {
    this.record = context.record;
    this.ledger = context.ledger;
  }

  /**
   * Delivers the claimed slots that are due.
   * @param justClaimed the slot that was claimed for this delivery; its claim has counted the delivery. Null for none
   * @param runEnded whether a run has ended, so that slots that are held back are looked at too
   */
  async deliverDue(justClaimed: SlotKey | null, runEnded: boolean): Promise<void> {
    const { definition, pendingFrom } = this.record.require();
    const first = justClaimed === null ? undefined : keyOf(justClaimed);
    this.notBegun = first;
    const due = this.ledger
      .pending(pendingFrom)
      .filter((slot) => slot.retryAt <= now() || keyOf(slot) === first || (runEnded && slot.heldBy !== null));
    const deliver = (slot: PendingSlot): Promise<void> => this.deliver(slot, keyOf(slot) === first);
    if (ordersRuns(definition)) {
      // One after the other, because each slot has to see what became of the one before.
      for (const slot of due) await deliver(slot);
    } else {
      // Side by side, so that a delivery that hangs holds up no other.
      await Promise.all(due.map(deliver));
    }
  }

  /**
   * Makes one delivery of the slot. Never throws: a failure is recorded in the ledger.
   * @param countedByClaim whether the claim has counted this delivery already, as it does with the first one
   */
  private async deliver(slot: PendingSlot, countedByClaim: boolean): Promise<void> {
    if (this.record.isGone()) return;
    if (countedByClaim) this.notBegun = undefined;
    const stored = this.record.require();
    const { definition } = stored;
    const runId = runIdOf(definition.cronId, slot);
    // An earlier delivery may have had the run enqueued although its answer was lost.
    const mayHaveFired = !countedByClaim && slot.attempts > 0;
    const attempts = slot.attempts + (countedByClaim ? 0 : 1);
    let isCounted = countedByClaim;
    const ids = {
      cron_id: definition.cronId,
      run_id: runId,
      thread_id: slot.threadId,
    };
    try {
      const earlier = mayHaveFired
        ? await findRunOfSlot(this.context.env, definition.cronId, slot)
        : undefined;
      if (this.record.isGone()) return;
      if (earlier !== undefined || this.isEndReported(slot)) {
        this.acknowledge(slot, earlier?.report ?? null);
        return;
      }
      if (isTooLate(slot, definition.policy)) {
        this.giveUp(slot, "missed", "the server did not run at the time");
        return;
      }
      const assistant = await this.prepareDelivery(stored, slot);
      if (assistant === undefined || this.record.isGone()) return;
      const slotRun = await makeRun(this.context.env, definition, assistant, slot);
      if (this.record.isGone()) return;
      // The checks above waited for other objects, so the end may have been reported by now.
      if (this.isEndReported(slot)) {
        this.acknowledge(slot, null);
        return;
      }
      const notAfter = countedByClaim ? slot.retryAt : now() + DELIVERY_MS;
      if (!countedByClaim) this.ledger.countAttempt(slot, notAfter);
      isCounted = true;
      const entry = this.index.entryOfFiring();
      // When the answer tells how the run has ended, the cron saves one call and two writes. Only the first delivery waits for that: the run of
      // a later one may end when its slot is beyond the history's limit, and only the answer to a report tells the thread object so.
      const answerWithinMs = countedByClaim ? SHORT_RUN_MS : 0;
      const report = await fire(this.context.env, slotRun, { notAfter, entry, answerWithinMs });
      this.acknowledge(slot, report);
      if (entry !== null) this.noteIndexed(entry, report);
    } catch (error) {
      if (this.record.isGone()) return;
      if (error instanceof UnknownRunError) {
        // No attempt is counted. The slot must not be given up while its run may exist.
        logError("a slot waits until its run is found or known not to exist", error, ids);
        this.ledger.bookRetry(slot, now() + backoffMs(UNKNOWN_RUN_BACKOFF, slot.attempts, runId));
        return;
      }
      if (error instanceof ForgottenRunError) {
        this.giveUp(slot, "missed", error.message);
        return;
      }
      const refusal = asDomainError(error);
      // 503 refuses the delivery and not the run: the call came too late, or the object has to be read by a later version.
      if (refusal !== undefined && refusal.status !== 503) {
        this.giveUp(slot, "skipped", refusal.detail);
        // An assistant or a thread that is gone does not come back, so the cron is paused rather than failing for ever.
        if (refusal.gone) this.changes.pause(refusal.detail);
        return;
      }
      logError("a slot's run could not be enqueued", error, { ...ids, attempts });
      if (attempts >= MAX_ATTEMPTS) {
        const reason = `its run could not be enqueued in ${attempts} attempts: ${messageOf(error)}`;
        this.giveUp(slot, "missed", reason);
      } else if (isCounted) {
        this.ledger.bookRetry(slot, now() + backoffMs(CRON_BACKOFF, attempts, runId));
      } else {
        this.ledger.countAttempt(slot, now() + backoffMs(CRON_BACKOFF, attempts, runId));
      }
    }
  }

  /**
   * Checks whether the slot's run may be made now. Earlier runs are stopped here when the multitask strategy says so.
   * @returns the assistant that the run executes; undefined when the slot is held back, or the cron is gone
   * @throws a domain error when there is to be no such run
   */
  private async prepareDelivery(
    stored: StoredCron,
    slot: PendingSlot,
  ): Promise<StoredCron["firingContext"]["assistant"] | undefined> {
    const { definition, firingContext, progress } = stored;
    const byHand = slot.origin === "manual" || slot.origin === "backfill";
    const reason =
      (byHand ? null : reasonNotToFire(definition, slot.scheduledFor)) ?? this.limitReachedBy(slot);
    if (reason !== null) throw new DomainError("cron.conflict", reason);
    const current = await recentFiringContext(this.context.env, definition.assistantId, firingContext);
    if (this.record.isGone()) return undefined;
    this.record.storeFiringContext(current);
    if (current.stopped !== null) throw new DomainError("cron.conflict", current.stopped);
    if (!ordersRuns(definition)) return current.assistant;
    const runId = runIdOf(definition.cronId, slot);
    const others = this.ledger.pending(stored.pendingFrom).filter((other) => keyOf(other) !== keyOf(slot));
    const begun = others.filter((other) => keyOf(other) !== this.notBegun);
    const onItsWay = runOnItsWay(definition, begun, this.record.require().progress.running);
    if (onItsWay !== undefined) {
      this.holdBack(slot, others, `waits for the delivery of the run ${onItsWay.runId}`, onItsWay.retryAt);
      return undefined;
    }
    const heldBack = others.filter((other) => other.heldBy !== null);
    const heldBackRunIds = new Set(heldBack.map((other) => runIdOf(definition.cronId, other)));
    const earlier = progress.running.filter((run) => run.runId !== runId && !heldBackRunIds.has(run.runId));
    const heldBy = await applyMultitaskStrategy(this.context.env, definition, earlier);
    if (this.record.isGone()) return undefined;
    if (heldBy === null || this.isEndReported(slot)) return current.assistant;
    this.holdBack(slot, others, heldBy, now() + HELD_BACK_RETRY_MS);
    return undefined;
  }

  /**
   * Holds the slot back until `retryAt` (ms).
   * @param others the other slots that are pending
   * @throws run.conflict when another slot is held back. Slots that come faster than runs end would pile up for ever
   */
  private holdBack(slot: PendingSlot, others: PendingSlot[], heldBy: string, retryAt: number): void {
    if (slot.origin === "schedule" && others.some((other) => other.heldBy !== null)) {
      throw new DomainError("run.conflict", `another slot ${heldBy}`);
    }
    this.ledger.hold(slot, heldBy, retryAt);
  }

  /**
   * The limit that keeps the slot from firing; null when none does. Of two slots that are due at once the earlier comes first.
   */
  private limitReachedBy({ scheduledFor, manual }: PendingSlot): string | null {
    const { definition, pendingFrom, progress } = this.record.require();
    const { policy } = definition;
    const isLater = (other: PendingSlot): boolean =>
      other.scheduledFor > scheduledFor || (other.scheduledFor === scheduledFor && other.manual && !manual);
    const laterSlots = policy.max_runs === null ? [] : this.ledger.pending(pendingFrom).filter(isLater);
    return limitReached(policy, progress, laterSlots.length, now());
  }

  /**
   * Marks the slot as fired, with its lateness until now.
   * @param report how its run has ended; null when that is not known yet
   */
  private acknowledge(slot: PendingSlot, report: RunReport | null): void {
    if (this.record.isGone()) return;
    const { definition } = this.record.require();
    // The run may have gone on for a while before the answer came.
    const enqueuedAt = report?.startedAt ?? now();
    this.record.transaction(() => {
      const isInRow = this.ledger.isClaimedInRow(slot);
      this.ledger.markFired(slot, enqueuedAt - slot.scheduledFor, runIdOf(definition.cronId, slot), report);
      if (report !== null)
        this.endedRuns.count(report, {
          furtherChange: isInRow ? { claimed: null } : {},
          isEndInLedger: true,
        });
      if (isInRow && this.ledger.isClaimedInRow(slot)) this.record.forgetClaimed();
    });
  }

  /** Notes what the thread object writes to D1: the entry of the firing, and the end of the run if that was the answer. */
  private noteIndexed(entry: CronEntry, report: RunReport | null): void {
    if (this.record.isGone()) return;
    const { revision } = this.record.require();
    const isOnlyEnd = report !== null && revision === entry.revision + REVISION_STEP;
    this.record.noteIndexed(isOnlyEnd ? revision : entry.revision);
  }

  /**
   * Whether the end of the slot's run has been reported. The cron's progress lists the run as running from the claim until
   * the report of its end. A run that is no longer listed was therefore enqueued, even if the present delivery fails.
   */
  private isEndReported(slot: PendingSlot): boolean {
    const { definition, progress } = this.record.require();
    const runId = runIdOf(definition.cronId, slot);
    return !progress.running.some((run) => run.runId === runId);
  }

  /**
   * Records that the slot gets no run and no further delivery. If the end of its run was reported during the last delivery,
   * the run did exist, and the slot is fired.
   */
  private giveUp(slot: PendingSlot, status: "skipped" | "missed", reason: string): void {
    if (this.isEndReported(slot)) {
      this.acknowledge(slot, null);
      return;
    }
    this.record.transaction(() => {
      const { definition, progress } = this.record.require();
      this.ledger.markUnfired(slot, status, reason, now() - slot.scheduledFor);
      const runId = runIdOf(definition.cronId, slot);
      this.record.update({ progress: withoutClaim(progress, runId, status, slot.scheduledFor) });
      if (status === "skipped") return;
      const at = toIso(slot.scheduledFor);
      this.alerts.add("cron.slot_missed", { first_slot: at, last_slot: at, slots: 1, reason });
    });
  }
}

/** Whether the delivery comes so late, after a jitter or a retry, that the cron's catch-up policy no longer makes up for it. */
const isTooLate = ({ origin, retryAt }: PendingSlot, policy: CronPolicy): boolean =>
  (origin === "schedule" || origin === "catchup") && now() - retryAt > windowMs(policy);

/** What tells a slot from all others of its cron. */
const keyOf = ({ scheduledFor, manual }: SlotKey): string => `${manual} ${scheduledFor}`;
