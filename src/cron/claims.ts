/**
 * Claims slots for runs. This is the only place where the ledger and the cron's next slot change together. Every method is
 * synchronous and runs within a transaction of its caller, so a crash cannot leave one changed without the other.
 */
import { scheduleOf, upcomingSlot, type CronDefinition } from "../calls/cron-definition";
import { withClaim, withMissed, withSlots, type Progress } from "../calls/cron-progress";
import { now, toIso } from "../platform/clock";
import { DomainError } from "../platform/errors";
import type { JsonObject } from "../platform/json";
import { DELIVERY_MS } from "../platform/time-limits";
import { catchUp, PUNCTUAL_MS, consecutiveRanges, type SlotRange } from "../schedule/catch-up";
import { countSlots } from "../schedule/count";
import { lastSlot, slotsBetween } from "../schedule/schedule";
import type { SlotOrigin } from "../wire/crons/slot";
import type { Alerts } from "./alerts";
import type { CronContext } from "./cron-context";
import type { SlotLedger } from "./ledger";
import type { CronRecord } from "./record";
import type { SlotRanges } from "./slot-ranges";
import type { PendingSlot, SlotKey } from "./slot-rows";
import { jitterOf, runIdOf, threadIdOf } from "./slot-ids";

/** Ms between two claims from a backlog, so that the runs of a backlog do not all start at once. */
export const STAGGER_MS = 1_000;

/** Ms after which a backlog from which no slot can be claimed now is looked at again. */
const BACKLOG_RETRY_MS = 60_000;
/** How many unfinished runs a cron may have. They are listed in its one row, which must not grow for ever when no run ends. */
const MAX_UNFINISHED = 1_000;
const TOO_MANY_UNFINISHED = `${MAX_UNFINISHED} runs of the cron have not ended`;

export class Claims {
  /** The slot that {@link claimDue} claims for a delivery by its caller; null when there is none. */
  private slotToDeliver: PendingSlot | null = null;

  private readonly record: CronRecord;
  private readonly ledger: SlotLedger;
  private readonly ranges: SlotRanges;

  constructor(
    { record, ledger, ranges }: CronContext,
    private readonly alerts: Alerts,
  ) {
    this.record = record;
    this.ledger = ledger;
    this.ranges = ranges;
  }

  /**
   * Claims each slot that is due, adds it to a backlog, or records that it is skipped or missed. Then it works out the next slot.
   * After an early or repeated alarm no slot is due, and nothing changes.
   * @param skipReason the reason why no slot fires now; null when slots fire
   * @param callerDelivers whether the caller delivers the claimed slot at once. The claim then counts that first delivery as an
   *   attempt, which saves writing a row.
   * @returns undefined when no slot was due; otherwise the slot that the caller has to deliver, or null for none
   */
  claimDue(skipReason: string | null, callerDelivers = false): { slotToDeliver: SlotKey | null } | undefined {
    const { definition, nextRunAt: due, progress, pendingFrom } = this.record.require();
    const present = now();
    if (!definition.enabled || due === null || due > present) return undefined;
    this.slotToDeliver = null;
    const schedule = scheduleOf(definition);
    const latest = lastSlot(schedule, due, Math.min(present, (definition.endTime ?? Infinity) - 1));
    let after = progress;
    // Mostly the ledger ends before the slot that is due, and is not asked any further.
    const endsBefore = this.ledger.isEmptyFrom(due);
    const dueRange = { first: due, last: latest };
    for (const range of this.rangesNotInLedger(definition, dueRange, progress, endsBefore)) {
      const isLatest = range.last === latest;
      if (!isLatest) after = this.recordMissed(definition, range, after);
      else if (skipReason !== null) after = this.recordSkipped(definition, range, skipReason, after);
      else after = this.claimByCatchUp(definition, range, callerDelivers, after);
    }
    const claimed = this.slotToDeliver as PendingSlot | null;
    this.record.update({
      nextRunAt: endsBefore ? upcomingSlot(definition, present) : this.nextUnskippedSlot(definition, present),
      pendingFrom: this.oldestPending(pendingFrom, due),
      progress: after,
      ...(claimed === null ? {} : { claimed }),
    });
    return { slotToDeliver: claimed };
  }

