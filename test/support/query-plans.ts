/** Reads how SQLite carries out what the server asks of D1: the plan of each statement, and how many rows it read. */

/** A statement that was sent. */
export interface Sent {
  sql: string;
  params: unknown[];
}

/** Passes everything on to D1, and notes each statement and the rows that were read and written. */
export class ObservedD1 {
  readonly sent: Sent[] = [];
  rowsRead = 0;
  rowsWritten = 0;

  constructor(private readonly d1: D1Database) {}

  /** The binding to give to the code under test. */
  get binding(): D1Database {
    return {
      prepare: (sql: string) => this.statement(sql, [], this.d1.prepare(sql)),
      batch: async (statements: { sent: Sent; inner: D1PreparedStatement }[]) => {
        this.sent.push(...statements.map(({ sent }) => sent));
        const results = await this.d1.batch(statements.map(({ inner }) => inner));
        return results.map((result) => this.count(result));
      },
    } as unknown as D1Database;
  }

  /** The lines of the plans of all statements that were sent. */
  async plans(): Promise<string[]> {
    const explained = this.sent.map(({ sql, params }) =>
      this.d1.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...params),
    );
    if (explained.length === 0) return [];
    const plans = await this.d1.batch<{ detail: string }>(explained);
    return plans.flatMap(({ results }) => results.map(({ detail }) => detail));
  }

  private statement(sql: string, params: unknown[], inner: D1PreparedStatement): object {
    const note = (): void => void this.sent.push({ sql, params });
    const all = async (): Promise<D1Result> => {
      note();
      return this.count(await inner.all());
    };
    return {
      sent: { sql, params },
      inner,
      bind: (...values: unknown[]) => this.statement(sql, values, inner.bind(...values)),
      all,
      run: all,
      first: async (column?: string) => {
        const [row] = (await all()).results as Record<string, unknown>[];
        if (row === undefined) return null;
        return column === undefined ? row : row[column];
      },
    };
  }

  private count<R extends D1Result>(result: R): R {
    this.rowsRead += result.meta.rows_read;
    this.rowsWritten += result.meta.rows_written;
    return result;
  }
}
