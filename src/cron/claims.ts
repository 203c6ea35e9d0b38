/**
 * Taking slots for runs: the one place where the ledger and the cron's place in time change together. Every method works in
 * one synchronous stretch, within a transaction of the caller's, so that no crash comes between.
 */
import { scheduleOf, upcomingSlot, type CronDefinition } from "../calls/cron-definition";
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import type { JsonObject } from "../platform/json";
import { catchUp, PUNCTUAL_MS, stretches, type SlotRange } from "../schedule/catch-up";
import { countSlots } from "../schedule/count";
import { lastSlot, slotsBetween } from "../schedule/schedule";
import type { Backfill, SkipNext, SlotOrigin } from "../wire/crons";
import type { SlotKey, SlotLedger } from "./ledger";
import { withClaim, withSlots, type Progress } from "./progress";
import type { CronRecord } from "./record";
import { jitterOf, runIdOf, threadIdOf } from "./slot-ids";

/** While a delivery may still arrive no other is begun, lest one overtake the other: see {@link fire}. */
export const DELIVERY_MS = 30_000;
/** Between the slots of a backlog, so that what is made up for does not come all at once. */
const STAGGER_MS = 1_000;
/** Runs that one backfill may ask for. */
const MAX_BACKFILL = 1_000;
/** Slots that one backfill may look at: working out each takes some tenths of a millisecond. */
const MAX_WALK = 10_000;

/** A backlog is looked at again after so long while it cannot go on. */
const HELD_MS = 60_000;
/** Runs of one cron that have not ended. They are noted in its one row, and a cron whose runs never end must not go on for ever. */
const MAX_UNFINISHED = 1_000;
const TOO_MANY = `${MAX_UNFINISHED} runs of the cron have not ended`;

export class Claims {
  /** The slot whose first delivery the last claim counted. */
  private begun: SlotKey | null = null;

  constructor(
    private readonly record: CronRecord,
    private readonly ledger: SlotLedger,
    /** Told, in the same transaction, of slots that were missed. */
    private readonly onMissed: (range: SlotRange & { slots: number }) => void,
  ) {}

  /**
   * Acts on what is due: claims, leaves for later or gives up each slot, and works out the next. An early or repeated
   * alarm finds nothing due.
   * @param skip why none of them fires; null when they do
   * @param begins that the caller delivers the slot that fires now: the claim counts that first delivery, which spares a row
   * @returns undefined when nothing was due; otherwise the slot that the caller is to deliver, if there is one
   */
  claimDue(skip: string | null, begins = false): { begun: SlotKey | null } | undefined {
    const { definition, nextRunAt: due, progress, pendingFrom } = this.record.require();
    const present = now();
    if (!definition.enabled || due === null || due > present) return undefined;
    this.begun = null;
    const schedule = scheduleOf(definition);
    const latest = lastSlot(schedule, due, Math.min(present, (definition.endTime ?? Infinity) - 1));
    let after = progress;
    for (const range of this.unknown(definition, { first: due, last: latest }, progress)) {
      const isLatest = range.last === latest;
      if (!isLatest) after = this.miss(definition, range, after);
      else if (skip !== null) after = this.skip(definition, range, skip, after);
      else after = this.fire(definition, range, begins, after);
    }
    this.record.update({
      nextRunAt: this.upcoming(definition, present),
      pendingFrom: this.oldestPending(pendingFrom, due),
      progress: after,
    });
    return { begun: this.begun };
  }

  /**
   * Claims the first slot of the first backlog, if it is its time; the others wait for it.
   * @param released that a run has ended, for which slots were held back
   * @returns whether a slot was claimed
   */
  takeFromBacklog(released: boolean): boolean {
    const { definition, progress, pendingFrom } = this.record.require();
    const [backlog, next] = this.ledger.backlogs(pendingFrom);
    if (backlog === undefined) return false;
    const holds = this.ledger.pending(pendingFrom).some(({ heldBy }) => heldBy !== null);
    if (backlog.takeAt > now() && !(holds && released)) return false;
    if ((holds && !released) || progress.running.length >= MAX_UNFINISHED) {
      // Each that is held back is looked at again and again: one at a time is enough.
      this.ledger.postpone(backlog, now() + HELD_MS);
      return false;
    }
    const takeAt = now() + STAGGER_MS;
    const isLeft = this.ledger.shorten(backlog, takeAt);
    if (!isLeft && next !== undefined && next.takeAt < takeAt) this.ledger.postpone(next, takeAt);
    const after = this.claim(definition, backlog.first, { origin: backlog.origin, begins: false }, progress);
    this.record.update({ progress: after });
    return true;
  }

