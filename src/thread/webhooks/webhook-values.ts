/**
 * The values of ended runs that webhooks are still to send. They are copied here when the run ends, so that the thread and its
 * checkpoints can be removed while a receiver is down.
 */

/** Characters in one row. A row holds 2 MB, and a character takes up to three bytes. */
const PIECE_LENGTH = 500_000;

export class WebhookValues {
  /** Whether the table was created; undefined until it is looked up. */
  private tableExists: boolean | undefined;

  constructor(private readonly storage: DurableObjectStorage) {}

  /** Stores the fixed part of a webhook's body, as JSON text, and notes in the run's row that it is stored. */
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

  /** The text that was stored for the run; null when none was. */
  read(runId: string): string | null {
    if (!this.hasTable()) return null;
    const pieces = this.storage.sql
      .exec<{ piece: string }>("SELECT piece FROM webhook_values WHERE run_id = ? ORDER BY part", runId)
      .toArray();
    return pieces.length === 0 ? null : pieces.map(({ piece }) => piece).join("");
  }

  /** Removes the texts of runs whose webhooks were delivered or given up. */
  removeUnneeded(): void {
    if (!this.hasTable()) return;
    this.storage.sql.exec(
      "DELETE FROM webhook_values WHERE run_id NOT IN (SELECT run_id FROM runs WHERE webhook_at IS NOT NULL)",
    );
  }

  /** Notes that the object was emptied and its tables with it. */
  noteTableDropped(): void {
    this.tableExists = false;
  }

  private hasTable(): boolean {
    this.tableExists ??=
      this.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'webhook_values'").toArray().length > 0;
    return this.tableExists;
  }
}
