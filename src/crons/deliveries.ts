/** From a claimed slot to its run: checks, delivery, and what is done when either fails. */
import { now } from "../clock";
import type { Env } from "../config";
import { asDomainError, DomainError, messageOf } from "../errors";
import { logError } from "../log";
import type { CronRecord, StoredCron } from "./cron-record";
import { fire, hasFired } from "./firing";
import { currentGround } from "./ground";
import { runIdOf } from "./identity";
import { limitReached } from "./limits";
import { makeWay, ordersRuns } from "./overlap";
import { withoutClaim } from "./progress";
import type { PendingSlot, SlotLedger } from "./slots";
import { backoff, reasonNotToFire } from "./timing";

/** Deliveries of one slot before it is given up as missed; with the back-off, about six minutes. */
const MAX_ATTEMPTS = 10;
/** A slot that is held back is looked at again, though the report of the run it waits for should come before. */
const HELD_MS = 60_000;

/** What the deliveries need of the object whose slots they are. */
export interface DeliveryHost {
  env: () => Env;
  transaction: <T>(work: () => T) => T;
  /** The assistant or the thread is gone, for good. */
  pause: (reason: string) => void;
  /** No run comes of a slot that was to have one. */
  unfired: (slot: PendingSlot, status: "skipped" | "missed", reason: string) => void;
}

export class Deliveries {
  constructor(
    private readonly record: CronRecord,
    private readonly ledger: SlotLedger,
    private readonly host: DeliveryHost,
  ) {}

  /**
   * Delivers what is due of the slots that are claimed.
   * @param unacknowledged those claimed earlier, by {@link keyOf}: if a delivery of them was begun, their runs may exist or not
   * @param released whether those that are held back may go on: a run has ended
   */
  async deliverDue(unacknowledged: Set<string>, released: boolean): Promise<void> {
    const { definition, pendingFrom } = this.record.require();
    const due = this.ledger
      .pending(pendingFrom)
      .filter(({ retryAt, heldBy }) => retryAt === null || retryAt <= now() || (released && heldBy !== null));
    const deliver = (slot: PendingSlot): Promise<void> =>
      this.deliver(slot, slot.attempts > 0 || (slot.retryAt === null && unacknowledged.has(keyOf(slot))));
    if (ordersRuns(definition)) {
      // Each has to see what became of the one before.
      for (const slot of due) await deliver(slot);
    } else {
      // Side by side: a delivery that hangs holds up no other.
      await Promise.all(due.map(deliver));
    }
  }

  /** @param begun that an earlier delivery was begun, or may have been */
  private async deliver(slot: PendingSlot, begun: boolean): Promise<void> {
    if (this.record.isGone()) return;
    const stored = this.record.require();
    const { definition } = stored;
    const attempts = slot.attempts + 1;
    // A first delivery is not counted before it is made, which would cost a row: the claim says as much.
    const counted = begun || slot.retryAt !== null;
    try {
      if (begun && (await hasFired(this.host.env(), stored, slot))) {
        this.acknowledge(slot);
        return;
      }
      const assistant = await this.clear(stored, slot);
      if (assistant === undefined || this.record.isGone()) return;
      if (counted) this.ledger.countAttempt(slot, null);
      await fire(this.host.env(), definition, assistant, slot);
      this.acknowledge(slot);
    } catch (error) {
      if (this.record.isGone()) return;
      const refusal = asDomainError(error);
      if (refusal !== undefined) {
        this.giveUp(slot, "skipped", refusal.detail);
        // What is gone does not come back by firing again: the cron is paused rather than failing for ever.
        if (refusal.code.endsWith(".not_found")) this.host.pause(refusal.detail);
        return;
      }
      logError("a slot's run could not be enqueued", error, { cron_id: definition.cronId, attempts });
      if (attempts < MAX_ATTEMPTS) {
        const retryAt = now() + backoff(attempts);
        if (this.attemptsOf(slot) >= attempts) this.ledger.bookRetry(slot, retryAt);
        else this.ledger.countAttempt(slot, retryAt);
        return;
      }
      this.giveUp(
        slot,
        "missed",
        `its run could not be enqueued in ${attempts} attempts: ${messageOf(error)}`,
      );
    }
  }

  /**
   * Checks whether the slot's run may be made, and makes way for it.
   * @returns the assistant that it runs; undefined when the slot is held back
   * @throws a domain error when it may not
   */
  private async clear(
    stored: StoredCron,
    slot: PendingSlot,
  ): Promise<StoredCron["ground"]["assistant"] | undefined> {
    const { definition, ground, progress } = stored;
    const byHand = slot.origin === "manual" || slot.origin === "backfill";
    const reason =
      (byHand ? null : reasonNotToFire(definition)) ?? limitReached(definition.policy, progress, now());
    if (reason !== null) throw new DomainError("cron.conflict", reason);
    const current = await currentGround(this.host.env(), definition.assistantId, ground);
    if (this.record.isGone()) return undefined;
    this.record.keepGround(current);
    if (current.stopped !== null) throw new DomainError("cron.conflict", current.stopped);
    if (!ordersRuns(definition)) return current.assistant;
    const runId = runIdOf(definition.cronId, slot);
    const held = this.ledger.pending(stored.pendingFrom).filter((other) => other.heldBy !== null);
    const waiting = new Set(held.map((other) => runIdOf(definition.cronId, other)));
    const earlier = progress.running.filter((run) => run.runId !== runId && !waiting.has(run.runId));
    const heldBy = await makeWay(this.host.env(), definition, earlier);
    if (heldBy === null) return current.assistant;
    // One is enough: slots that come faster than runs end would pile up for ever.
    if (slot.origin === "schedule" && held.some((other) => keyOf(other) !== keyOf(slot))) {
      throw new DomainError("run.conflict", `another slot ${heldBy}`);
    }
    this.ledger.hold(slot, heldBy, now() + HELD_MS);
    return undefined;
  }

  private acknowledge(slot: PendingSlot): void {
    if (this.record.isGone()) return;
    const { definition } = this.record.require();
    this.ledger.markFired(slot, now() - slot.scheduledFor, runIdOf(definition.cronId, slot));
  }

  private giveUp(slot: PendingSlot, status: "skipped" | "missed", reason: string): void {
    this.host.transaction(() => {
      const { definition, progress } = this.record.require();
      this.ledger.markUnfired(slot, status, reason, now() - slot.scheduledFor);
      this.record.update({ progress: withoutClaim(progress, runIdOf(definition.cronId, slot), status) });
      this.host.unfired(slot, status, reason);
    });
  }

  private attemptsOf(slot: PendingSlot): number {
    const { pendingFrom } = this.record.require();
    const stored = this.ledger.pending(pendingFrom).find((other) => keyOf(other) === keyOf(slot));
    return stored?.attempts ?? 0;
  }
}

/** What tells a slot from all others of its cron. */
export const keyOf = ({ scheduledFor, manual }: PendingSlot): string => `${manual} ${scheduledFor}`;