  /**
   * Claims the first slot of the oldest backlog, if its time has come. The other backlogs wait for the oldest.
   * @param runEnded whether a run has just ended, for which slots may be held back
   * @returns whether a slot was claimed
   */
  claimFromBacklog(runEnded: boolean): boolean {
    const { definition, progress, pendingFrom } = this.record.require();
    const [backlog, next] = this.ranges.backlogs(pendingFrom);
    if (backlog === undefined) return false;
    const hasHeldBackSlot = this.ledger.pending(pendingFrom).some(({ heldBy }) => heldBy !== null);
    if (backlog.claimAt > now() && !(hasHeldBackSlot && runEnded)) return false;
    if ((hasHeldBackSlot && !runEnded) || progress.running.length >= MAX_UNFINISHED) {
      // One slot that is held back is enough, because each is looked at again and again.
      this.ranges.postpone(backlog, now() + BACKLOG_RETRY_MS);
      return false;
    }
    const claimAt = now() + STAGGER_MS;
    const isLeft = this.ranges.removeFirstSlot(backlog, claimAt);
    if (!isLeft && next !== undefined && next.claimAt < claimAt) this.ranges.postpone(next, claimAt);
    const after = this.claim(
      definition,
      backlog.first,
      { origin: backlog.origin, callerDelivers: false },
      progress,
    );
    this.record.update({ progress: after });
    return true;
  }

  /** Skips the slots that are still to be made up for. Backfills stay, because the owner asked for them. */
  dropCatchUps(reason: string): void {
    const { progress, pendingFrom } = this.record.require();
    const catchUps = this.ranges.backlogs(pendingFrom).filter(({ origin }) => origin === "catchup");
    if (catchUps.length === 0) return;
    const skipped = catchUps.reduce((total, backlog) => total + this.ranges.dropBacklog(backlog, reason), 0);
    this.record.update({ progress: withSlots(progress, { skipped }) });
  }

  /**
   * Claims a run by hand. Its key is the present instant, or the next ms that no other run by hand has.
   * @param requestedBy the identity of who asked for it; null when that has no name
   * @throws cron.conflict when too many runs have not ended
   */
  claimManual(overrides: JsonObject, requestedBy: string | null): SlotKey {
    const { definition, progress, pendingFrom } = this.record.require();
    if (progress.running.length >= MAX_UNFINISHED)
      throw new DomainError("cron.conflict", TOO_MANY_UNFINISHED);
    const scheduledFor = Math.max(now(), this.ledger.lastManual() + 1);
    const after = this.claim(
      definition,
      scheduledFor,
      { origin: "manual", callerDelivers: false, overrides, requestedBy },
      progress,
    );
    this.record.update({ progress: after, pendingFrom: Math.min(pendingFrom, scheduledFor) });
    return { scheduledFor, manual: true };
  }

  /** The first slot after `after` (ms) that is not skipped. Null when there is none, or when the cron is disabled. */
  nextUnskippedSlot(definition: CronDefinition, after: number): number | null {
    if (!definition.enabled) return null;
    return upcomingSlot(definition, Math.max(after, this.ranges.skippedUntil(after) ?? after));
  }

  /**
   * The slots of the range that are not in the ledger, as ranges of consecutive slots. A slot comes due a second time after the clock
   * was set back. It is then in the ledger, and nothing is done about it again.
   * @param endsBefore whether the ledger has no slot of the range or after it
   */
  private rangesNotInLedger(
    definition: CronDefinition,
    range: SlotRange,
    { prunedBefore }: Progress,
    endsBefore: boolean,
  ): SlotRange[] {
    if (range.first >= prunedBefore && endsBefore) return [range];
    return consecutiveRanges(slotsBetween(scheduleOf(definition), range.first - 1, range.last), (slot) => {
      return slot >= prunedBefore && !this.ledger.has(slot);
    });
  }

