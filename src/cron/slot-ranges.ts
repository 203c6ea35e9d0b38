/**
 * The part of the slot ledger that holds ranges: slots in a row that share their fate are one row, however many they are. A
 * range was skipped or missed, or it is a backlog whose slots are claimed one after the other.
 */
import { consecutiveRanges, type SlotRange } from "../schedule/catch-up";
import { countSlots } from "../schedule/count";
import { lastSlot, nextSlot, slotsBetween, type Schedule } from "../schedule/schedule";
import type { SlotOrigin } from "../wire/crons/slot";
import type { PendingRows } from "./pending-rows";
import { isWithin, rangesOutside, scheduleOfRange, type SlotRow } from "./slot-rows";

/** Slots of a schedule that are claimed one after the other. */
export interface Backlog extends SlotRange {
  origin: SlotOrigin;
  schedule: Schedule;
  /** No slot is claimed before this instant (ms). */
  claimAt: number;
}

export class SlotRanges {
  constructor(
    private readonly sql: SqlStorage,
    private readonly pendingRows: PendingRows,
  ) {}

  /** Records that the slots of the range get no run. */
  recordUnfired(
    range: SlotRange,
    schedule: Schedule,
    { status, reason, latenessMs }: { status: "skipped" | "missed"; reason: string; latenessMs?: number },
  ): void {
    this.insertRange(range, schedule, {
      origin: "schedule",
      status,
      reason,
      lateness_ms: latenessMs ?? null,
      retry_at: null,
    });
  }

  /** Records that the slots of the range are to be claimed one after the other. */
  addBacklog({ first, last, schedule, origin, claimAt }: Backlog): void {
    // `first_slot` is set also for a single slot. It tells a backlog from a claimed slot.
    this.insertRange({ first, last }, schedule, {
      origin,
      status: "pending",
      reason: null,
      lateness_ms: null,
      retry_at: claimAt,
    });
  }

  /**
   * The backlogs, oldest first.
   * @param since no older slot (ms) is pending, so the reading begins here
   */
  backlogs(since: number): Backlog[] {
    return this.pendingRows
      .from(since)
      .flatMap(({ first_slot: first, scheduled_for: last, schedule, timezone, origin, retry_at: claimAt }) =>
        first === null || schedule === null
          ? []
          : [{ first, last, origin, schedule: { expression: schedule, timezone }, claimAt }],
      );
  }

  /**
   * Removes the first slot of a backlog, which its caller claims.
   * @param claimAt the next slot is not claimed before this instant (ms)
   * @returns whether a slot is left
   */
  removeFirstSlot(backlog: Backlog, claimAt: number): boolean {
    this.pendingRows.forget();
    const next = nextSlot(backlog.schedule, backlog.first);
    const isLeft = next !== null && next <= backlog.last;
    if (isLeft) {
      this.sql.exec(
        "UPDATE slots SET first_slot = ?, retry_at = ? WHERE scheduled_for = ? AND manual = 0",
        next,
        claimAt,
        backlog.last,
      );
    } else {
      this.sql.exec("DELETE FROM slots WHERE scheduled_for = ? AND manual = 0", backlog.last);
    }
    return isLeft;
  }

  /** Puts a backlog off: none of its slots is claimed before `claimAt` (ms). */
  postpone({ last }: Backlog, claimAt: number): void {
    this.pendingRows.forget();
    this.sql.exec("UPDATE slots SET retry_at = ? WHERE scheduled_for = ? AND manual = 0", claimAt, last);
  }

  /** Skips the slots that are left of a backlog. @returns how many they are */
  dropBacklog(backlog: Backlog, reason: string): number {
    this.pendingRows.forget();
    this.sql.exec(
      "UPDATE slots SET status = 'skipped', reason = ?, retry_at = NULL WHERE scheduled_for = ? AND manual = 0",
      reason,
      backlog.last,
    );
    return countSlots(backlog.schedule, backlog);
  }

