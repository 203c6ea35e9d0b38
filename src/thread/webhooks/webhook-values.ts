/**
 * The values that webhooks are still to send. They are kept here from the end of their run on, so that neither the thread nor
 * its checkpoints have to stay while a receiver is down.
 */

/** A row holds 2 MB, and a character takes up to three bytes. */
const PIECE_LENGTH = 500_000;

export class WebhookValues {
  private tableExists: boolean | undefined;

  constructor(private readonly storage: DurableObjectStorage) {}

  /** Keeps what a run's webhook is to send, as JSON text, and notes it in the run's row. */
  keep(runId: string, text: string): void {
    this.storage.transactionSync(() => {
      if (!this.hasTable()) {
        this.storage.sql.exec(
          `CREATE TABLE webhook_values (
             run_id TEXT NOT NULL, part INTEGER NOT NULL, piece TEXT NOT NULL, PRIMARY KEY (run_id, part)) WITHOUT ROWID`,
        );
        this.tableExists = true;
      }
      for (let part = 0; part * PIECE_LENGTH < text.length; part++) {
        const piece = text.slice(part * PIECE_LENGTH, (part + 1) * PIECE_LENGTH);
        this.storage.sql.exec("INSERT OR REPLACE INTO webhook_values VALUES (?, ?, ?)", runId, part, piece);
      }
      this.storage.sql.exec("UPDATE runs SET webhook_values_kept = 1 WHERE run_id = ?", runId);
    });
  }

  /** What was kept for the run; null when nothing was. */
  read(runId: string): string | null {
    if (!this.hasTable()) return null;
    const pieces = this.storage.sql
      .exec<{ piece: string }>("SELECT piece FROM webhook_values WHERE run_id = ? ORDER BY part", runId)
      .toArray();
    return pieces.length === 0 ? null : pieces.map(({ piece }) => piece).join("");
  }

  /** Removes what no webhook is to send any more. */
  removeUnneeded(): void {
    if (!this.hasTable()) return;
    this.storage.sql.exec(
      "DELETE FROM webhook_values WHERE run_id NOT IN (SELECT run_id FROM runs WHERE webhook_at IS NOT NULL)",
    );
  }

  /** The object is being emptied, and its tables with it. */
  tableDropped(): void {
    this.tableExists = false;
  }

  private hasTable(): boolean {
    this.tableExists ??=
      this.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'webhook_values'").toArray().length > 0;
    return this.tableExists;
  }
}
