/** Node's SQLite with the parameters that objects and D1 take. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

type SqlRow = Record<string, unknown>;

/** What a statement came to. */
export interface SqlResult {
  rows: SqlRow[];
  changes: number;
}

/** Whether the statement changes anything. */
export const isWrite = (text: string): boolean => !/^\s*(?:SELECT|WITH|EXPLAIN)\b/i.test(text);

/** Statements by their text, prepared once for each database. */
export class Sqlite {
  private readonly statements = new Map<string, { statement: StatementSync; numbered: boolean }>();

  constructor(readonly db: DatabaseSync) {}

  execute(text: string, params: unknown[] = []): SqlResult {
    let known = this.statements.get(text);
    if (known === undefined) {
      // Node takes ?1 for a parameter with a name.
      const numbered = /\?\d/.test(text);
      known = { statement: this.db.prepare(text.replaceAll(/\?(\d)/g, ":p$1")), numbered };
      this.statements.set(text, known);
    }
    const { statement, numbered } = known;
    const values = params as SQLInputValue[];
    const given: [Record<string, SQLInputValue>] | SQLInputValue[] = numbered
      ? [Object.fromEntries(values.map((value, index) => [`p${index + 1}`, value]))]
      : values;
    const all = statement.all.bind(statement) as (...given: unknown[]) => SqlRow[];
    const run = statement.run.bind(statement) as (...given: unknown[]) => { changes: number | bigint };
    if (!isWrite(text) || /\bRETURNING\b/i.test(text)) return { rows: all(...given), changes: 0 };
    return { rows: [], changes: Number(run(...given).changes) };
  }

  /** The prepared statements go with a schema that goes. */
  forget(): void {
    this.statements.clear();
  }
}
