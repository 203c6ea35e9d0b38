/**
 * The reports that crons are still to be given, as the rows of their runs say it. That a cron has acknowledged one is kept in
 * memory until the index has the run, so that both take one row together: the run's removal. A host that dies in between
 * reports again.
 */
import { now } from "../clock";
import { toStoredRun, type RunRow, type StoredRun } from "./run-row";

export class ReportStore {
  /** Runs whose reports were acknowledged, and whose rows do not say so yet. */
  private readonly acknowledged = new Set<string>();

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

  /** The cron knows. If the index does too, the row goes, or says so when it stays for a webhook. */
  acknowledge(runId: string): void {
    const known = "run_id = ? AND indexed >= revision";
    const removed = this.sql.exec(`DELETE FROM runs WHERE ${known} AND webhook_at IS NULL`, runId);
    if (removed.rowsWritten > 0) return;
    const noted = this.sql.exec(`UPDATE runs SET report_at = NULL WHERE ${known}`, runId);
    if (noted.rowsWritten === 0) this.acknowledged.add(runId);
  }

  /** Whether the run's report was acknowledged and its row is yet to say so; the caller sees to that. */
  take(runId: string): boolean {
    return this.acknowledged.delete(runId);
  }

  /** Has the rows say what was acknowledged: the index may take its time. */
  store(): void {
    for (const runId of this.acknowledged) {
      this.sql.exec("UPDATE runs SET report_at = NULL WHERE run_id = ?", runId);
    }
    this.acknowledged.clear();
  }

  private settledAnd(except: Iterable<string>): string {
    return JSON.stringify([...this.acknowledged, ...except]);
  }
}
