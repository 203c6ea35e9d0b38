/** What the owner of a cron does to its slots by hand: skips those to come, and runs those of the past that got no run. */
import { scheduleOf, upcomingSlot } from "../calls/cron-definition";
import { withSlots } from "../calls/cron-progress";
import { now, toIso } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { consecutiveRanges, type SlotRange } from "../schedule/catch-up";
import { slotsBetween } from "../schedule/schedule";
import type { Backfill, BackfillPreview, SkipNext } from "../wire/crons/slot";
import { STAGGER_MS } from "./claims";
import type { CronContext } from "./cron-context";
import type { SlotLedger } from "./ledger";
import type { CronRecord } from "./record";
import type { SlotRanges } from "./slot-ranges";

/** How many runs one backfill may ask for. */
const MAX_BACKFILL = 1_000;
/** How many slots one backfill may look at. Working out a slot takes some tenths of a millisecond. */
const MAX_BACKFILL_SEARCH = 10_000;

/** Every method is synchronous and runs within a transaction of its caller. */
export class SlotsByHand {
  private readonly record: CronRecord;
  private readonly ledger: SlotLedger;
  private readonly ranges: SlotRanges;

  constructor({ record, ledger, ranges }: CronContext) {
    this.record = record;
    this.ledger = ledger;
    this.ranges = ranges;
  }

  /**
   * Skips the next `count` slots, or fewer when the schedule has fewer. Slots that were skipped by hand before are no longer skipped.
   * @throws cron.conflict when no slot is to come
   */
  skipNext({ count, note }: SkipNext): void {
    this.undoSkips();
    const { definition, progress } = this.record.require();
    const schedule = scheduleOf(definition);
    const slots = new Set<number>();
    let next = definition.enabled ? upcomingSlot(definition, now()) : null;
    // After the clock was set back, the ledger may already have a slot that is to come.
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
    for (const range of consecutiveRanges(slotsBetween(schedule, first - 1, last), (slot) =>
      slots.has(slot),
    )) {
      this.ranges.recordUnfired(range, schedule, { status: "skipped", reason });
    }
    this.record.update({ nextRunAt: next, progress: withSlots(progress, { skipped: slots.size }) });
  }

  /** Takes back the skips of all slots to come. */
  undoSkips(): void {
    const { definition, progress } = this.record.require();
    const { skipped, missed } = this.ranges.removeUnfired({
      first: now() + 1,
      last: Number.MAX_SAFE_INTEGER,
    });
    if (skipped + missed === 0) return;
    this.record.update({
      nextRunAt: definition.enabled ? upcomingSlot(definition, now()) : null,
      progress: withSlots(progress, { skipped: -skipped, missed: -missed }),
    });
  }

  /**
   * Adds the slots of a period that got no run to backlogs, so that they run one after the other.
   * @returns how many slots that are
   * @throws request.invalid when the period is not over, or has too many slots
   */
  backfill(period: Backfill): number {
    const { definition, progress, pendingFrom } = this.record.require();
    const schedule = scheduleOf(definition);
    const { ranges, slots } = this.unfiredSlots(period);
    let after = progress;
    let claimAt = now();
    for (const range of ranges) {
      const { skipped, missed } = this.ranges.removeUnfired(range, schedule);
      after = withSlots(after, { skipped: -skipped, missed: -missed });
      this.ranges.addBacklog({ ...range, schedule, origin: "backfill", claimAt });
      claimAt += STAGGER_MS;
    }
    const first = ranges[0]?.first ?? Infinity;
    this.record.update({ progress: after, pendingFrom: Math.min(pendingFrom, first) });
    return slots.length;
  }

  /** What {@link backfill} would run, and how many slots of the period it would leave alone. It throws the same. */
  previewBackfill(period: Backfill): BackfillPreview {
    const { slots, withRun } = this.unfiredSlots(period);
    return { slots: slots.length, times: slots.map(toIso), slots_with_run: withRun };
  }

  /** The slots of a past period that got no run, oldest first, and how many others it has. */
  private unfiredSlots({ start, end }: Backfill): { ranges: SlotRange[]; slots: number[]; withRun: number } {
    const { definition, progress } = this.record.require();
    if (end > now() || start >= end) {
      throw new DomainError("request.invalid", "start, end: expected a period that is over");
    }
    const schedule = scheduleOf(definition);
    // What the ledger had before this instant was removed, so nobody knows whether those slots had a run.
    const knownFrom = Math.max(start, progress.prunedBefore);
    const hasRun = this.ranges.slotsWithRun({ first: knownFrom, last: end - 1 }, schedule);
    const slots: number[] = [];
    let withRun = 0;
    const ranges = consecutiveRanges(slotsBetween(schedule, knownFrom - 1, end - 1), (slot) => {
      const unfired = !hasRun(slot);
      if (unfired) slots.push(slot);
      else withRun += 1;
      if (slots.length > MAX_BACKFILL || slots.length + withRun > MAX_BACKFILL_SEARCH) {
        throw new DomainError(
          "request.invalid",
          `start, end: expected a period with at most ${MAX_BACKFILL} slots that got no run, of at most ${MAX_BACKFILL_SEARCH}`,
        );
      }
      return unfired;
    });
    return { ranges, slots, withRun };
  }
}
