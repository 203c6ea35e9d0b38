/**
 * The rows of the slot ledger that are pending: claimed slots, and backlogs. A firing asks several times which they are, so they are
 * remembered for as long as nothing is written that changes them.
 */
import type { CronRecord } from "./record";
import type { SlotRow } from "./slot-rows";

/** A row with the columns that only pending slots have. */
export type PendingRow = SlotRow & {
  attempts: number;
  delivered_at: number | null;
  retry_at: number;
  overrides: string | null;
};

export class PendingRows {
  private remembered: { since: number; rollbacks: number; rows: PendingRow[] } | undefined;

  /** @param record knows of transactions that were rolled back. What was read in one of them is forgotten. */
  constructor(
    private readonly sql: SqlStorage,
    private readonly record: CronRecord,
  ) {}

  /** The rows whose slot, or last slot, is at `since` (ms) or later, oldest first. */
  from(since: number): PendingRow[] {
    const { rollbacks } = this.record;
    const known = this.remembered;
    if (known !== undefined && known.rollbacks === rollbacks && known.since <= since)
      return known.rows.filter((row) => row.scheduled_for >= since);
    const rows = this.sql
      .exec<PendingRow>(
        "SELECT * FROM slots WHERE scheduled_for >= ? AND status = 'pending' ORDER BY scheduled_for, manual",
        since,
      )
      .toArray();
    this.remembered = { since, rollbacks, rows };
    return [...rows];
  }

  /** Forgets what was read: it is about to change. */
  forget(): void {
    this.remembered = undefined;
  }
}
