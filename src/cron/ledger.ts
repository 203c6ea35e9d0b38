/**
 * The slot ledger of a cron: what became of each scheduled time. A claimed slot has a row of its own, and so has a run by hand.
 * Slots in a row that got no run share one row; see `slot-ranges.ts`. Finding and removing old rows is in `old-slots.ts`.
 */
import type { RunReport } from "../calls/run-report";
import { now } from "../platform/clock";
import { parseJsonOrNull } from "../platform/json";
import type { Slot, SlotList } from "../wire/crons/slot";
import type { CronRecord } from "./record";
import type { PendingRows } from "./pending-rows";
import {
  END_COLUMNS,
  endOf,
  isWithin,
  slotsOfRow,
  toWireSlot,
  type PendingSlot,
  type SlotKey,
  type SlotRow,
} from "./slot-rows";

export class SlotLedger {
  constructor(
    private readonly sql: SqlStorage,
    private readonly record: CronRecord,
    private readonly pendingRows: PendingRows,
  ) {}

  /**
   * Gives the slot that was claimed in the cron's row a row of its own; see `StoredCron.claimed`. Every method that reads or
   * changes single rows begins with this, except those that know of the claimed slot.
   */
  storeClaimed(): void {
    const claimed = this.record.read()?.claimed ?? null;
    if (claimed === null) return;
    this.record.transaction(() => {
      this.insert(claimed);
      this.record.forgetClaimed();
    });
  }

  /** Whether the slot is in the ledger, in a row of its own or in a range. */
  has(scheduledFor: number): boolean {
    this.storeClaimed();
    const rows = this.select(
      "WHERE manual = 0 AND scheduled_for >= ?1 AND (scheduled_for = ?1 OR first_slot <= ?1)",
      scheduledFor,
    );
    return rows.some((row) => isWithin(row, scheduledFor));
  }

  /** Whether the ledger has no slot of the schedule from `at` (ms) on. */
  isEmptyFrom(at: number): boolean {
    this.storeClaimed();
    const rows = this.sql.exec("SELECT 1 FROM slots WHERE scheduled_for >= ? AND manual = 0 LIMIT 1", at);
    return rows.toArray().length === 0;
  }

  /** The slot of this key, as the API shows it. */
  get({ scheduledFor, manual }: SlotKey): Slot | undefined {
    this.storeClaimed();
    return this.select("WHERE scheduled_for = ? AND manual = ?", scheduledFor, manual ? 1 : 0).map((row) =>
      toWireSlot(row, scheduledFor),
    )[0];
  }

  /** Claims a slot for a run on the given thread. @throws Error when the slot is in the ledger already */
  claim(slot: PendingSlot): void {
    this.storeClaimed();
    this.insert(slot);
  }

  private insert(slot: PendingSlot): void {
    this.pendingRows.forget();
    this.sql.exec(
      `INSERT INTO slots (scheduled_for, manual, origin, status, thread_id, attempts, delivered_at, retry_at, overrides,
         requested_by)
       VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?)`,
      slot.scheduledFor,
      slot.manual ? 1 : 0,
      slot.origin,
      slot.threadId,
      slot.attempts,
      slot.deliveredAt ?? null,
      slot.retryAt,
      slot.overrides === null ? null : JSON.stringify(slot.overrides),
      slot.requestedBy ?? null,
    );
  }

  /**
   * The claimed slots whose run is not yet known to be enqueued, oldest first.
   * @param since no older slot (ms) is pending, so the reading begins here
   */
  pending(since: number): PendingSlot[] {
    const claimed = this.record.read()?.claimed ?? null;
    const stored = this.pendingRows
      .from(since)
      .filter((row) => row.first_slot === null)
      .map((row): PendingSlot => ({
        scheduledFor: row.scheduled_for,
        manual: row.manual === 1,
        origin: row.origin,
        threadId: row.thread_id ?? "",
        attempts: row.attempts,
        deliveredAt: row.delivered_at,
        retryAt: row.retry_at,
        heldBy: row.reason,
        overrides: parseJsonOrNull(row.overrides),
        requestedBy: row.requested_by,
      }));
    if (claimed === null) return stored;
    return [...stored, claimed].sort(
      (a, b) => a.scheduledFor - b.scheduledFor || Number(a.manual) - Number(b.manual),
    );
  }

  /** Counts a delivery that begins, and notes when the next one may begin (ms). */
  countAttempt(slot: SlotKey, retryAt: number): void {
    this.updatePending(
      slot,
      "attempts = attempts + 1, delivered_at = ?, retry_at = ?, reason = NULL",
      now(),
      retryAt,
    );
  }

  /** Notes when the next delivery of a slot may begin (ms). The delivery that failed was counted when it began. */
  bookRetry(slot: SlotKey, retryAt: number): void {
    this.updatePending(slot, "retry_at = ?", retryAt);
  }

  /** Holds the slot back until an earlier run ends. The cron looks at the slot again at `retryAt` (ms) at the latest. */
  hold(slot: SlotKey, heldBy: string, retryAt: number): void {
    this.updatePending(slot, "attempts = 0, reason = ?, retry_at = ?", heldBy, retryAt);
  }