  /** Decides by the cron's catch-up policy about a range of due slots, and claims the slot that fires now. */
  private claimByCatchUp(
    definition: CronDefinition,
    range: SlotRange,
    callerDelivers: boolean,
    progress: Progress,
  ): Progress {
    const present = now();
    const schedule = scheduleOf(definition);
    const due = { due: range.first, latest: range.last };
    const { missed, backlog, fires } = catchUp(schedule, due, present, definition.policy);
    let after = missed === null ? progress : this.recordMissed(definition, missed, progress);
    if (backlog !== null) {
      this.ranges.addBacklog({ ...backlog, schedule, origin: "catchup", claimAt: present });
    }
    if (fires !== null && after.running.length >= MAX_UNFINISHED) {
      after = this.recordSkipped(definition, { first: fires, last: fires }, TOO_MANY_UNFINISHED, after);
    } else if (fires !== null) {
      const origin = present - fires > PUNCTUAL_MS ? "catchup" : "schedule";
      after = this.claim(definition, fires, { origin, callerDelivers }, after);
    }
    return after;
  }

  /** Records the slots of the range as missed. */
  private recordMissed(definition: CronDefinition, range: SlotRange, progress: Progress): Progress {
    const schedule = scheduleOf(definition);
    const reason = "the server did not run at the time";
    this.ranges.recordUnfired(range, schedule, { status: "missed", reason });
    const missed = countSlots(schedule, range);
    this.alerts.add("cron.slot_missed", {
      first_slot: toIso(range.first),
      last_slot: toIso(range.last),
      slots: missed,
      reason,
    });
    return withMissed(progress, missed, range.last);
  }

  /**
   * Records the slots of the range that would fire now, or be made up for, as skipped for this reason. Those that would not are missed.
   */
  private recordSkipped(
    definition: CronDefinition,
    range: SlotRange,
    reason: string,
    progress: Progress,
  ): Progress {
    const schedule = scheduleOf(definition);
    const present = now();
    const due = { due: range.first, latest: range.last };
    const { missed, backlog, fires } = catchUp(schedule, due, present, definition.policy);
    const after = missed === null ? progress : this.recordMissed(definition, missed, progress);
    const skipped = backlog ?? (fires === null ? null : { first: fires, last: fires });
    if (skipped === null) return after;
    const latenessMs = present - skipped.last;
    this.ranges.recordUnfired(skipped, schedule, { status: "skipped", reason, latenessMs });
    return withSlots(after, { skipped: countSlots(schedule, skipped) });
  }

  /**
   * Claims one slot: writes it to the ledger, with the thread of its run. The slot that the caller delivers at once goes to the
   * cron's row instead. A slot of the schedule may be delayed by jitter.
   */
  private claim(
    definition: CronDefinition,
    scheduledFor: number,
    details: {
      origin: SlotOrigin;
      callerDelivers: boolean;
      overrides?: JsonObject;
      requestedBy?: string | null;
    },
    progress: Progress,
  ): Progress {
    const key = { scheduledFor, manual: details.origin === "manual" };
    const threadId = threadIdOf(definition, key, progress.durationMs);
    const jitteredAt =
      details.origin === "schedule" ? scheduledFor + jitterOf(definition, scheduledFor) : null;
    const delayed = jitteredAt !== null && jitteredAt > now();
    const isDeliveredNow = details.callerDelivers && !delayed;
    const slot: PendingSlot = {
      ...key,
      origin: details.origin,
      threadId,
      attempts: isDeliveredNow ? 1 : 0,
      deliveredAt: isDeliveredNow ? now() : null,
      retryAt: delayed ? jitteredAt : isDeliveredNow ? now() + DELIVERY_MS : now(),
      heldBy: null,
      overrides: details.overrides ?? null,
      requestedBy: details.requestedBy ?? null,
    };
    if (isDeliveredNow) this.slotToDeliver = slot;
    else this.ledger.claim(slot);
    const runId = runIdOf(definition.cronId, key);
    return withClaim(progress, { runId, threadId, scheduledFor, origin: details.origin });
  }

  /** The instant (ms) of the oldest pending slot; `firstDue` when no older slot is pending. */
  private oldestPending(pendingFrom: number, firstDue: number): number {
    const single = this.ledger.pending(pendingFrom)[0]?.scheduledFor ?? firstDue;
    const backlog = this.ranges.backlogs(pendingFrom)[0]?.first ?? firstDue;
    return Math.min(single, backlog, firstDue);
  }
}
