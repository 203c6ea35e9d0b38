/**
 * The schema of a Durable Object's SQLite, by numbered steps. An object remembers in one row how many steps were applied to
 * it. When an object of an earlier version wakes, the missing steps are applied before anything reads its tables.
 */
import { DomainError } from "./errors";

/** One change of the schema. A released step is never changed, because objects remember only its number. */
export interface SchemaStep {
  /** What the step does, for whoever reads the list. */
  summary: string;
  apply: (sql: SqlStorage) => void;
}

const VERSION_KEY = "schema_version";

export class ObjectSchema {
  /** True once this host has seen that the object has the current schema. */
  private isCurrent = false;

  /**
   * @param steps the first makes the tables; it also takes over an object that was made before versions were remembered
   * @param firstTable a table that every object of this class has, by which an object without a version is recognised
   */
  constructor(
    private readonly storage: DurableObjectStorage,
    private readonly steps: readonly SchemaStep[],
    private readonly firstTable: string,
  ) {}

  /**
   * Whether the object has its tables. Tables of an earlier version are brought up to date first. An object without tables
   * stays empty, so that asking about something that does not exist leaves nothing behind.
   * @throws server.misconfigured when a later version of the server wrote the object
   */
  exists(): boolean {
    if (this.isCurrent) return true;
    const version = this.storedVersion();
    if (version === undefined) return false;
    this.applyFrom(version);
    return true;
  }

  /** Makes the tables, if the object has none. @throws server.misconfigured as {@link exists} does */
  create(): void {
    if (!this.exists()) this.applyFrom(0);
  }

  /** Forgets what is known of the object: everything in it was deleted. */
  forget(): void {
    this.isCurrent = false;
  }

  /** Steps applied so far; 0 for an object that was made before versions were remembered, undefined for an empty one. */
  private storedVersion(): number | undefined {
    const version = this.storage.kv.get<number>(VERSION_KEY);
    if (version !== undefined) return version;
    const table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
    return this.storage.sql.exec(table, this.firstTable).toArray().length > 0 ? 0 : undefined;
  }

  private applyFrom(version: number): void {
    if (version > this.steps.length) {
      throw new DomainError(
        "server.misconfigured",
        `this object has schema version ${version}, and this Worker knows only ${this.steps.length}: ` +
          "a later version of EdgeCron wrote it; deploy that version again",
      );
    }
    if (version < this.steps.length) {
      this.storage.transactionSync(() => {
        for (const step of this.steps.slice(version)) step.apply(this.storage.sql);
        this.storage.kv.put(VERSION_KEY, this.steps.length);
      });
    }
    this.isCurrent = true;
  }
}

/**
 * Adds the columns that a table lacks. Only for the first step, which meets tables of several unversioned schemas.
 * @returns the names of the columns that it lacked
 */
export function addMissingColumns(
  sql: SqlStorage,
  table: string,
  columns: Readonly<Record<string, string>>,
): string[] {
  const present = new Set(
    sql
      .exec<{ name: string }>("SELECT name FROM pragma_table_info(?)", table)
      .toArray()
      .map(({ name }) => name),
  );
  const missing = Object.keys(columns).filter((name) => !present.has(name));
  for (const name of missing) sql.exec(`ALTER TABLE ${table} ADD COLUMN ${name} ${columns[name] ?? ""}`);
  return missing;
}
