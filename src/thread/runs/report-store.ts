/**
 * The reports that crons are still to be given, as the rows of their runs say it. That a cron has acknowledged one is kept in
 * memory until the index has the run, so that both take one row together: the run's removal. A host that dies in between
 * reports again.
 */
import type { CronEntry } from "../../calls/cron-entry";
import { now } from "../../platform/clock";
import { toStoredRun, type RunRow, type StoredRun } from "./run-row";

export class ReportStore {
  /** Runs whose reports were acknowledged, and whose rows do not say so yet; with what the cron asks to be written for it. */
  private readonly acknowledged = new Map<string, CronEntry | null>();

  constructor(private readonly sql: SqlStorage) {}

  /** The run whose report has been due the longest, but for some. */
  nextDue(except: Iterable<string>): StoredRun | undefined {
    return this.sql
      .exec<RunRow>(
        `SELECT * FROM runs WHERE report_at <= ? AND run_id NOT IN (SELECT value FROM json_each(?))
         ORDER BY report_at, seq LIMIT 1`,
        now(),
        this.settledAnd(except),
      )
      .toArray()
      .map(toStoredRun)[0];
  }

  /** When the next report is due (ms), but for those of some runs; null when none is. */
  nextAt(except: Iterable<string>): number | null {
    return this.sql
      .exec<{ at: number | null }>(
        "SELECT min(report_at) AS at FROM runs WHERE run_id NOT IN (SELECT value FROM json_each(?))",
        this.settledAnd(except),
      )
      .one().at;
  }

  /** An attempt failed; the next is due at `nextAt` (ms). */
  postpone(runId: string, nextAt: number): void {
    this.sql.exec(
      "UPDATE runs SET report_attempts = report_attempts + 1, report_at = ? WHERE run_id = ?",
      nextAt,
      runId,
    );
  }

  /**
   * The cron knows. If the index does too, the row goes, or says so when it stays for a webhook.
   * @param entry what the index is to have of the cron: it is written with the run, again if it has been before
   */
  acknowledge(runId: string, entry: CronEntry | null): void {
    const known = "run_id = ?1 AND indexed >= revision";
    if (entry === null) {
      const removed = this.sql.exec(`DELETE FROM runs WHERE ${known} AND webhook_at IS NULL`, runId);
      if (removed.rowsWritten > 0) return;
    }
    const noted = this.sql.exec(
      `UPDATE runs SET report_at = NULL, cron_entry = ?2, revision = revision + iif(?2 IS NULL, 0, 1) WHERE ${known}`,
      runId,
      entry === null ? null : JSON.stringify(entry),
    );
    if (noted.rowsWritten === 0) this.acknowledged.set(runId, entry);
  }

  /** What the cron of a run whose report was acknowledged asks to be written for it. */
  entryOf(runId: string): CronEntry | null {
    return this.acknowledged.get(runId) ?? null;
  }

  /**
   * Whether the run's report was acknowledged and its row is yet to say so; the caller sees to that. Not when the cron
   * answered while the index was being written: see {@link late}.
   * @param written what the index was given of the cron
   */
  take(runId: string, written: CronEntry | null): boolean {
    const entry = this.acknowledged.get(runId);
    if (entry === undefined || (entry !== null && entry !== written)) return false;
    return this.acknowledged.delete(runId);
  }

  /** What was acknowledged too late for the write that has just landed is to be written with the next. */
  late(runId: string): void {
    const entry = this.acknowledged.get(runId);
    if (entry === undefined) return;
    this.acknowledged.delete(runId);
    this.acknowledge(runId, entry);
  }

  /** Has the rows say what was acknowledged: the index may take its time. */
  store(): void {
    for (const [runId, entry] of this.acknowledged) {
      this.sql.exec(
        "UPDATE runs SET report_at = NULL, cron_entry = coalesce(?, cron_entry) WHERE run_id = ?",
        entry === null ? null : JSON.stringify(entry),
        runId,
      );
    }
    this.acknowledged.clear();
  }

  private settledAnd(except: Iterable<string>): string {
    return JSON.stringify([...this.acknowledged.keys(), ...except]);
  }
}
