/** A table that is known to be empty is not read, and never hides a row. */
import { runInDurableObject } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { SparseTable } from "../../src/thread/sparse-table";
import { threadStub } from "../support/crons";

it("shows what was inserted, also after it was found to be empty and after a transaction was rolled back", async () => {
  const stub = threadStub(crypto.randomUUID());
  await runInDurableObject(stub as DurableObjectStub, (_instance, { storage }) => {
    const { sql } = storage;
    sql.exec("CREATE TABLE runs (run_id TEXT)");
    const table = new SparseTable(sql, "runs");
    const ids = (): unknown[] => table.read("SELECT run_id FROM runs").map((row) => row.run_id);
    expect([table.isEmpty(), ids()]).toEqual([true, []]);
    const insertAndFail = (): void => {
      storage.transactionSync(() => {
        table.insert({ run_id: "a" });
        expect(ids()).toEqual(["a"]);
        throw new Error("rolled back");
      });
    };
    expect(insertAndFail).toThrow("rolled back");
    expect([ids(), table.isEmpty()]).toEqual([[], true]);
    table.insert({ run_id: "b" });
    expect([ids(), table.isEmpty()]).toEqual([["b"], false]);
    sql.exec("DELETE FROM runs");
    expect([ids(), table.isEmpty()]).toEqual([[], true]);
  });
});

it("has SQLite asked once, by the first use of the object, and asks again after something was inserted", async () => {
  const stub = threadStub(crypto.randomUUID());
  await runInDurableObject(stub as DurableObjectStub, (_instance, { storage: { sql } }) => {
    sql.exec("CREATE TABLE runs (run_id TEXT)");
    const statements = vi.fn(sql.exec.bind(sql));
    const table = new SparseTable({ exec: statements } as unknown as SqlStorage, "runs");
    table.askOnce();
    table.askOnce();
    expect(table.read("SELECT run_id FROM runs")).toEqual([]);
    expect(statements).toHaveBeenCalledOnce();
    table.insert({ run_id: "a" });
    table.askOnce();
    expect(table.read("SELECT run_id FROM runs")).toEqual([{ run_id: "a" }]);
    expect(statements).toHaveBeenCalledTimes(3);
  });
});
