/** Counts the rows that objects and D1 are billed for. */
import { runInDurableObject } from "cloudflare:test";
import type { Env } from "../../src/platform/config";

/** Rows written so far; an alarm that is set is one. */
export interface Tally {
  object: number;
  d1: number;
  /** Statements that the object has sent to its SQLite. */
  statements: number;
}

/** Counts what the object writes from now on, in its SQLite and in D1. */
export async function tallyOf(stub: DurableObjectStub): Promise<Tally> {
  const tally: Tally = { object: 0, d1: 0, statements: 0 };
  await runInDurableObject(stub, (instance, { storage }) => {
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    Object.defineProperty(sql, "exec", {
      configurable: true,
      value: (...args: Parameters<typeof exec>) => {
        const cursor = exec(...args);
        tally.statements += 1;
        tally.object += cursor.rowsWritten;
        return cursor;
      },
    });
    for (const method of ["setAlarm"] as const) {
      const original = storage[method].bind(storage);
      Object.defineProperty(storage, method, {
        configurable: true,
        value: (at: number) => {
          tally.object += 1;
          return original(at);
        },
      });
    }
    const host = instance as unknown as { env: Env; context?: object };
    const env = { ...host.env, DB: countingD1(host.env.DB, tally) };
    for (const holder of [host, host.context]) {
      if (holder !== undefined) Object.defineProperty(holder, "env", { configurable: true, value: env });
    }
  });
  return tally;
}

function countingD1(db: D1Database, tally: Tally): unknown {
  const count = <T extends D1Result>(result: T): T => {
    tally.d1 += result.meta.rows_written;
    return result;
  };
  const wrap = (statement: D1PreparedStatement): object => ({
    statement,
    bind: (...values: unknown[]) => wrap(statement.bind(...values)),
    run: async () => count(await statement.run()),
    all: async () => count(await statement.all()),
    first: (column?: string) => (column === undefined ? statement.first() : statement.first(column)),
  });
  return {
    prepare: (text: string) => wrap(db.prepare(text)),
    batch: async (wrapped: { statement: D1PreparedStatement }[]) => {
      const results = await db.batch(wrapped.map(({ statement }) => statement));
      return results.map(count);
    },
  };
}
