/**
 * The cron's one row in the SQLite of its object. A firing reads the row dozens of times, so this class caches it. Only this class
 * writes the row. The cache is dropped when a transaction rolls back, and it goes with the object's memory.
 */
import type { CronDefinition } from "../calls/cron-definition";
import type { FiringContext } from "../calls/firing-context";
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { bytesOf, MAX_STORED_BYTES, parseJson, parseJsonOrNull } from "../platform/json";
import { ObjectSchema } from "../platform/object-schema";
import { NO_PROGRESS, storedProgress, type Progress } from "../calls/cron-progress";
import { CRON_SCHEMA, CRON_TABLE } from "./schema";
import type { PendingSlot } from "./slot-rows";

/** The row of the cron, with its JSON parsed. */
export interface StoredCron extends CronState {
  /** What the cron needs to know from D1, as the last firing read it. */
  firingContext: FiringContext;
  /** The last revision that the index has, or that a thread object was given to write to the index. */
  indexedRevision: number;
  /** The revision in which the definition last changed. */
  definitionRevision: number;
  /** No slot before this instant (ms) is pending. */
  pendingFrom: number;
  /**
   * The slot that the alarm has claimed and is delivering at once. It gets a row of its own in the ledger when its run is enqueued,
   * which is mostly when the run has ended. So a firing writes one row for its slot, and not one after the other. Null when there
   * is none. The ledger stores it earlier when somebody else asks for slots, or when the host has died; see `SlotLedger.storeClaimed`.
   */
  claimed: PendingSlot | null;
  /** True from the deletion by the owner until the cron is removed from D1 too. */
  deleted: boolean;
}

/** The fields of a cron that change with time. A field that is left out keeps its value. */
export type CronChange = Partial<
  Pick<StoredCron, "definition" | "nextRunAt" | "pendingFrom" | "progress" | "claimed">
>;

/** The row in SQLite. */
type Row = {
  definition: string;
  /** JSON of the firing context. The column keeps its first name. */
  ground: string;
  progress: string;
  next_run_at: number | null;
  revision: number;
  /** The indexed revision. */
  indexed: number;
  /** The revision of the definition. */
  defined: number;
  pending_from: number;
  /** JSON of the claimed slot. */
  claimed: string | null;
  deleted: number;
};

/** The refusal of a request for a cron that does not exist. */
export const noCron = (): DomainError => new DomainError("cron.not_found", "no cron with this id");

/** See {@link CronRecord.update}. */
export const REVISION_STEP = 2;

export class CronRecord {
  /** The indexed revision, kept in memory and stored with the next change. This saves writing a row for each firing. */
  private indexedInMemory = 0;
  /** How many transactions were rolled back. What was read in one of them may be wrong. */
  rollbacks = 0;
  /** The row as it is stored. Null: there is no row. Undefined: the row has to be read. */
  private cachedRow: StoredCron | null | undefined;

  private readonly schema: ObjectSchema;

  constructor(private readonly storage: DurableObjectStorage) {
    this.schema = new ObjectSchema(storage, CRON_SCHEMA, CRON_TABLE);
  }

  /** Runs `work` in one transaction: all of its writes are stored, or none. */
  transaction<T>(work: () => T): T {
    try {
      return this.storage.transactionSync(work);
    } catch (error) {
      this.cachedRow = undefined;
      this.rollbacks += 1;
      throw error;
    }
  }

  /** Creates all tables of the object: those of the cron, of the ledger and of the alerts. */
  createTables(): void {
    this.cachedRow = undefined;
    this.schema.create();
  }

  /** The cron, which may be marked as deleted. Undefined when the object holds no cron. */
  read(): StoredCron | undefined {
    if (this.cachedRow === undefined) this.cachedRow = this.load();
    if (this.cachedRow === null) return undefined;
    const { indexedRevision } = this.cachedRow;
    return indexedRevision >= this.indexedInMemory
      ? this.cachedRow
      : { ...this.cachedRow, indexedRevision: this.indexedInMemory };
  }

  /** Whether the object holds no cron, or a cron that is marked as deleted. */
  isGone(): boolean {
    return this.read()?.deleted ?? true;
  }

  /** The cron. @throws cron.not_found when there is none, or when it is marked as deleted */
  require(): StoredCron {
    const stored = this.read();
    if (stored === undefined || stored.deleted) throw noCron();
    return stored;
  }

