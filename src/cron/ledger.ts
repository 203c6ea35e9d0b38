/**
 * The slot ledger of one cron: what became of each scheduled time, at most one row a slot. Slots in a row that share their
 * fate are one row, however many they are; they are unfolded by the schedule when they are read. Runs by hand have rows of
 * their own, which are no slots.
 */
import { toIso } from "../platform/clock";
import type { JsonObject } from "../platform/json";
import { parseJsonOrNull } from "../platform/json";
import { consecutiveRanges, type SlotRange } from "../schedule/catch-up";
import { countSlots } from "../schedule/count";
import { lastSlot, nextSlot, slotsBackwards, slotsBetween, type Schedule } from "../schedule/schedule";
import type { Slot, SlotList, SlotOrigin, SlotStatus } from "../wire/crons/slot";

/** A slot among all of its cron: a run by hand has its own instant beside the schedule's. */
export interface SlotKey {
  scheduledFor: number;
  manual: boolean;
}

/** A claimed slot that waits for its run to be enqueued. */
export interface PendingSlot extends SlotKey {
  origin: SlotOrigin;
  threadId: string;
  /** Deliveries begun so far. */
  attempts: number;
  /** Not to be delivered before; what was sent earlier and comes later than this is refused where it comes to. */
  retryAt: number;
  /** What it waits for, when it is held back by an earlier run. */
  heldBy: string | null;
  /** What a run by hand has instead of the cron's payload. */
  overrides: JsonObject | null;
}

/** Pending slots in a row that are claimed one after the other, none before `claimAt`. */
export interface Backlog extends SlotRange {
  origin: SlotOrigin;
  schedule: Schedule;
  claimAt: number;
}

type Row = {
  scheduled_for: number;
  manual: number;
  origin: SlotOrigin;
  status: SlotStatus;
  reason: string | null;
  lateness_ms: number | null;
  run_id: string | null;
  thread_id: string | null;
  first_slot: number | null;
  schedule: string | null;
  timezone: string | null;
};

const LAST_OF_ALL = Number.MAX_SAFE_INTEGER;

/** The condition that a slot's thread stays after its run. A thread whose id is a UUID of version 8 is removed with its run. */
const HAS_KEPT_THREAD = "status = 'fired' AND thread_id IS NOT NULL AND substr(thread_id, 15, 1) <> '8'";

export class SlotLedger {
  constructor(private readonly sql: SqlStorage) {}

  /** Whether the slot is in the ledger, by itself or in a range. */
  has(scheduledFor: number): boolean {
    return this.statusOf(scheduledFor) !== undefined;
  }

  /** Whether nothing is known of any slot from `at` on. */
  isEmptyFrom(at: number): boolean {
    return !this.isAnyRow("scheduled_for >= ? AND manual = 0", at);
  }

  /** Tells of slots of the schedule within the range whether they have a run, or are to get one; read once for all of them. */
  slotsWithRun({ first, last }: SlotRange, schedule: Schedule): (scheduledFor: number) => boolean {
    const rows = this.select(
      `WHERE manual = 0 AND status IN ('fired', 'pending', 'rolled_back') AND scheduled_for >= ?1
         AND coalesce(first_slot, scheduled_for) <= ?2`,
      first,
      last,
    );
    const single = new Set(rows.filter((row) => row.first_slot === null).map((row) => row.scheduled_for));
    const ranges = rows.filter((row) => row.first_slot !== null);
    const isOwn = (row: Row): boolean =>
      row.schedule === schedule.expression && row.timezone === schedule.timezone;
    return (slot) =>
      single.has(slot) ||
      ranges
        .filter((row) => slot >= (row.first_slot ?? slot) && slot <= row.scheduled_for)
        .some((row) => isOwn(row) || isWithin(row, slot));
  }

  /** The slot of this key, as the API shows it. */
  get({ scheduledFor, manual }: SlotKey): Slot | undefined {
    return this.select("WHERE scheduled_for = ? AND manual = ?", scheduledFor, manual ? 1 : 0).map((row) =>
      toWire(row, scheduledFor),
    )[0];
  }

  /**
   * Takes a slot for a run: the claim that no second delivery can make. It has its thread from here on, whatever is
   * changed before it is delivered.
   */
  claim(slot: Omit<PendingSlot, "heldBy">): void {
    this.sql.exec(
      `INSERT INTO slots (scheduled_for, manual, origin, status, thread_id, attempts, retry_at, overrides)
       VALUES (?, ?, ?, 'pending', ?, ?, ?, ?)`,
      slot.scheduledFor,
      slot.manual ? 1 : 0,
      slot.origin,
      slot.threadId,
      slot.attempts,
      slot.retryAt,
      slot.overrides === null ? null : JSON.stringify(slot.overrides),
    );
  }

