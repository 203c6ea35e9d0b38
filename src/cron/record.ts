/**
 * The cron's one row in its object's SQLite. It is read dozens of times for each firing, so it is remembered as it was read or
 * written last. Nobody else writes it, and what is rolled back or cut off is forgotten.
 */
import type { CronDefinition } from "../calls/cron-definition";
import type { FiringContext } from "../calls/firing-context";
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { bytesOf, MAX_STORED_BYTES, parseJson } from "../platform/json";
import { ObjectSchema } from "../platform/object-schema";
import { NO_PROGRESS, storedProgress, type Progress } from "./progress";
import { CRON_SCHEMA, CRON_TABLE } from "./schema";

/** The row, read. */
export interface StoredCron extends CronState {
  /** As last seen in D1. */
  firingContext: FiringContext;
  /** The revision that the index has, or that a thread object has been given to write to it. */
  indexed: number;
  /** The revision in which the definition last changed. */
  defined: number;
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
  defined: number;
  pending_from: number;
  deleted: number;
};

export class CronRecord {
  /** Noted in memory and stored with the next change: a row less for each firing. */
  private indexed = 0;
  /** The row as it is stored; null when there is none, undefined when that is not known. */
  private remembered: StoredCron | null | undefined;

  private readonly schema: ObjectSchema;

  constructor(private readonly storage: DurableObjectStorage) {
    this.schema = new ObjectSchema(storage, CRON_SCHEMA, CRON_TABLE);
  }

  /** Does all of `work` or nothing. */
  transaction<T>(work: () => T): T {
    try {
      return this.storage.transactionSync(work);
    } catch (error) {
      this.remembered = undefined;
      throw error;
    }
  }

  /** Makes all tables of the object, the ledger's and the alerts' too. */
  createTables(): void {
    this.remembered = undefined;
    this.schema.create();
  }

  /** The cron; undefined when the object holds none. */
  read(): StoredCron | undefined {
    if (this.remembered === undefined) this.remembered = this.load();
    if (this.remembered === null) return undefined;
    const { indexed } = this.remembered;
    return indexed >= this.indexed ? this.remembered : { ...this.remembered, indexed: this.indexed };
  }

  /** Whether there is no cron, or one that is deleted. */
  isGone(): boolean {
    return this.read()?.deleted ?? true;
  }

  /** The cron that is there and not deleted. @throws cron.not_found */
  require(): StoredCron {
    const stored = this.read();
    if (stored === undefined || stored.deleted)
      throw new DomainError("cron.not_found", "no cron with this id");
    return stored;
  }

  insert(definition: CronDefinition, firingContext: FiringContext, nextRunAt: number | null): void {
    // Of a cron with the same id that was deleted.
    this.indexed = 0;
    const revision = now();
    this.write(
      `INSERT INTO cron (id, definition, ground, progress, next_run_at, revision, defined)
       VALUES (1, ?, ?, ?, ?, ?, ?)`,
      JSON.stringify(definition),
      JSON.stringify(firingContext),
      JSON.stringify(NO_PROGRESS),
      nextRunAt,
      revision,
      revision,
    );
  }

  /** Stores what has changed, as the next revision: one row, however much it is. */
  update(change: CronChange): void {
    const before = this.require();
    const revision = before.revision + 1;
    const redefined = change.definition !== undefined && change.definition !== before.definition;
    const defined = redefined ? revision : before.defined;
    const after: StoredCron = { ...before, ...change, revision, defined };
    this.write(
      `UPDATE cron SET definition = coalesce(?, definition), next_run_at = ?, pending_from = ?,
         progress = coalesce(?, progress), revision = ?, indexed = ?, defined = ?`,
      redefined ? JSON.stringify(after.definition) : null,
      after.nextRunAt,
      after.pendingFrom,
      after.progress === before.progress ? null : JSON.stringify(after.progress),
      after.revision,
      after.indexed,
      after.defined,
    );
    this.remembered = after;
  }

  /** Stores what was last seen in D1, if it has changed, and if it still fits the row. */
  storeFiringContext(firingContext: FiringContext): void {
    const text = JSON.stringify(firingContext);
    if (text === JSON.stringify(this.require().firingContext)) return;
    const room = MAX_STORED_BYTES - bytesOf(text);
    this.write("UPDATE cron SET ground = ? WHERE octet_length(definition) <= ?", text, room);
  }

  /** Whether the index knows the definition as it is, so that an entry will do. */
  isDefinitionIndexed(): boolean {
    const stored = this.read();
    return stored !== undefined && stored.indexed >= stored.defined;
  }

  /** The index has this revision, or will be given it by a thread object. */
  noteIndexed(revision: number): void {
    const knew = this.isDefinitionIndexed();
    this.indexed = Math.max(this.indexed, revision);
    // Once for each definition, so that the next host knows it too.
    if (!knew && this.isDefinitionIndexed()) this.write("UPDATE cron SET indexed = ?", this.indexed);
  }

  /** What the index has is not as it should be: it is to be written anew. */
  doubtIndex(): void {
    this.indexed = 0;
    this.write("UPDATE cron SET indexed = 0");
  }

  /** The tombstone: from here on nothing fires. */
  markDeleted(): void {
    this.write("UPDATE cron SET deleted = 1, next_run_at = NULL");
  }

  /** Removes all that the object stores, its alarm too. */
  async removeAll(): Promise<void> {
    try {
      await this.storage.deleteAll();
    } finally {
      this.remembered = undefined;
      this.schema.forget();
    }
  }

  private write(statement: string, ...params: (string | number | null)[]): void {
    this.remembered = undefined;
    this.storage.sql.exec(statement, ...params);
  }

  private load(): StoredCron | null {
    const { sql } = this.storage;
    if (!this.schema.exists()) return null;
    const row = sql
      .exec<Row>(
        `SELECT definition, ground, progress, next_run_at, revision, indexed, defined, pending_from, deleted
         FROM cron`,
      )
      .toArray()[0];
    if (row === undefined) return null;
    return {
      definition: parseJson(row.definition),
      firingContext: parseJson(row.ground),
      progress: storedProgress(parseJson(row.progress)),
      nextRunAt: row.next_run_at,
      revision: row.revision,
      indexed: row.indexed,
      defined: row.defined,
      pendingFrom: row.pending_from,
      deleted: row.deleted === 1,
    };
  }
}

/** A definition, its place in time, and how far it has got. */
export interface CronState {
  definition: CronDefinition;
  progress: Progress;
  /** Null when disabled, ended, or without a further time. */
  nextRunAt: number | null;
  /** Grows with every change; orders the writes to the index. */
  revision: number;
}
