/**
 * A table that is mostly empty: in a standing object, short runs and their threads end before they are stored. While the table is
 * known to be empty, SQLite is not asked what is in it. All rows are inserted through this class.
 */
export class SparseTable {
  private isKnownEmpty = false;
  private wasAsked = false;

  /** @param name the name of the table */
  constructor(
    private readonly sql: SqlStorage,
    private readonly name: "runs" | "threads",
  ) {}

  /** The rows that a SELECT from the table finds. An aggregate finds no row when the table is known to be empty. */
  read<Row extends Record<string, SqlStorageValue>>(
    statement: string,
    ...params: (string | number)[]
  ): Row[] {
    return this.isKnownEmpty ? [] : this.sql.exec<Row>(statement, ...params).toArray();
  }

  insert(row: Record<string, SqlStorageValue>): void {
    this.isKnownEmpty = false;
    const columns = Object.keys(row);
    this.sql.exec(
      `INSERT INTO ${this.name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
      ...Object.values(row),
    );
  }

  /** Has SQLite asked, once, whether the table is empty. Not to be called in a transaction that deletes rows: it may be rolled back. */
  askOnce(): void {
    if (!this.wasAsked) this.isEmpty();
  }

  /** Not to be called in a transaction: a deletion in it may be rolled back. */
  isEmpty(): boolean {
    this.wasAsked = true;
    this.isKnownEmpty ||= this.sql.exec(`SELECT 1 FROM ${this.name} LIMIT 1`).toArray().length === 0;
    return this.isKnownEmpty;
  }
}