  /** Gives up what was still to be made up for; what the owner asked for by hand stays. */
  dropCatchUps(reason: string): void {
    const { progress, pendingFrom } = this.record.require();
    const catchUps = this.ledger.backlogs(pendingFrom).filter(({ origin }) => origin === "catchup");
    if (catchUps.length === 0) return;
    const skipped = catchUps.reduce((total, backlog) => total + this.ledger.dropBacklog(backlog, reason), 0);
    this.record.update({ progress: withSlots(progress, { skipped }) });
  }

  /** Claims a run that no slot asks for. @throws cron.conflict */
  claimManual(overrides: JsonObject): SlotKey {
    const { definition, progress, pendingFrom } = this.record.require();
    if (progress.running.length >= MAX_UNFINISHED) throw new DomainError("cron.conflict", TOO_MANY);
    const scheduledFor = Math.max(now(), this.ledger.lastManual() + 1);
    const after = this.claim(
      definition,
      scheduledFor,
      { origin: "manual", begins: false, overrides },
      progress,
    );
    this.record.update({ progress: after, pendingFrom: Math.min(pendingFrom, scheduledFor) });
    return { scheduledFor, manual: true };
  }

  /**
   * Has the next slots skipped, as many as `count` says and as there are; those skipped before by hand no longer are.
   * @throws cron.conflict when there is none
   */
  skipNext({ count, note }: SkipNext): void {
    this.unskip();
    const { definition, progress } = this.record.require();
    const schedule = scheduleOf(definition);
    const slots = new Set<number>();
    let next = definition.enabled ? upcomingSlot(definition, now()) : null;
    // After the clock was set back a slot to come may have had its turn.
    for (; next !== null; next = upcomingSlot(definition, next)) {
      if (this.ledger.has(next)) continue;
      if (slots.size === count) break;
      slots.add(next);
    }
    if (slots.size === 0) {
      if (count === 0) return;
      const reason = definition.enabled ? "there is none to come" : "the cron is paused";
      throw new DomainError("cron.conflict", `no slot can be skipped: ${reason}`);
    }
    const first = Math.min(...slots);
    const last = Math.max(...slots);
    const reason = note === undefined ? "skipped by hand" : `skipped by hand: ${note}`;
    for (const range of stretches(slotsBetween(schedule, first - 1, last), (slot) => slots.has(slot))) {
      this.ledger.record(range, schedule, { status: "skipped", reason });
    }
    this.record.update({ nextRunAt: next, progress: withSlots(progress, { skipped: slots.size }) });
  }

  /** No slot to come is skipped any more. */
  unskip(): void {
    const { definition, progress } = this.record.require();
    const { skipped, missed } = this.ledger.clear({ first: now() + 1, last: Number.MAX_SAFE_INTEGER });
    if (skipped + missed === 0) return;
    this.record.update({
      nextRunAt: definition.enabled ? upcomingSlot(definition, now()) : null,
      progress: withSlots(progress, { skipped: -skipped, missed: -missed }),
    });
  }

  /**
   * Has the slots of a period run that got no run, one after the other.
   * @returns how many
   * @throws request.invalid when the period is not over, or has too many of them
   */
  backfill({ start, end }: Backfill): number {
    const { definition, progress, pendingFrom } = this.record.require();
    if (end > now() || start >= end) {
      throw new DomainError("request.invalid", "start, end: expected a period that is over");
    }
    const schedule = scheduleOf(definition);
    const from = Math.max(start, progress.prunedBefore);
    const taken = this.ledger.taken({ first: from, last: end - 1 }, schedule);
    let looked = 0;
    let slots = 0;
    const ranges = stretches(slotsBetween(schedule, from - 1, end - 1), (slot) => {
      const unfired = !taken(slot);
      looked += 1;
      if (unfired) slots += 1;
      if (slots > MAX_BACKFILL || looked > MAX_WALK) {
        throw new DomainError(
          "request.invalid",
          `start, end: expected a period with at most ${MAX_BACKFILL} slots that got no run, of at most ${MAX_WALK}`,
        );
      }
      return unfired;
    });
    let after = progress;
    let takeAt = now();
    for (const range of ranges) {
      const { skipped, missed } = this.ledger.clear(range, schedule);
      after = withSlots(after, { skipped: -skipped, missed: -missed });
      this.ledger.addBacklog({ ...range, schedule, origin: "backfill", takeAt });
      takeAt += STAGGER_MS;
    }
    const first = ranges[0]?.first ?? Infinity;
    this.record.update({ progress: after, pendingFrom: Math.min(pendingFrom, first) });
    return slots;
  }