  /** Stores a new cron. @param nextRunAt its first slot in ms; null when it does not fire */
  insert(definition: CronDefinition, firingContext: FiringContext, nextRunAt: number | null): void {
    // The value may be left over from a deleted cron with the same id.
    this.indexedInMemory = 0;
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

  /**
   * Stores the change as a new revision. It writes one row, whatever has changed. The revision between the one before and the new
   * one stays free: a thread object uses it when it writes the end of a run together with the firing; see `withEndOfRun`.
   */
  update(change: CronChange): void {
    const before = this.require();
    const revision = before.revision + REVISION_STEP;
    const redefined = change.definition !== undefined && change.definition !== before.definition;
    const definitionRevision = redefined ? revision : before.definitionRevision;
    const after: StoredCron = { ...before, ...change, revision, definitionRevision };
    this.write(
      `UPDATE cron SET definition = coalesce(?, definition), next_run_at = ?, pending_from = ?, claimed = ?,
         progress = coalesce(?, progress), revision = ?, indexed = ?, defined = ?`,
      redefined ? JSON.stringify(after.definition) : null,
      after.nextRunAt,
      after.pendingFrom,
      after.claimed === null ? null : JSON.stringify(after.claimed),
      after.progress === before.progress ? null : JSON.stringify(after.progress),
      after.revision,
      after.indexedRevision,
      after.definitionRevision,
    );
    this.cachedRow = after;
  }

  /** Notes that the claimed slot has a row of its own. */
  forgetClaimed(): void {
    this.write("UPDATE cron SET claimed = NULL");
  }

  /** Stores the firing context if it has changed and fits into the row together with the definition. */
  storeFiringContext(firingContext: FiringContext): void {
    const text = JSON.stringify(firingContext);
    if (text === JSON.stringify(this.require().firingContext)) return;
    const maxDefinitionBytes = MAX_STORED_BYTES - bytesOf(text);
    this.write("UPDATE cron SET ground = ? WHERE octet_length(definition) <= ?", text, maxDefinitionBytes);
  }

  /** Whether the index has the present definition, so that writing a {@link CronEntry} is enough. */
  isDefinitionIndexed(): boolean {
    const stored = this.read();
    return stored !== undefined && stored.indexedRevision >= stored.definitionRevision;
  }

  /** Notes that the index has this revision, or that a thread object will write it to the index. */
  noteIndexed(revision: number): void {
    const wasIndexed = this.isDefinitionIndexed();
    this.indexedInMemory = Math.max(this.indexedInMemory, revision);
    // It is stored once for each definition, so that the object still knows it after a restart.
    if (!wasIndexed && this.isDefinitionIndexed())
      this.write("UPDATE cron SET indexed = ?", this.indexedInMemory);
  }

  /** Notes that the index may not have what it should. The next write of the index then writes the whole cron. */
  markIndexStale(): void {
    this.indexedInMemory = 0;
    this.write("UPDATE cron SET indexed = 0");
  }

  /** Sets the tombstone. From here on no slot fires. */
  markDeleted(): void {
    this.write("UPDATE cron SET deleted = 1, next_run_at = NULL");
  }

  /** Removes everything that the object stores, and its alarm. */
  async removeAll(): Promise<void> {
    try {
      await this.storage.deleteAll();
    } finally {
      this.cachedRow = undefined;
      this.rollbacks += 1;
      this.schema.forget();
    }
  }

  private write(statement: string, ...params: (string | number | null)[]): void {
    this.cachedRow = undefined;
    this.storage.sql.exec(statement, ...params);
  }

  private load(): StoredCron | null {
    const { sql } = this.storage;
    if (!this.schema.exists()) return null;
    const row = sql
      .exec<Row>(
        `SELECT definition, ground, progress, next_run_at, revision, indexed, defined, pending_from, claimed,
           deleted
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
      indexedRevision: row.indexed,
      definitionRevision: row.defined,
      pendingFrom: row.pending_from,
      claimed: parseJsonOrNull(row.claimed),
      deleted: row.deleted === 1,
    };
  }
}

/** A cron's definition, its progress and its next slot. */
export interface CronState {
  definition: CronDefinition;
  progress: Progress;
  /** The next slot in ms. Null when the cron is disabled, has ended, or has no further slot. */
  nextRunAt: number | null;
  /** A number that grows with every change. The index keeps the write with the highest. */
  revision: number;
}
