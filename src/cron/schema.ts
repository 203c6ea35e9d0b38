/** The schema of a cron object's SQLite, by numbered steps; see `platform/object-schema.ts`. */
import { addMissingColumns, type SchemaStep } from "../platform/object-schema";

/** Every cron object has this table. */
export const CRON_TABLE = "cron";

export const CRON_SCHEMA: readonly SchemaStep[] = [
  {
    summary:
      "The tables of version 0.1.0, in a new object and in one that was made before versions were remembered.",
    apply(sql) {
      // `ground` is the firing context, `indexed` the indexed revision, `defined` the revision of the definition; see
      // `record.ts`.
      sql.exec(`CREATE TABLE IF NOT EXISTS cron (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        definition TEXT NOT NULL,
        ground TEXT NOT NULL,
        progress TEXT NOT NULL,
        next_run_at INTEGER,
        revision INTEGER NOT NULL,
        indexed INTEGER NOT NULL DEFAULT 0,
        defined INTEGER NOT NULL DEFAULT 0,
        pending_from INTEGER NOT NULL DEFAULT 0,
        deleted INTEGER NOT NULL DEFAULT 0
      )`);
      const added = addMissingColumns(sql, "cron", { defined: "INTEGER NOT NULL DEFAULT 0" });
      // Nobody knows which definition D1 has of such a cron, so it is written to D1 anew.
      if (added.includes("defined")) sql.exec("UPDATE cron SET defined = revision, indexed = 0");
      // A range of slots has its last slot as the key; `first_slot` is null for a single slot.
      sql.exec(`CREATE TABLE IF NOT EXISTS slots (
        scheduled_for INTEGER NOT NULL,
        manual INTEGER NOT NULL,
        origin TEXT NOT NULL,
        status TEXT NOT NULL,
        reason TEXT,
        lateness_ms INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        retry_at INTEGER,
        run_id TEXT,
        thread_id TEXT,
        overrides TEXT,
        first_slot INTEGER,
        schedule TEXT,
        timezone TEXT,
        PRIMARY KEY (scheduled_for, manual)
      ) WITHOUT ROWID`);
      sql.exec(`CREATE TABLE IF NOT EXISTS alerts (
        seq INTEGER PRIMARY KEY,
        alert_id TEXT NOT NULL,
        body TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_at INTEGER NOT NULL
      )`);
    },
  },
  {
    summary: "The slot that is being delivered, in the cron's row, and how the runs of slots have ended.",
    apply(sql) {
      addMissingColumns(sql, "cron", { claimed: "TEXT" });
      addMissingColumns(sql, "slots", {
        run_status: "TEXT",
        duration_ms: "INTEGER",
        input_tokens: "INTEGER",
        output_tokens: "INTEGER",
        run_error: "TEXT",
      });
    },
  },
  {
    summary: "When the last delivery of a slot was begun.",
    apply(sql) {
      addMissingColumns(sql, "slots", { delivered_at: "INTEGER" });
    },
  },
  {
    summary: "What the list of the cron's runs has of each.",
    apply(sql) {
      // `run_created_at` is null for runs that an earlier version made. D1 lists these.
      addMissingColumns(sql, "slots", {
        run_created_at: "INTEGER",
        run_ended_at: "INTEGER",
        run_deleted: "INTEGER NOT NULL DEFAULT 0",
      });
    },
  },
  {
    summary: "Who asked for a run by hand.",
    apply(sql) {
      addMissingColumns(sql, "slots", { requested_by: "TEXT" });
    },
  },
];
