/**
 * The slot ledger of one cron: what became of each scheduled time, at most one row a slot. Slots missed in a row are one
 * row, however many they are; they are unfolded by the schedule when they are read.
 */
import { toIso } from "../clock";
import { slotsBackwards, type Schedule } from "./schedule";
import type { SlotList } from "./schemas";

/** `pending` is claimed and not yet acknowledged; the others are final. */
export type SlotStatus = "pending" | "fired" | "skipped" | "missed";

/** A slot as the API shows it. */
export interface Slot {
  scheduled_for: string;
  status: SlotStatus;
  reason: string | null;
  lateness_ms: number | null;
  run_id: string | null;
  thread_id: string | null;
}

/** A claimed slot that waits for its run to be enqueued. */
export interface PendingSlot {
  scheduledFor: number;
  threadId: string;
  /** Deliveries begun so far. */
  attempts: number;
  /** Not to be delivered again before; null: at once. */
  retryAt: number | null;
}

type Row = {
  scheduled_for: number;
  status: SlotStatus;
  reason: string | null;
  lateness_ms: number | null;
  run_id: string | null;
  thread_id: string | null;
  last_missed: number | null;
  schedule: string | null;
  timezone: string | null;
};

export class SlotLedger {
  constructor(private readonly sql: SqlStorage) {}

  createTable(): void {
    this.sql.exec(`CREATE TABLE IF NOT EXISTS slots (
      scheduled_for INTEGER PRIMARY KEY,
      status TEXT NOT NULL,
      reason TEXT,
      lateness_ms INTEGER,
      attempts INTEGER NOT NULL DEFAULT 0,
      retry_at INTEGER,
      run_id TEXT,
      thread_id TEXT,
      last_missed INTEGER,
      schedule TEXT,
      timezone TEXT
    )`);
  }

  /** Whether the slot is in the ledger, by itself or among missed ones. */
  has(scheduledFor: number): boolean {
    // Rows do not overlap, so the one before decides.
    const [row] = this.sql
      .exec<{ last: number }>(
        `SELECT coalesce(last_missed, scheduled_for) AS last FROM slots WHERE scheduled_for <= ?
         ORDER BY scheduled_for DESC LIMIT 1`,
        scheduledFor,
      )
      .toArray();
    return row !== undefined && row.last >= scheduledFor;
  }

  /**
   * Takes the slot for a run: the claim that no second delivery can make.
   * @param threadId where the run is to be, whatever is changed before it is delivered
   */
  claim(scheduledFor: number, threadId: string): void {
    this.sql.exec(
      "INSERT INTO slots (scheduled_for, status, thread_id) VALUES (?, 'pending', ?)",
      scheduledFor,
      threadId,
    );
  }

  /** Records a slot that no run is made for. */
  skip(scheduledFor: number, reason: string, latenessMs: number): void {
    this.sql.exec(
      "INSERT INTO slots (scheduled_for, status, reason, lateness_ms) VALUES (?, 'skipped', ?, ?)",
      scheduledFor,
      reason,
      latenessMs,
    );
  }

  /** Records every slot of `schedule` from `first` to `last` as missed. */
  miss(first: number, last: number, schedule: Schedule, reason: string): void {
    this.sql.exec(
      `INSERT INTO slots (scheduled_for, status, reason, last_missed, schedule, timezone)
       VALUES (?, 'missed', ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      first,
      reason,
      last,
      schedule.expression,
      schedule.timezone,
    );
  }

  /** Slots from `from` on whose run is not yet known to be enqueued, oldest first. */
  pending(from: number): PendingSlot[] {
    return this.sql
      .exec<{ scheduled_for: number; thread_id: string; attempts: number; retry_at: number | null }>(
        `SELECT scheduled_for, thread_id, attempts, retry_at FROM slots
         WHERE scheduled_for >= ? AND status = 'pending' ORDER BY scheduled_for`,
        from,
      )
      .toArray()
      .map((row) => ({
        scheduledFor: row.scheduled_for,
        threadId: row.thread_id,
        attempts: row.attempts,
        retryAt: row.retry_at,
      }));
  }

  /** Counts a delivery that may leave it open whether the run was enqueued, and books the next. */
  countAttempt(scheduledFor: number, retryAt: number | null): void {
    this.sql.exec(
      "UPDATE slots SET attempts = attempts + 1, retry_at = ? WHERE scheduled_for = ?",
      retryAt,
      scheduledFor,
    );
  }

  /** Books the next delivery of a slot whose attempt has been counted. */
  bookRetry(scheduledFor: number, retryAt: number): void {
    this.sql.exec("UPDATE slots SET retry_at = ? WHERE scheduled_for = ?", retryAt, scheduledFor);
  }

  /** The slot's run is enqueued. */
  markFired(scheduledFor: number, latenessMs: number, runId: string): void {
    this.sql.exec(
      "UPDATE slots SET status = 'fired', lateness_ms = ?, run_id = ? WHERE scheduled_for = ?",
      latenessMs,
      runId,
      scheduledFor,
    );
  }

  /** The claimed slot gets no run after all. */
  markUnfired(scheduledFor: number, status: "skipped" | "missed", reason: string, latenessMs: number): void {
    this.sql.exec(
      "UPDATE slots SET status = ?, reason = ?, lateness_ms = ?, thread_id = NULL WHERE scheduled_for = ?",
      status,
      reason,
      latenessMs,
      scheduledFor,
    );
  }

  /** A page of the ledger, newest first. */
  list(query: SlotList): Slot[] {
    const before = query.before ?? Infinity;
    const rows = this.sql.exec<Row>(
      `SELECT scheduled_for, status, reason, lateness_ms, run_id, thread_id, last_missed, schedule, timezone
       FROM slots WHERE scheduled_for < ? AND (? IS NULL OR status = ?) ORDER BY scheduled_for DESC`,
      Math.min(before, Number.MAX_SAFE_INTEGER),
      query.status ?? null,
      query.status ?? null,
    );
    const slots: Slot[] = [];
    for (const row of rows) {
      for (const scheduledFor of unfold(row, before)) {
        if (slots.length === query.limit) return slots;
        slots.push({
          scheduled_for: toIso(scheduledFor),
          status: row.status,
          reason: row.reason,
          lateness_ms: row.lateness_ms,
          run_id: row.run_id,
          thread_id: row.thread_id,
        });
      }
    }
    return slots;
  }
}

/** The slots of a row that lie before `before`, newest first. */
function unfold(row: Row, before: number): Iterable<number> {
  if (row.last_missed === null || row.schedule === null) return [row.scheduled_for];
  const schedule = { expression: row.schedule, timezone: row.timezone };
  return slotsBackwards(schedule, row.scheduled_for, Math.min(row.last_missed, before - 1));
}
