/**
 * The reports that still have to be sent to crons. The column `report_at` of a run's row says when its report is due. When a
 * cron acknowledges a report before the index has the run, the acknowledgement is kept in memory until the index has it too.
 * The run's row can then be deleted at once, which saves writing it once more. If the host dies in between, the report is sent
 * again.
 */
import type { CronEntry, ReportAnswer } from "../../calls/cron-entry";
import { now } from "../../platform/clock";
import type { SparseTable } from "../sparse-table";
import { toStoredRun, type RunRow, type StoredRun } from "./run-row";

export class ReportStore {
  /**
   * Acknowledgements that are not stored yet, by the id of the run: the changes of the cron's row in the index that the cron
   * answered with; null when it answered with none.
   */
  private readonly acknowledged = new Map<string, CronEntry | null>();

  constructor(
    private readonly sql: SqlStorage,
    private readonly table: SparseTable,
  ) {}

  /** The run whose report has been due the longest; runs in `exceptRunIds` are left out. */
  nextDue(exceptRunIds: Iterable<string>): StoredRun | undefined {
    return this.table
      .read<RunRow>(
        `SELECT * FROM runs WHERE report_at <= ? AND run_id NOT IN (SELECT value FROM json_each(?))
         ORDER BY report_at, seq LIMIT 1`,
        now(),
        this.idsToExclude(exceptRunIds),
      )
      .map(toStoredRun)[0];
  }

  /** When the next report is due (ms), reports of `exceptRunIds` left out; null when none is. */
  nextAt(exceptRunIds: Iterable<string>): number | null {
    const [row] = this.table.read<{ at: number | null }>(
      "SELECT min(report_at) AS at FROM runs WHERE run_id NOT IN (SELECT value FROM json_each(?))",
      this.idsToExclude(exceptRunIds),
    );
    return row?.at ?? null;
  }

  /** Notes that an attempt to send the report failed and that the next is due at `nextAt` (ms). */
  postpone(runId: string, nextAt: number): void {
    this.sql.exec(
      "UPDATE runs SET report_attempts = report_attempts + 1, report_at = ? WHERE run_id = ?",
      nextAt,
      runId,
    );
  }

  /**
   * Notes that the cron has acknowledged the report. If the index has the run already, the run's row is deleted, or updated
   * when it must stay for a webhook or for `entry`. Otherwise the acknowledgement is kept in memory.
   * @param answer `entry` holds changes of the cron's row in the index, which are written together with the run. If the index has
   *   the run already, the run is written once more for them. Without `keepsRecord` the run is removed from the index
   */
  acknowledge(runId: string, { entry, keepsRecord }: ReportAnswer): void {
    if (!keepsRecord) {
      this.sql.exec(
        `UPDATE runs SET deleted = 1, report_at = NULL, cron_entry = ?, revision = revision + 1 WHERE run_id = ?`,
        entry === null ? null : JSON.stringify(entry),
        runId,
      );
      return;
    }
    const isIndexed = "run_id = ?1 AND indexed >= revision";
    if (entry === null) {
      const removed = this.sql.exec(`DELETE FROM runs WHERE ${isIndexed} AND webhook_at IS NULL`, runId);
      if (removed.rowsWritten > 0) return;
    }
    const noted = this.sql.exec(
      `UPDATE runs SET report_at = NULL, cron_entry = ?2, revision = revision + iif(?2 IS NULL, 0, 1) WHERE ${isIndexed}`,
      runId,
      entry === null ? null : JSON.stringify(entry),
    );
    if (noted.rowsWritten === 0) this.acknowledged.set(runId, entry);
  }

  /** The changes of the cron's row in the index that came with an acknowledgement in memory; null when there are none. */
  entryOf(runId: string): CronEntry | null {
    return this.acknowledged.get(runId) ?? null;
  }

  /**
   * The index writer calls this when it has written a run. If an acknowledgement of the run is in memory, it is forgotten here
   * and the caller notes it in the run's row. An acknowledgement that came during the write brought an entry that was not
   * written; it stays in memory for {@link storeLateAcknowledgement}.
   * @param writtenEntry the entry that was written together with the run
   * @returns whether the caller has to note that the report was acknowledged
   */
  settleAcknowledged(runId: string, writtenEntry: CronEntry | null): boolean {
    const entry = this.acknowledged.get(runId);
    if (entry === undefined || (entry !== null && entry !== writtenEntry)) return false;
    return this.acknowledged.delete(runId);
  }

  /** Stores an acknowledgement that came during the write that has just ended, so that the next write includes its entry. */
  storeLateAcknowledgement(runId: string): void {
    const entry = this.acknowledged.get(runId);
    if (entry === undefined) return;
    this.acknowledged.delete(runId);
    this.acknowledge(runId, { entry, keepsRecord: true });
  }

  /** Stores all acknowledgements in the rows of their runs. The index writer cannot note them while D1 is down. */
  storeAcknowledgements(): void {
    for (const [runId, entry] of this.acknowledged) {
      this.sql.exec(
        "UPDATE runs SET report_at = NULL, cron_entry = coalesce(?, cron_entry) WHERE run_id = ?",
        entry === null ? null : JSON.stringify(entry),
        runId,
      );
    }
    this.acknowledged.clear();
  }

  /** JSON of the ids of the runs whose report is not to be sent now: those given, and those acknowledged in memory. */
  private idsToExclude(exceptRunIds: Iterable<string>): string {
    return JSON.stringify([...this.acknowledged.keys(), ...exceptRunIds]);
  }
}
