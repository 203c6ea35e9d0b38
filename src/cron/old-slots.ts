/**
 * The part of the slot ledger that finds what is too old: rows beyond the history limit, and threads that fired slots left
 * behind. `retention.ts` decides what of it is removed.
 */
import type { SlotKey, SlotRow } from "./slot-rows";

/** The condition that a slot's thread stays after its run. A thread whose id is a UUID of version 8 is removed with its run. */
const HAS_KEPT_THREAD = "status = 'fired' AND thread_id IS NOT NULL AND substr(thread_id, 15, 1) <> '8'";

export class OldSlots {
  constructor(private readonly sql: SqlStorage) {}

  /** The threads that fired slots left behind, newest first, without the newest `keepCount` of them; at most `limit`. */
  threadsBeyond(keepCount: number, limit: number): (SlotKey & { threadId: string })[] {
    return this.sql
      .exec<{ scheduled_for: number; manual: number; thread_id: string }>(
        `SELECT scheduled_for, manual, thread_id FROM slots
         WHERE ${HAS_KEPT_THREAD}
         ORDER BY scheduled_for DESC, manual LIMIT ? OFFSET ?`,
        limit,
        keepCount,
      )
      .toArray()
      .map((row) => ({
        scheduledFor: row.scheduled_for,
        manual: row.manual === 1,
        threadId: row.thread_id,
      }));
  }

  /** Notes that the slot's thread is gone. */
  forgetThread({ scheduledFor, manual }: SlotKey): void {
    this.sql.exec(
      "UPDATE slots SET thread_id = NULL WHERE scheduled_for = ? AND manual = ?",
      scheduledFor,
      manual ? 1 : 0,
    );
  }

  /**
   * The rows beyond the newest `keepCount` that may be removed, oldest first, at most `limit`. Rows that have to stay are left
   * out by the query, so that many of them in a row do not hide the rows after them.
   * @param unfinished ids of runs that have not ended: their slots stay, as pending ones do
   * @param keepsThreads whether the slots that {@link threadsBeyond} reads have to stay
   */
  removableBeyond(
    keepCount: number,
    limit: number,
    { unfinished, keepsThreads }: { unfinished: string[]; keepsThreads: boolean },
  ): (SlotKey & { runId: string | null })[] {
    const { rows } = this.sql.exec<{ rows: number }>("SELECT count(*) AS rows FROM slots").one();
    if (rows <= keepCount) return [];
    return this.sql
      .exec<SlotRow>(
        `SELECT * FROM (SELECT * FROM slots ORDER BY scheduled_for, manual LIMIT ?)
         WHERE status <> 'pending' AND (run_id IS NULL OR run_id NOT IN (SELECT value FROM json_each(?)))
           AND NOT (? AND ${HAS_KEPT_THREAD})
         ORDER BY scheduled_for, manual LIMIT ?`,
        rows - keepCount,
        JSON.stringify(unfinished),
        keepsThreads ? 1 : 0,
        limit,
      )
      .toArray()
      .map((row) => ({ scheduledFor: row.scheduled_for, manual: row.manual === 1, runId: row.run_id }));
  }

  /**
   * Whether the row of the slot is beyond the newest `keepCount` and may be removed; see {@link removableBeyond} for `keepsThreads`. The
   * slot's run has ended. Reads only rows that are newer than the slot's, so it is cheap for a slot among the newest.
   */
  isRemovableBeyond(keepCount: number, slot: SlotKey, { keepsThreads }: { keepsThreads: boolean }): boolean {
    const { scheduledFor, manual } = slot;
    const rows = this.sql.exec(
      `SELECT 1 FROM slots WHERE (scheduled_for, manual) = (?1, ?2) AND status <> 'pending' AND NOT (?3 AND ${HAS_KEPT_THREAD})
         AND EXISTS (SELECT 1 FROM slots WHERE (scheduled_for, manual) > (?1, ?2) LIMIT 1 OFFSET ?4)`,
      scheduledFor,
      manual ? 1 : 0,
      keepsThreads ? 1 : 0,
      keepCount - 1,
    );
    return rows.toArray().length > 0;
  }

  /** Removes the row of the slot. */
  remove({ scheduledFor, manual }: SlotKey): void {
    this.sql.exec("DELETE FROM slots WHERE scheduled_for = ? AND manual = ?", scheduledFor, manual ? 1 : 0);
  }
}