  /** The next slot that is not skipped already; null when there is none, or the cron does not fire. */
  upcoming(definition: CronDefinition, after: number): number | null {
    if (!definition.enabled) return null;
    return upcomingSlot(definition, Math.max(after, this.ledger.skippedUntil(after) ?? after));
  }

  /**
   * The slots of the range that are not in the ledger, in stretches without one that is: a slot is acted on once, also when
   * the clock was set back and it comes round again.
   */
  private unknown(definition: CronDefinition, range: SlotRange, { prunedBefore }: Progress): SlotRange[] {
    if (range.first >= prunedBefore && this.ledger.isEmptyFrom(range.first)) return [range];
    return stretches(slotsBetween(scheduleOf(definition), range.first - 1, range.last), (slot) => {
      return slot >= prunedBefore && !this.ledger.has(slot);
    });
  }

  private fire(definition: CronDefinition, range: SlotRange, begins: boolean, progress: Progress): Progress {
    const present = now();
    const schedule = scheduleOf(definition);
    const due = { due: range.first, latest: range.last };
    const { missed, backlog, fires } = catchUp(schedule, due, present, definition.policy);
    let after = missed === null ? progress : this.miss(definition, missed, progress);
    if (backlog !== null) {
      this.ledger.addBacklog({ ...backlog, schedule, origin: "catchup", takeAt: present });
    }
    if (fires !== null && after.running.length >= MAX_UNFINISHED) {
      after = this.skip(definition, { first: fires, last: fires }, TOO_MANY, after);
    } else if (fires !== null) {
      const origin = present - fires > PUNCTUAL_MS ? "catchup" : "schedule";
      after = this.claim(definition, fires, { origin, begins }, after);
    }
    return after;
  }

  private miss(definition: CronDefinition, range: SlotRange, progress: Progress): Progress {
    const schedule = scheduleOf(definition);
    const reason = "the server did not run at the time";
    this.ledger.record(range, schedule, { status: "missed", reason });
    const missed = countSlots(schedule, range);
    this.onMissed({ ...range, slots: missed });
    return withSlots(progress, { missed });
  }

  /** The latest is skipped; those before it were missed already. */
  private skip(definition: CronDefinition, range: SlotRange, reason: string, progress: Progress): Progress {
    const { first, last } = range;
    const schedule = scheduleOf(definition);
    const before = first < last ? { first, last: lastSlot(schedule, first, last - 1) } : null;
    const after = before === null ? progress : this.miss(definition, before, progress);
    this.ledger.record({ first: last, last }, schedule, {
      status: "skipped",
      reason,
      latenessMs: now() - last,
    });
    return withSlots(after, { skipped: 1 });
  }

  private claim(
    definition: CronDefinition,
    scheduledFor: number,
    how: { origin: SlotOrigin; begins: boolean; overrides?: JsonObject },
    progress: Progress,
  ): Progress {
    const key = { scheduledFor, manual: how.origin === "manual" };
    const threadId = threadIdOf(definition, key);
    const jitteredAt = how.origin === "schedule" ? scheduledFor + jitterOf(definition, scheduledFor) : null;
    const delayed = jitteredAt !== null && jitteredAt > now();
    const begun = how.begins && !delayed;
    if (begun) this.begun = key;
    this.ledger.claim({
      ...key,
      origin: how.origin,
      threadId,
      attempts: begun ? 1 : 0,
      retryAt: delayed ? jitteredAt : begun ? now() + DELIVERY_MS : now(),
      overrides: how.overrides ?? null,
    });
    const runId = runIdOf(definition.cronId, key);
    return withClaim(progress, { runId, threadId, scheduledFor, origin: how.origin });
  }

  /** No slot before it is pending. */
  private oldestPending(from: number, claimed: number): number {
    const single = this.ledger.pending(from)[0]?.scheduledFor ?? claimed;
    const backlog = this.ledger.backlogs(from)[0]?.first ?? claimed;
    return Math.min(single, backlog, claimed);
  }
}