  /**
   * Notes that the slot's run is enqueued. A run that was rolled back before this was known leaves the slot rolled back. The slot
   * may be the one that was claimed in the cron's row; the caller then has that row changed, see `CronRecord.forgetClaimed`.
   * Until the report comes, the run counts as made now.
   * @param report how the run has ended; null when that is not known yet
   */
  markFired(slot: PendingSlot, latenessMs: number, runId: string, report: RunReport | null): void {
    const createdAt = report?.createdAt ?? null;
    if (this.isClaimedInRow(slot)) {
      this.sql.exec(
        `INSERT INTO slots (scheduled_for, manual, origin, status, lateness_ms, attempts, run_id, run_created_at, thread_id,
           ${END_COLUMNS.join(", ")})
         VALUES (?, ?, ?, 'fired', ?, ?, ?, ?, ?, ${END_COLUMNS.map(() => "?").join(", ")})`,
        slot.scheduledFor,
        slot.manual ? 1 : 0,
        slot.origin,
        latenessMs,
        slot.attempts,
        runId,
        createdAt ?? now(),
        slot.threadId,
        ...endOf(report),
      );
      return;
    }
    this.update(
      slot,
      `status = iif(status = 'pending', 'fired', status), run_id = iif(status = 'pending', ?, run_id), lateness_ms = ?,
       reason = iif(status = 'pending', NULL, reason), retry_at = NULL,
       run_created_at = coalesce(?, run_created_at, ?),
       ${END_COLUMNS.map((column) => `${column} = coalesce(?, ${column})`).join(", ")}`,
      runId,
      latenessMs,
      createdAt,
      now(),
      ...endOf(report),
    );
  }

  /** Whether the slot is the one that was claimed in the cron's row and has no row of its own. */
  isClaimedInRow({ scheduledFor, manual }: SlotKey): boolean {
    const claimed = this.record.read()?.claimed ?? null;
    return claimed?.scheduledFor === scheduledFor && claimed.manual === manual;
  }

  /** Notes when the slot's run was made and how it has ended. */
  markEnded(slot: SlotKey, report: RunReport): void {
    const assignments = ["run_created_at = coalesce(?, run_created_at)"];
    assignments.push(...END_COLUMNS.map((column) => `${column} = ?`));
    this.update(slot, assignments.join(", "), report.createdAt ?? null, ...endOf(report));
  }

  /** Notes that the slot's run was rolled back. The run is gone, and so is a thread that was made for it. */
  markRolledBack(slot: SlotKey): void {
    const reason = "its run was rolled back";
    this.update(slot, "status = 'rolled_back', reason = ?, run_id = NULL, retry_at = NULL", reason);
  }

  /** Notes that a claimed slot gets no run after all. */
  markUnfired(slot: SlotKey, status: "skipped" | "missed", reason: string, latenessMs: number): void {
    const assignments = "status = ?, reason = ?, lateness_ms = ?, retry_at = NULL";
    this.updatePending(slot, assignments, status, reason, latenessMs);
  }

  /** The instant (ms) of the latest run by hand; -Infinity before the first. */
  lastManual(): number {
    this.storeClaimed();
    const [row] = this.sql
      .exec<{ at: number }>(
        "SELECT scheduled_for AS at FROM slots WHERE manual = 1 ORDER BY scheduled_for DESC LIMIT 1",
      )
      .toArray();
    return row?.at ?? -Infinity;
  }

  /** A page of the ledger, newest first. */
  list(query: SlotList): Slot[] {
    this.storeClaimed();
    const before = query.before ?? Number.MAX_SAFE_INTEGER;
    // The first range that ends at or after `before` may begin before it.
    const rows = this.sql.exec<SlotRow>(
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
      for (const scheduledFor of slotsOfRow(row, before)) {
        if (slots.length === query.limit) return slots;
        slots.push(toWireSlot(row, scheduledFor));
      }
    }
    return slots;
  }

  private update(slot: SlotKey, assignments: string, ...params: (string | number | null)[]): void {
    this.updateWhere("true", slot, assignments, params);
  }

  /** Like {@link update}, for a slot that is still pending. Its run may have been rolled back during the delivery. */
  private updatePending(slot: SlotKey, assignments: string, ...params: (string | number | null)[]): void {
    this.updateWhere("status = 'pending'", slot, assignments, params);
  }

  private updateWhere(
    condition: string,
    { scheduledFor, manual }: SlotKey,
    assignments: string,
    params: (string | number | null)[],
  ): void {
    this.storeClaimed();
    this.pendingRows.forget();
    this.sql.exec(
      `UPDATE slots SET ${assignments} WHERE scheduled_for = ? AND manual = ? AND ${condition}`,
      ...params,
      scheduledFor,
      manual ? 1 : 0,
    );
  }

  private select(rest: string, ...params: (string | number)[]): SlotRow[] {
    return this.sql.exec<SlotRow>(`SELECT * FROM slots ${rest}`, ...params).toArray();
  }
}
