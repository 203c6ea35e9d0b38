/**
 * The webhooks that are still to be called. They are columns of the runs' rows; `webhook_at` says when the next attempt is due.
 * An attempt is counted before it is made, so that the row of a host that dies says when to call again. Each result is a new
 * revision of the run, which the index writer writes to D1.
 */
import { now } from "../../platform/clock";
import type { SparseTable } from "../sparse-table";

/** SQL: the id of the cron that made the run; empty for other runs. Several crons may share an object. */
const OWNER = "coalesce(json_extract(cron, '$.cronId'), '')";

export class WebhookStore {
  constructor(
    private readonly sql: SqlStorage,
    private readonly table: SparseTable,
  ) {}

  /**
   * The id of the run whose webhook has been due the longest. While a webhook of a cron is being called, the other webhooks of
   * this cron wait, so that a receiver that hangs does not delay other crons.
   * @param calling ids of the runs whose webhooks are being called
   */
  nextDue(calling: string[]): string | undefined {
    return this.table.read<{ run_id: string }>(
      `WITH calling AS (SELECT run_id, ${OWNER} AS owner FROM runs WHERE run_id IN (SELECT value FROM json_each(?)))
         SELECT run_id FROM runs WHERE webhook_at <= ? AND run_id NOT IN (SELECT run_id FROM calling)
           AND (cron IS NULL OR ${OWNER} NOT IN (SELECT owner FROM calling))
         ORDER BY webhook_at, seq LIMIT 1`,
      JSON.stringify(calling),
      now(),
    )[0]?.run_id;
  }

  /** Ids of the ended runs whose webhooks are still to be called and whose values are not kept yet. */
  withoutValues(): string[] {
    return this.table
      .read<{ run_id: string }>(
        "SELECT run_id FROM runs WHERE webhook_at IS NOT NULL AND webhook_values_kept = 0 ORDER BY seq",
      )
      .map((row) => row.run_id);
  }

  /** Cancels the webhooks of a deleted thread's runs. */
  cancelOfThread(threadId: string): void {
    this.sql.exec(
      "UPDATE runs SET webhook_at = NULL, revision = revision + 1 WHERE thread_id = ? AND webhook_at IS NOT NULL",
      threadId,
    );
  }

  /** When the next call is due (ms); null when none is. */
  nextAt(): number | null {
    return this.table.read<{ at: number | null }>("SELECT min(webhook_at) AS at FROM runs")[0]?.at ?? null;
  }

  /** Counts an attempt before it is made. If the host dies in it, the next attempt is due at `nextAt` (ms). */
  countAttempt(runId: string, nextAt: number): void {
    this.sql.exec(
      "UPDATE runs SET webhook_attempts = webhook_attempts + 1, webhook_at = ? WHERE run_id = ?",
      nextAt,
      runId,
    );
  }

  /** Notes that an attempt failed and that the next is due at `nextAt` (ms). Does nothing if the run was deleted. */
  noteFailure(runId: string, message: string, nextAt: number): void {
    this.sql.exec(
      `UPDATE runs SET webhook_error = ?, webhook_at = ?, revision = revision + 1
       WHERE run_id = ? AND webhook_at IS NOT NULL`,
      message,
      nextAt,
      runId,
    );
  }

  /** Notes that the webhook was delivered. */
  noteDelivery(runId: string): void {
    this.sql.exec(
      `UPDATE runs SET webhook_status = 'delivered', webhook_error = NULL, webhook_at = NULL, revision = revision + 1
       WHERE run_id = ? AND deleted = 0`,
      runId,
    );
  }

  /** Gives the webhook up. @param message why; null keeps the message of the last failure */
  giveUp(runId: string, message: string | null): void {
    this.sql.exec(
      `UPDATE runs SET webhook_status = 'failed', webhook_error = coalesce(?, webhook_error), webhook_at = NULL,
         revision = revision + 1
       WHERE run_id = ? AND webhook_at IS NOT NULL`,
      message,
      runId,
    );
  }

  /** Gives up the oldest waiting webhooks of each cron, so that at most `maxWaiting` of each wait. */
  giveUpOldest(maxWaiting: number): void {
    this.sql.exec(
      `UPDATE runs SET webhook_status = 'failed', webhook_error = ?, webhook_at = NULL, revision = revision + 1
       WHERE seq IN (SELECT seq FROM (
         SELECT seq, row_number() OVER (PARTITION BY ${OWNER} ORDER BY seq DESC) AS place FROM runs
         WHERE webhook_at IS NOT NULL) WHERE place > ?)`,
      `given up: ${maxWaiting} newer webhooks wait`,
      maxWaiting,
    );
  }
}
