/** The cron's one row in its object's SQLite. */
import { DomainError } from "../errors";
import { bytesOf, MAX_STORED_BYTES, parseJson } from "../json";
import { now } from "../clock";
import type { CronDefinition, CronState } from "./cron";
import type { Ground } from "./ground";
import { NO_PROGRESS } from "./progress";

/** The row, read. */
export interface StoredCron extends CronState {
  /** As last seen in D1. */
  ground: Ground;
  /** The revision that the index is known to have. */
  indexed: number;
  /** No slot before it is pending. */
  pendingFrom: number;
  /** True once its owner deleted it, until its traces in D1 are gone too. */
  deleted: boolean;
}

/** What of a cron changes with time; what is left out stays. */
export type CronChange = Partial<Pick<StoredCron, "definition" | "nextRunAt" | "pendingFrom" | "progress">>;

type Row = {
  definition: string;
  ground: string;
  progress: string;
  next_run_at: number | null;
  revision: number;
  indexed: number;
  pending_from: number;
  deleted: number;
};

export class CronRecord {
  /** Noted in memory and stored with the next change: a row less for each firing. */
  private indexed = 0;

  constructor(private readonly sql: SqlStorage) {}

  createTable(): void {
    this.sql.exec(`CREATE TABLE IF NOT EXISTS cron (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      definition TEXT NOT NULL,
      ground TEXT NOT NULL,
      progress TEXT NOT NULL,
      next_run_at INTEGER,
      revision INTEGER NOT NULL,
      indexed INTEGER NOT NULL DEFAULT 0,
      pending_from INTEGER NOT NULL DEFAULT 0,
      deleted INTEGER NOT NULL DEFAULT 0
    )`);
  }

  /** The cron; undefined when the object holds none. */
  read(): StoredCron | undefined {
    if (!this.exists()) return undefined;
    const row = this.sql
      .exec<Row>(
        "SELECT definition, ground, progress, next_run_at, revision, indexed, pending_from, deleted FROM cron",
      )
      .toArray()[0];
    if (row === undefined) return undefined;
    return {
      definition: parseJson(row.definition),
      ground: parseJson(row.ground),
      progress: parseJson(row.progress),
      nextRunAt: row.next_run_at,
      revision: row.revision,
      indexed: Math.max(row.indexed, this.indexed),
      pendingFrom: row.pending_from,
      deleted: row.deleted === 1,
    };
  }

  /** Whether there is no cron, or one that is deleted. */
  isGone(): boolean {
    if (!this.exists()) return true;
    return this.sql.exec("SELECT 1 FROM cron WHERE deleted = 0").toArray().length === 0;
  }

  /** The cron that is there and not deleted. @throws cron.not_found */
  require(): StoredCron {
    const stored = this.read();
    if (stored === undefined || stored.deleted)
      throw new DomainError("cron.not_found", "no cron with this id");
    return stored;
  }

  insert(definition: CronDefinition, ground: Ground, nextRunAt: number | null): void {
    this.sql.exec(
      "INSERT INTO cron (id, definition, ground, progress, next_run_at, revision) VALUES (1, ?, ?, ?, ?, ?)",
      JSON.stringify(definition),
      JSON.stringify(ground),
      JSON.stringify(NO_PROGRESS),
      nextRunAt,
      now(),
    );
  }

  /** Stores what has changed, as the next revision: one row, however much it is. */
  update(change: CronChange): void {
    const { definition, nextRunAt, pendingFrom, progress } = { ...this.require(), ...change };
    this.sql.exec(
      `UPDATE cron SET definition = ?, next_run_at = ?, pending_from = ?, progress = ?, revision = revision + 1,
         indexed = max(indexed, ?)`,
      JSON.stringify(definition),
      nextRunAt,
      pendingFrom,
      JSON.stringify(progress),
      this.indexed,
    );
  }

  /** Stores what was last seen in D1, if it has changed, and if it still fits the row. */
  keepGround(ground: Ground): void {
    const text = JSON.stringify(ground);
    const room = MAX_STORED_BYTES - bytesOf(text);
    this.sql.exec(
      "UPDATE cron SET ground = ? WHERE ground <> ? AND octet_length(definition) <= ?",
      text,
      text,
      room,
    );
  }

  /** The index has this revision. */
  noteIndexed(revision: number): void {
    this.indexed = Math.max(this.indexed, revision);
  }

  /** The tombstone: from here on nothing fires. */
  markDeleted(): void {
    this.sql.exec("UPDATE cron SET deleted = 1, next_run_at = NULL");
  }

  private exists(): boolean {
    return (
      this.sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cron'").toArray().length > 0
    );
  }
}
