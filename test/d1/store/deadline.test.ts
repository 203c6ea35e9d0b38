/** A graph's call of the store to D1 whose answer never comes. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { D1Store } from "../../../src/d1/store/d1-store";
import { DeadlineError } from "../../../src/platform/deadline";
import { D1_CALL_MS } from "../../../src/platform/time-limits";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A D1 that answers the calls in turn: with no rows, or never. */
function d1(answers: ("rows" | "never")[]): { db: D1Database; calls: () => number } {
  let calls = 0;
  const statement = { bind: () => statement };
  const batch = (statements: unknown[]): Promise<unknown> =>
    answers[calls++] === "never"
      ? new Promise(() => undefined)
      : Promise.resolve(statements.map(() => ({ results: [] })));
  return { db: { prepare: () => statement, batch } as unknown as D1Database, calls: () => calls };
}

it("a read is tried once more", async () => {
  const { db, calls } = d1(["never", "rows"]);
  const item = new D1Store(db).get(["a"], "key");
  await vi.advanceTimersByTimeAsync(D1_CALL_MS);
  expect([await item, calls()]).toEqual([null, 2]);
});

it("a read that is never answered is an error", async () => {
  const { db, calls } = d1(["never", "never", "rows"]);
  const read = expect(new D1Store(db).search(["a"])).rejects.toThrow(DeadlineError);
  await vi.advanceTimersByTimeAsync(2 * D1_CALL_MS);
  await read;
  expect(calls()).toBe(2);
});

it("a write is not made twice: what somebody else wrote in between would be lost", async () => {
  const { db, calls } = d1(["never", "rows"]);
  const write = expect(new D1Store(db).put(["a"], "key", {})).rejects.toThrow(/D1 did not answer/);
  await vi.advanceTimersByTimeAsync(D1_CALL_MS);
  await write;
  expect(calls()).toBe(1);
});

it("an item that was read is given, though the refresh of its TTL had to be made twice", async () => {
  const at = Date.now();
  const row = {
    namespace: '["a"]',
    key: "key",
    value: "{}",
    created_at: at,
    updated_at: at,
    expires_at: at + 1_000,
    ttl_minutes: 60,
  };
  const statement = { bind: () => statement };
  let calls = 0;
  const batch = (statements: unknown[]): Promise<unknown> => {
    calls += 1;
    if (calls === 2) return Promise.reject(new Error("D1: network connection lost"));
    return Promise.resolve(statements.map(() => ({ results: calls === 1 ? [row] : [] })));
  };
  const db = { prepare: () => statement, batch } as unknown as D1Database;
  expect(await new D1Store(db).get(["a"], "key", { refreshTtl: true })).toMatchObject({ key: "key" });
  expect(calls).toBe(3);
});
