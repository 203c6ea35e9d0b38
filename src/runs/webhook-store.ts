/**
 * The webhooks that are still to be called, as the rows of their runs say it. An attempt is booked before it is made, so a
 * host that dies in it leaves a row that says when to call again; each result is a new revision, which the index takes over.
 */
import { now } from "../clock";

export class WebhookStore {
  constructor(private readonly sql: SqlStorage) {}

  /** The run whose webhook has been due the longest, but for some. */
  nextDue(except: string[]): string | undefined {
    return this.sql
      .exec<{ run_id: string }>(
        `SELECT run_id FROM runs WHERE webhook_at <= ? AND run_id NOT IN (SELECT value FROM json_each(?))
         ORDER BY webhook_at, seq LIMIT 1`,
        now(),
        JSON.stringify(except),
      )
      .toArray()[0]?.run_id;
  }

  /** Counts an attempt before it is made; the next comes at `nextAt` (ms) should nothing be heard of this one. */
  book(runId: string, nextAt: number): void {
    this.sql.exec(
      "UPDATE runs SET webhook_attempts = webhook_attempts + 1, webhook_at = ? WHERE run_id = ?",
      nextAt,
      runId,
    );
  }

  /** An attempt failed; the next is due at `nextAt` (ms), unless the run was deleted meanwhile. */
  noteFailure(runId: string, message: string, nextAt: number): void {
    this.sql.exec(
      `UPDATE runs SET webhook_error = ?, webhook_at = ?, revision = revision + 1
       WHERE run_id = ? AND webhook_at IS NOT NULL`,
      message,
      nextAt,
      runId,
    );
  }

  /** The webhook has been answered. */
  noteDelivery(runId: string): void {
    this.sql.exec(
      `UPDATE runs SET webhook_status = 'delivered', webhook_error = NULL, webhook_at = NULL, revision = revision + 1
       WHERE run_id = ? AND deleted = 0`,
      runId,
    );
  }

  /** The webhook is given up; without a message the last failure's stays. */
  giveUp(runId: string, message: string | null): void {
    this.sql.exec(
      `UPDATE runs SET webhook_status = 'failed', webhook_error = coalesce(?, webhook_error), webhook_at = NULL,
         revision = revision + 1
       WHERE run_id = ? AND webhook_at IS NOT NULL`,
      message,
      runId,
    );
  }

  /** Gives up all but the newest `most` that wait: each keeps its thread here, and those that come go through them all. */
  giveUpOldest(most: number): void {
    this.sql.exec(
      `UPDATE runs SET webhook_status = 'failed', webhook_error = ?, webhook_at = NULL, revision = revision + 1
       WHERE seq IN (SELECT seq FROM runs WHERE webhook_at IS NOT NULL ORDER BY seq DESC LIMIT -1 OFFSET ?)`,
      `given up: ${most} newer webhooks wait`,
      most,
    );
  }
}