  /** Records that no run is made for the slots of the range. */
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
    // `first_slot` is what makes it one, also when it has a single slot.
    this.insertRange({ first, last }, schedule, {
      origin,
      status: "pending",
      reason: null,
      lateness_ms: null,
      retry_at: claimAt,
    });
  }

  /** What is to be claimed one after the other, oldest first; `from` as in {@link pending}. */
  backlogs(from: number): Backlog[] {
    return this.sql
      .exec<Row & { retry_at: number; first_slot: number; schedule: string }>(
        `SELECT * FROM slots WHERE scheduled_for >= ? AND status = 'pending' AND first_slot IS NOT NULL
         ORDER BY scheduled_for`,
        from,
      )
      .toArray()
      .map((row) => ({
        first: row.first_slot,
        last: row.scheduled_for,
        origin: row.origin,
        schedule: { expression: row.schedule, timezone: row.timezone },
        claimAt: row.retry_at,
      }));
  }

  /** Takes the first slot out of a backlog; the next is not to be taken before `claimAt`. @returns whether there is one */
  removeFirstSlot(backlog: Backlog, claimAt: number): boolean {
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

  /** Nothing is to be taken from the backlog before `claimAt`. */
  postpone({ last }: Backlog, claimAt: number): void {
    this.update({ scheduledFor: last, manual: false }, "retry_at = ?", claimAt);
  }

  /** What is left of a backlog gets no runs. @returns of how many slots */
  dropBacklog(backlog: Backlog, reason: string): number {
    this.sql.exec(
      "UPDATE slots SET status = 'skipped', reason = ?, retry_at = NULL WHERE scheduled_for = ? AND manual = 0",
      reason,
      backlog.last,
    );
    return countSlots(backlog.schedule, backlog);
  }

  /** Single slots from `from` on whose run is not yet known to be enqueued, oldest first. */
  pending(from: number): PendingSlot[] {
    return this.sql
      .exec<Row & { thread_id: string; attempts: number; retry_at: number; overrides: string | null }>(
        `SELECT * FROM slots WHERE scheduled_for >= ? AND status = 'pending' AND first_slot IS NULL
         ORDER BY scheduled_for, manual`,
        from,
      )
      .toArray()
      .map((row) => ({
        scheduledFor: row.scheduled_for,
        manual: row.manual === 1,
        origin: row.origin,
        threadId: row.thread_id,
        attempts: row.attempts,
        retryAt: row.retry_at,
        heldBy: row.reason,
        overrides: parseJsonOrNull(row.overrides),
      }));
  }

  /** Counts a delivery that may leave it open whether the run was enqueued, and books the next. */
  countAttempt(slot: SlotKey, retryAt: number): void {
    this.updatePending(slot, "attempts = attempts + 1, retry_at = ?, reason = NULL", retryAt);
  }

  /** Books the next delivery of a slot whose attempt has been counted. */
  bookRetry(slot: SlotKey, retryAt: number): void {
    this.updatePending(slot, "retry_at = ?", retryAt);
  }

  /** Holds the slot back; it is looked at again at `retryAt` at the latest. */
  hold(slot: SlotKey, heldBy: string, retryAt: number): void {
    this.updatePending(slot, "attempts = 0, reason = ?, retry_at = ?", heldBy, retryAt);
  }

  /** The slot's run is enqueued. The run may have been rolled back before that was known. */
  markFired(slot: SlotKey, latenessMs: number, runId: string): void {
    this.update(
      slot,
      `status = iif(status = 'pending', 'fired', status), run_id = iif(status = 'pending', ?, run_id), lateness_ms = ?,
       reason = iif(status = 'pending', NULL, reason), retry_at = NULL`,
      runId,
      latenessMs,
    );
  }

  /** The slot's run was rolled back: there is no such run any more, nor a thread that it was made on. */
  markRolledBack(slot: SlotKey): void {
    const reason = "its run was rolled back";
    this.update(slot, "status = 'rolled_back', reason = ?, run_id = NULL, retry_at = NULL", reason);
  }

  /** The claimed slot gets no run after all. */
  markUnfired(slot: SlotKey, status: "skipped" | "missed", reason: string, latenessMs: number): void {
    const assignments = "status = ?, reason = ?, lateness_ms = ?, retry_at = NULL";
    this.updatePending(slot, assignments, status, reason, latenessMs);
  }

  /**
   * Removes what the ledger has of the slots from `first` to `last` that got no run.
   * @param schedule only slots of this schedule are removed, and `first` must be one of them. A cron may have had other
   *   schedules before, and their slots stay. With null, the slots of every schedule are removed.
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
      const own = scheduleOfRange(row);
      const isOther =
        schedule !== null && (schedule.expression !== own?.expression || schedule.timezone !== own.timezone);
      const isToRemove = (slot: number): boolean =>
        slot >= first && slot <= last && (!isOther || lastSlot(schedule, first, slot) === slot);
      if (own === null && !isToRemove(row.scheduled_for)) continue;
      this.remove({ scheduledFor: row.scheduled_for, manual: false });
      if (own === null) {
        removed[status] += 1;
        continue;
      }
      const range = { first: row.first_slot ?? row.scheduled_for, last: row.scheduled_for };
      const meant = { first: Math.max(range.first, first), last: Math.min(range.last, last) };
      const rest = rangesOutside(own, range, { first, last });
      if (isOther) {
        const within = [...slotsBetween(own, meant.first - 1, meant.last)];
        removed[status] += within.filter(isToRemove).length;
        rest.push(...consecutiveRanges(within, (slot) => !isToRemove(slot)));
      } else {
        removed[status] += countSlots(own, meant);
      }
      for (const part of rest) this.insertRange(part, own, { ...row, retry_at: null });
    }
    return removed;
  }

  /** The last slot after `at` that is skipped already; undefined when none is. */
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

  /** The instant of the latest run by hand; -Infinity before the first. */
  lastManual(): number {
    const [row] = this.sql
      .exec<{ at: number }>(
        "SELECT scheduled_for AS at FROM slots WHERE manual = 1 ORDER BY scheduled_for DESC LIMIT 1",
      )
      .toArray();
    return row?.at ?? -Infinity;
  }

  /** The threads that fired slots left behind, newest first, without the newest `keep` of them; `limit` at most. */
  threadsBeyond(keep: number, limit: number): (SlotKey & { threadId: string })[] {
    return this.sql
      .exec<{ scheduled_for: number; manual: number; thread_id: string }>(
        `SELECT scheduled_for, manual, thread_id FROM slots
         WHERE ${HAS_KEPT_THREAD}
         ORDER BY scheduled_for DESC, manual LIMIT ? OFFSET ?`,
        limit,
        keep,
      )
      .toArray()
      .map((row) => ({
        scheduledFor: row.scheduled_for,
        manual: row.manual === 1,
        threadId: row.thread_id,
      }));
  }

  /** The slot's thread is gone. */
  forgetThread(slot: SlotKey): void {
    this.update(slot, "thread_id = NULL");
  }

  /**
   * The rows beyond the newest `keep` that may be removed, the oldest first, at most `limit`. Rows that have to stay are
   * filtered here, so that many of them in a row do not hide those after them.
   * @param unfinished ids of runs that have not ended: their slots stay, as pending ones do
   * @param keepsThreads whether slots stay whose thread is kept, which are those that {@link threadsBeyond} reads
   */
  excess(
    keep: number,
    limit: number,
    { unfinished, keepsThreads }: { unfinished: string[]; keepsThreads: boolean },
  ): (SlotKey & { runId: string | null })[] {
    const { rows } = this.sql.exec<{ rows: number }>("SELECT count(*) AS rows FROM slots").one();
    if (rows <= keep) return [];
    return this.sql
      .exec<Row>(
        `SELECT * FROM (SELECT * FROM slots ORDER BY scheduled_for, manual LIMIT ?)
         WHERE status <> 'pending' AND (run_id IS NULL OR run_id NOT IN (SELECT value FROM json_each(?)))
           AND NOT (? AND ${HAS_KEPT_THREAD})
         ORDER BY scheduled_for, manual LIMIT ?`,
        rows - keep,
        JSON.stringify(unfinished),
        keepsThreads ? 1 : 0,
        limit,
      )
      .toArray()
      .map((row) => ({ scheduledFor: row.scheduled_for, manual: row.manual === 1, runId: row.run_id }));
  }

  /**
   * Whether the row of the slot is beyond the newest `keep` and may be removed; see {@link excess} for `keepsThreads`. The
   * slot's run has ended. Reads only rows that are newer than the slot's, so it is cheap for a slot among the newest.
   */
  isRemovableBeyond(keep: number, slot: SlotKey, { keepsThreads }: { keepsThreads: boolean }): boolean {
    const { scheduledFor, manual } = slot;
    return this.isAnyRow(
      `(scheduled_for, manual) = (?1, ?2) AND status <> 'pending' AND NOT (?3 AND ${HAS_KEPT_THREAD})
         AND EXISTS (SELECT 1 FROM slots WHERE (scheduled_for, manual) > (?1, ?2) LIMIT 1 OFFSET ?4)`,
      scheduledFor,
      manual ? 1 : 0,
      keepsThreads ? 1 : 0,
      keep - 1,
    );
  }

  remove({ scheduledFor, manual }: SlotKey): void {
    this.sql.exec("DELETE FROM slots WHERE scheduled_for = ? AND manual = ?", scheduledFor, manual ? 1 : 0);
  }

  /** A page of the ledger, newest first. */
  list(query: SlotList): Slot[] {
    const before = query.before ?? LAST_OF_ALL;
    // A range that ends at or after `before` may begin before it: the first that does.
    const rows = this.sql.exec<Row>(
      `SELECT * FROM slots WHERE (? IS NULL OR status = ?) AND (scheduled_for < ? OR scheduled_for =
         (SELECT min(scheduled_for) FROM slots WHERE scheduled_for >= ? AND first_slot IS NOT NULL))
       ORDER BY scheduled_for DESC, manual DESC`,
      query.status ?? null,
      query.status ?? null,
      before,
      before,
    );
    const slots: Slot[] = [];
    for (const row of rows) {
      for (const scheduledFor of unfold(row, before)) {
        if (slots.length === query.limit) return slots;
        slots.push(toWire(row, scheduledFor));
      }
    }
    return slots;
  }

  /** Undefined when the slot is not in the ledger. */
  private statusOf(scheduledFor: number): SlotStatus | undefined {
    const rows = this.select(
      "WHERE manual = 0 AND scheduled_for >= ?1 AND (scheduled_for = ?1 OR first_slot <= ?1)",
      scheduledFor,
    );
    return rows.find((row) => isWithin(row, scheduledFor))?.status;
  }

  private insertRange(
    { first, last }: SlotRange,
    { expression, timezone }: Schedule,
    row: Pick<Row, "origin" | "status" | "reason" | "lateness_ms"> & { retry_at: number | null },
  ): void {
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

  private update(slot: SlotKey, assignments: string, ...params: (string | number | null)[]): void {
    this.updateWhere("true", slot, assignments, params);
  }

  /** Leaves a slot alone that is final: its run may have been rolled back while it was delivered. */
  private updatePending(slot: SlotKey, assignments: string, ...params: (string | number | null)[]): void {
    this.updateWhere("status = 'pending'", slot, assignments, params);
  }

  private updateWhere(
    condition: string,
    { scheduledFor, manual }: SlotKey,
    assignments: string,
    params: (string | number | null)[],
  ): void {
    this.sql.exec(
      `UPDATE slots SET ${assignments} WHERE scheduled_for = ? AND manual = ? AND ${condition}`,
      ...params,
      scheduledFor,
      manual ? 1 : 0,
    );
  }

  private isAnyRow(condition: string, ...params: number[]): boolean {
    return this.sql.exec(`SELECT 1 FROM slots WHERE ${condition} LIMIT 1`, ...params).toArray().length > 0;
  }

  private select(rest: string, ...params: (string | number)[]): Row[] {
    return this.sql.exec<Row>(`SELECT * FROM slots ${rest}`, ...params).toArray();
  }
}

const scheduleOfRange = ({ first_slot, schedule, timezone }: Row): Schedule | null =>
  first_slot === null || schedule === null ? null : { expression: schedule, timezone };

/** What lies in the range before and after the slots taken out of it. */
function rangesOutside(schedule: Schedule, range: SlotRange, { first, last }: SlotRange): SlotRange[] {
  const rest: SlotRange[] = [];
  if (range.first < first) {
    rest.push({ first: range.first, last: lastSlot(schedule, range.first, first - 1) });
  }
  const next = range.last > last ? nextSlot(schedule, last) : null;
  if (next !== null) rest.push({ first: next, last: range.last });
  return rest;
}

/** Whether the row is that of the slot. After a change of the schedule a range may span slots that are not its own. */
function isWithin(row: Row, slot: number): boolean {
  const schedule = scheduleOfRange(row);
  if (schedule === null || row.first_slot === null) return row.scheduled_for === slot;
  if (slot < row.first_slot || slot > row.scheduled_for) return false;
  return nextSlot(schedule, slot - 1) === slot;
}

const toWire = (row: Row, scheduledFor: number): Slot => ({
  scheduled_for: toIso(scheduledFor),
  origin: row.origin,
  status: row.status,
  reason: row.reason,
  lateness_ms: row.lateness_ms,
  run_id: row.run_id,
  thread_id: row.status === "fired" ? row.thread_id : null,
});

/** The slots of a row that lie before `before`, newest first. */
function unfold(row: Row, before: number): Iterable<number> {
  const schedule = scheduleOfRange(row);
  if (schedule === null || row.first_slot === null)
    return row.scheduled_for < before ? [row.scheduled_for] : [];
  return slotsBackwards(schedule, row.first_slot, Math.min(row.scheduled_for, before - 1));
}