  /**
   * Reads which slots of the range have a run, or are to get one.
   * @returns a function that says of a slot of the schedule whether it has a run or is to get one
   */
  slotsWithRun({ first, last }: SlotRange, schedule: Schedule): (scheduledFor: number) => boolean {
    const rows = this.select(
      `WHERE manual = 0 AND status IN ('fired', 'pending', 'rolled_back') AND scheduled_for >= ?1
         AND coalesce(first_slot, scheduled_for) <= ?2`,
      first,
      last,
    );
    const single = new Set(rows.filter((row) => row.first_slot === null).map((row) => row.scheduled_for));
    const ranges = rows.filter((row) => row.first_slot !== null);
    const hasSameSchedule = (row: SlotRow): boolean =>
      row.schedule === schedule.expression && row.timezone === schedule.timezone;
    return (slot) =>
      single.has(slot) ||
      ranges
        .filter((row) => slot >= (row.first_slot ?? slot) && slot <= row.scheduled_for)
        .some((row) => hasSameSchedule(row) || isWithin(row, slot));
  }

  /**
   * Removes what the ledger has of the slots from `first` to `last` that got no run.
   * @param schedule only slots of this schedule are removed, and `first` must be one of them. The slots of schedules that
   *   the cron had before stay. With null, the slots of every schedule are removed.
   * @returns how many were removed, by status
   */
  removeUnfired(
    { first, last }: SlotRange,
    schedule: Schedule | null = null,
  ): { skipped: number; missed: number } {
    const removed = { skipped: 0, missed: 0 };
    const rows = this.select(
      `WHERE manual = 0 AND status IN ('skipped', 'missed') AND scheduled_for >= ?1
         AND coalesce(first_slot, scheduled_for) <= ?2`,
      first,
      last,
    );
    for (const row of rows) {
      const status = row.status as "skipped" | "missed";
      const rowSchedule = scheduleOfRange(row);
      const isOther =
        schedule !== null &&
        (schedule.expression !== rowSchedule?.expression || schedule.timezone !== rowSchedule.timezone);
      const isToRemove = (slot: number): boolean =>
        slot >= first && slot <= last && (!isOther || lastSlot(schedule, first, slot) === slot);
      if (rowSchedule === null && !isToRemove(row.scheduled_for)) continue;
      this.sql.exec("DELETE FROM slots WHERE scheduled_for = ? AND manual = 0", row.scheduled_for);
      if (rowSchedule === null) {
        removed[status] += 1;
        continue;
      }
      const range = { first: row.first_slot ?? row.scheduled_for, last: row.scheduled_for };
      const overlap = { first: Math.max(range.first, first), last: Math.min(range.last, last) };
      const rest = rangesOutside(rowSchedule, range, { first, last });
      if (isOther) {
        const within = [...slotsBetween(rowSchedule, overlap.first - 1, overlap.last)];
        removed[status] += within.filter(isToRemove).length;
        rest.push(...consecutiveRanges(within, (slot) => !isToRemove(slot)));
      } else {
        removed[status] += countSlots(rowSchedule, overlap);
      }
      for (const part of rest) this.insertRange(part, rowSchedule, { ...row, retry_at: null });
    }
    return removed;
  }

  /** The last slot after `at` (ms) that is skipped already; undefined when none is. */
  skippedUntil(at: number): number | undefined {
    return (
      this.sql
        .exec<{ last: number | null }>(
          "SELECT max(scheduled_for) AS last FROM slots WHERE scheduled_for > ? AND manual = 0 AND status = 'skipped'",
          at,
        )
        .one().last ?? undefined
    );
  }

  private insertRange(
    { first, last }: SlotRange,
    { expression, timezone }: Schedule,
    row: Pick<SlotRow, "origin" | "status" | "reason" | "lateness_ms"> & { retry_at: number | null },
  ): void {
    this.pendingRows.forget();
    this.sql.exec(
      `INSERT INTO slots (scheduled_for, manual, origin, status, reason, lateness_ms, retry_at, first_slot, schedule, timezone)
       VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      last,
      row.origin,
      row.status,
      row.reason,
      row.lateness_ms,
      row.retry_at,
      first,
      expression,
      timezone,
    );
  }

  private select(rest: string, ...params: number[]): SlotRow[] {
    return this.sql.exec<SlotRow>(`SELECT * FROM slots ${rest}`, ...params).toArray();
  }
}
