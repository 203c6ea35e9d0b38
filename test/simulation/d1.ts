/** D1 as the server sees it, with its real migrations. */
import { DatabaseSync } from "node:sqlite";
import type { Network, Sender } from "./network";
import { Sqlite, type SqlResult } from "./sqlite";

class Statement {
  constructor(
    private readonly d1: SimulatedD1,
    private readonly from: Sender | null,
    readonly text: string,
    readonly params: unknown[] = [],
  ) {}

  bind(...params: unknown[]): Statement {
    return new Statement(this.d1, this.from, this.text, params);
  }

  async all(): Promise<object> {
    return toD1(await this.d1.query(this.from, this));
  }

  async run(): Promise<object> {
    return this.all();
  }

  async first(column?: string): Promise<unknown> {
    const [row] = (await this.d1.query(this.from, this)).rows;
    if (row === undefined) return null;
    return column === undefined ? row : row[column];
  }
}

const toD1 = ({ rows, changes }: SqlResult): object => ({
  success: true,
  results: rows,
  meta: { rows_written: changes, changes },
});

export class SimulatedD1 {
  private readonly sqlite = new Sqlite(new DatabaseSync(":memory:"));

  /** @param changed is told when something was written */
  constructor(
    migrations: string[],
    private readonly network: Network,
    private readonly changed: () => void,
  ) {
    for (const migration of migrations) this.sqlite.db.exec(migration);
  }

  /** Reads and writes at once, for who is no part of the world. */
  direct(text: string, ...params: unknown[]): Record<string, unknown>[] {
    return this.sqlite.execute(text, params).rows;
  }

  /** The binding of a host. */
  binding(from: Sender | null): D1Database {
    const binding = {
      prepare: (text: string) => new Statement(this, from, text),
      batch: async (statements: Statement[]) => {
        const results = await this.network.query(from, () => this.transact(statements));
        return results.map(toD1);
      },
    };
    return binding as unknown as D1Database;
  }

  async query(from: Sender | null, statement: Statement): Promise<SqlResult> {
    return this.network.query(from, () => this.transact([statement])[0] ?? { rows: [], changes: 0 });
  }

  private transact(statements: Statement[]): SqlResult[] {
    const { db } = this.sqlite;
    db.exec("BEGIN");
    try {
      const results = statements.map(({ text, params }) => this.sqlite.execute(text, params));
      db.exec("COMMIT");
      if (results.some(({ changes }) => changes > 0)) this.changed();
      return results;
    } catch (error) {
      db.exec("ROLLBACK");
      throw error;
    }
  }
}
