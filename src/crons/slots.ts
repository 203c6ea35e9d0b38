/**
 * The slot ledger of one cron: what became of each scheduled time, at most one row a slot. Slots missed in a row are one
 * row, however many they are; they are unfolded by the schedule when they are read.
 */
import { toIso } from "../clock";
import { lastSlot, type Schedule } from "./schedule";
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
  /** Deliveries begun so far, this one included. */
  attempts: number;
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
      run_id TEXT,
      thread_id TEXT,
      last_missed INTEGER,
      schedule TEXT,
      timezone TEXT
    )`);
  }

  /** Whether the slot is in the ledger, by itself or among missed ones. */
  has(scheduledFor: number): boolean {
    const rows = this.sql.exec(
      `SELECT 1 FROM slots WHERE scheduled_for <= ? AND coalesce(last_missed, scheduled_for) >= ?
       ORDER BY scheduled_for DESC LIMIT 1`,
      scheduledFor,
      scheduledFor,
    );
    return rows.toArray().length > 0;
  }

  /** Takes the slot for a run: the claim that no second delivery can make. */
  claim(scheduledFor: number): void {
    this.sql.exec(
      "INSERT INTO slots (scheduled_for, status, attempts) VALUES (?, 'pending', 1)",
      scheduledFor,
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
       VALUES (?, 'missed', ?, ?, ?, ?)`,
      first,
      reason,
      last,
      schedule.expression,
      schedule.timezone,
    );
  }

  /** Slots whose run is not yet known to be enqueued, oldest first. */
  pending(): PendingSlot[] {
    return this.sql
      .exec<{ scheduled_for: number; attempts: number }>(
        "SELECT scheduled_for, attempts FROM slots WHERE status = 'pending' ORDER BY scheduled_for",
      )
      .toArray()
      .map((row) => ({ scheduledFor: row.scheduled_for, attempts: row.attempts }));
  }

  /** Counts one more delivery of a pending slot, before it is made. */
  countAttempt(scheduledFor: number): void {
    this.sql.exec("UPDATE slots SET attempts = attempts + 1 WHERE scheduled_for = ?", scheduledFor);
  }

  /** The slot's run is enqueued. */
  markFired(scheduledFor: number, latenessMs: number, runId: string, threadId: string): void {
    this.sql.exec(
      "UPDATE slots SET status = 'fired', lateness_ms = ?, run_id = ?, thread_id = ? WHERE scheduled_for = ?",
      latenessMs,
      runId,
      threadId,
      scheduledFor,
    );
  }

  /** The claimed slot gets no run after all. */
  markUnfired(scheduledFor: number, status: "skipped" | "missed", reason: string, latenessMs: number): void {
    this.sql.exec(
      "UPDATE slots SET status = ?, reason = ?, lateness_ms = ? WHERE scheduled_for = ?",
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
function* unfold(row: Row, before: number): Generator<number> {
  if (row.last_missed === null || row.schedule === null) {
    yield row.scheduled_for;
    return;
  }
  const schedule = { expression: row.schedule, timezone: row.timezone };
  let until = Math.min(row.last_missed, before - 1);
  while (until >= row.scheduled_for) {
    const slot = lastSlot(schedule, row.scheduled_for, until);
    yield slot;
    until = slot - 1;
  }
}
