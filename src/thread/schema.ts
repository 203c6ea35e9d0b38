/**
 * The schema of a thread object's SQLite, by numbered steps; see `platform/object-schema.ts`. Tables that most objects never need
 * (checkpoints, events, the values of webhooks) are made by their owners when they are first written, since each table is a row
 * that is billed.
 */
import { addMissingColumns, type SchemaStep } from "../platform/object-schema";
import type { RunRow } from "./runs/run-row";

/** Every thread object has this table. */
export const THREAD_TABLE = "threads";

/** The columns of a run's row as the first step makes them, in the order in which they came to be. */
const RUN_COLUMNS = {
  seq: "INTEGER PRIMARY KEY",
  run_id: "TEXT NOT NULL",
  thread_id: "TEXT NOT NULL",
  assistant_id: "TEXT NOT NULL",
  graph_id: "TEXT NOT NULL",
  status: "TEXT NOT NULL",
  metadata: "TEXT NOT NULL",
  kwargs: "TEXT NOT NULL",
  multitask_strategy: "TEXT NOT NULL",
  error: "TEXT",
  attempts: "INTEGER NOT NULL",
  start_at: "INTEGER NOT NULL",
  started_at: "INTEGER",
  created_at: "INTEGER NOT NULL",
  updated_at: "INTEGER NOT NULL",
  deleted: "INTEGER NOT NULL DEFAULT 0",
  webhook_at: "INTEGER",
  webhook_attempts: "INTEGER NOT NULL DEFAULT 0",
  webhook_status: "TEXT",
  webhook_error: "TEXT",
  last_checkpoint_id: "TEXT",
  webhook_values_kept: "INTEGER NOT NULL DEFAULT 0",
  revision: "INTEGER NOT NULL DEFAULT 1",
  indexed: "INTEGER NOT NULL DEFAULT 0",
  cron: "TEXT",
  waiting: "INTEGER NOT NULL DEFAULT 0",
  report_at: "INTEGER",
  report_attempts: "INTEGER NOT NULL DEFAULT 0",
  input_tokens: "INTEGER",
  output_tokens: "INTEGER",
  failures: "INTEGER NOT NULL DEFAULT 0",
  earlier_attempts: "TEXT",
  cron_entry: "TEXT",
} as const satisfies Record<Exclude<keyof RunRow, "user"> | "seq", string>;

export const THREAD_SCHEMA: readonly SchemaStep[] = [
  {
    summary:
      "The tables of version 0.1.0, in a new object and in one that was made before versions were remembered.",
    apply(sql) {
      sql.exec(`CREATE TABLE IF NOT EXISTS threads (
      thread_id TEXT NOT NULL PRIMARY KEY,
      status TEXT NOT NULL,
      metadata TEXT NOT NULL,
      config TEXT NOT NULL,
      error TEXT,
      ttl TEXT,
      temporary INTEGER NOT NULL,
      deleted INTEGER NOT NULL DEFAULT 0,
      pruned INTEGER NOT NULL DEFAULT 0,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      indexed INTEGER NOT NULL DEFAULT 0,
      last_run TEXT
    ) WITHOUT ROWID`);
      const columns = Object.entries(RUN_COLUMNS).map(([name, type]) => `${name} ${type}`);
      sql.exec(`CREATE TABLE IF NOT EXISTS runs (${columns.join(", ")})`);
      addMissingColumns(sql, "runs", RUN_COLUMNS);
    },
  },
  {
    summary:
      "Checkpoints may be compressed and refer to packs. The tables stay as they are; the number keeps an earlier version " +
      "from reading such checkpoints, and from deleting their packs.",
    apply() {},
  },
  {
    summary: "Who makes a run.",
    apply(sql) {
      addMissingColumns(sql, "runs", { user: "TEXT" });
    },
  },
  {
    summary: "How the attempts at a run ended that were followed by another one.",
    apply(sql) {
      addMissingColumns(sql, "runs", { earlier_attempts: "TEXT" });
    },
  },
  {
    summary: "How the last run of a thread has ended.",
    apply(sql) {
      addMissingColumns(sql, "threads", { last_run: "TEXT" });
    },
  },
];
