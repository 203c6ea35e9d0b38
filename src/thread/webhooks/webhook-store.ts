/**
 * The webhooks that are still to be called, as the rows of their runs say it. An attempt is booked before it is made, so a
 * host that dies in it leaves a row that says when to call again; each result is a new revision, which the index takes over.
 */
import { now } from "../../platform/clock";

/** Whose webhook it is: a cron's, or that of whoever made the run. Crons share objects. */
const OWNER = "coalesce(json_extract(cron, '$.cronId'), '')";

export class WebhookStore {
  constructor(private readonly sql: SqlStorage) {}

  /**
   * The run whose webhook has been due the longest, but for those that are being called, and of crons for whose runs one is:
   * a receiver that hangs holds up no other cron's.
   */
  nextDue(calling: string[]): string | undefined {
    return this.sql
      .exec<{ run_id: string }>(
        `WITH calling AS (SELECT run_id, ${OWNER} AS owner FROM runs WHERE run_id IN (SELECT value FROM json_each(?)))
         SELECT run_id FROM runs WHERE webhook_at <= ? AND run_id NOT IN (SELECT run_id FROM calling)
           AND (cron IS NULL OR ${OWNER} NOT IN (SELECT owner FROM calling))
         ORDER BY webhook_at, seq LIMIT 1`,
        JSON.stringify(calling),
        now(),
      )
      .toArray()[0]?.run_id;
  }

  /** Ended runs whose values their webhooks are still to send, and that are not kept yet. */
  withoutValues(): string[] {
    return this.sql
      .exec<{ run_id: string }>(
        "SELECT run_id FROM runs WHERE webhook_at IS NOT NULL AND webhook_values_kept = 0 ORDER BY seq",
      )
      .toArray()
      .map((row) => row.run_id);
  }

  /** No webhook of the thread's runs is called any more: they go with the thread. */
  forgetThread(threadId: string): void {
    this.sql.exec(
      "UPDATE runs SET webhook_at = NULL, revision = revision + 1 WHERE thread_id = ? AND webhook_at IS NOT NULL",
      threadId,
    );
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

  /** Gives up all but the newest `most` of an owner that wait: each keeps its thread here, and those that come go through them all. */
  giveUpOldest(most: number): void {
    this.sql.exec(
      `UPDATE runs SET webhook_status = 'failed', webhook_error = ?, webhook_at = NULL, revision = revision + 1
       WHERE seq IN (SELECT seq FROM (
         SELECT seq, row_number() OVER (PARTITION BY ${OWNER} ORDER BY seq DESC) AS place FROM runs
         WHERE webhook_at IS NOT NULL) WHERE place > ?)`,
      `given up: ${most} newer webhooks wait`,
      most,
    );
  }
}
