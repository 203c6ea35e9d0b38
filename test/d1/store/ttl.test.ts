/** Items that expire: invisible at once, swept later, prolonged by reads. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { D1Store } from "../../../src/d1/store/d1-store";
import { deleteExpired, readStoreTtl, storeTtl, sweepExpiredItems } from "../../../src/d1/store/ttl";
import { call } from "../../support/edge";

const MINUTE = 60_000;
const START = Date.parse("2030-01-01T00:00:00Z");

const after = (minutes: number): void => {
  vi.setSystemTime(START + minutes * MINUTE);
};
const put = (namespace: string[], key: string, ttl?: number | null) =>
  call("PUT", "/store/items", { namespace, key, value: { key }, ttl });
const get = async (namespace: string[], key: string, refresh?: boolean) => {
  const query = new URLSearchParams({ namespace: namespace.join("."), key });
  if (refresh !== undefined) query.set("refresh_ttl", String(refresh));
  return (await call<{ created_at: string } | null>("GET", `/store/items?${query.toString()}`)).body;
};
const search = async (prefix: string[], refresh?: boolean) => {
  const body = { namespace_prefix: prefix, refresh_ttl: refresh };
  const answer = await call<{ items: { key: string }[] }>("POST", "/store/items/search", body);
  return answer.body.items.map(({ key }) => key);
};
const namespaces = async (prefix: string[]) =>
  (await call<{ namespaces: string[][] }>("POST", "/store/namespaces", { prefix })).body.namespaces;
const rows = async (namespace: string) =>
  (await env.DB.prepare("SELECT count(*) AS n FROM store_items WHERE namespace = ?")
    .bind(namespace)
    .first("n")) as number;

beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("an item with a TTL", () => {
  it("is invisible from the instant it expires, before any sweep", async () => {
    await put(["t1"], "k", 10);
    await put(["t1"], "stays");
    vi.setSystemTime(START + 10 * MINUTE - 1);
    expect(await get(["t1"], "k", false)).not.toBeNull();
    expect((await search(["t1"], false)).sort()).toEqual(["k", "stays"]);
    after(10);
    expect(await get(["t1"], "k")).toBeNull();
    expect(await search(["t1"])).toEqual(["stays"]);
    expect(await rows("t1.")).toBe(2);
  });

  it("takes its namespace along", async () => {
    await put(["t2", "a"], "k", 10);
    await put(["t2", "b"], "k", 20);
    expect(await namespaces(["t2"])).toHaveLength(2);
    after(15);
    expect(await namespaces(["t2"])).toEqual([["t2", "b"]]);
  });

  it("is a new one when it is put after it expired", async () => {
    await put(["t3"], "k", 10);
    after(5);
    await put(["t3"], "k", 10);
    expect((await get(["t3"], "k", false))?.created_at).toBe("2030-01-01T00:00:00.000Z");
    after(15);
    await put(["t3"], "k", 10);
    expect((await get(["t3"], "k", false))?.created_at).toBe("2030-01-01T00:15:00.000Z");
  });

  it("has the TTL of the last put", async () => {
    await put(["t4"], "k", 1);
    await put(["t4"], "k", 60);
    await put(["t4"], "for good", 1);
    await put(["t4"], "for good", null);
    after(30);
    expect((await search(["t4"], false)).sort()).toEqual(["for good", "k"]);
    after(100_000_000);
    expect(await search(["t4"])).toEqual(["for good"]);
  });

  it.each([0, -1, "5", [], 1e300])("refuses %j", async (ttl) => {
    const answer = await call("PUT", "/store/items", { namespace: ["t5"], key: "k", value: {}, ttl });
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toMatch(/^ttl: /);
  });

  it("may live for a fraction of a minute, and for ages", async () => {
    await put(["t6"], "short", 0.5);
    await put(["t6"], "long", 1_000_000_000);
    after(0.4999);
    expect(await search(["t6"], false)).toHaveLength(2);
    after(0.5);
    expect(await search(["t6"], false)).toEqual(["long"]);
  });
});

describe("a read", () => {
  it("begins the TTL anew, unless it says not to", async () => {
    for (const key of ["got", "left"]) await put(["r1"], key, 10);
    after(9);
    expect(await get(["r1"], "got")).not.toBeNull();
    expect(await get(["r1"], "left", false)).not.toBeNull();
    after(18);
    expect(await search(["r1"], false)).toEqual(["got"]);
    expect(await search(["r1"], true)).toEqual(["got"]);
    after(27);
    expect(await get(["r1"], "got", true)).not.toBeNull();
    after(37);
    expect(await get(["r1"], "got", true)).toBeNull();
  });

  it("prolongs all that a search returned, and nothing else", async () => {
    for (let n = 0; n < 250; n++) await put(["r2"], `k${n}`, 10);
    after(5);
    const found = await call<{ items: { key: string }[] }>("POST", "/store/items/search", {
      namespace_prefix: ["r2"],
      limit: 230,
    });
    after(12);
    const left = await call<{ items: { key: string }[] }>("POST", "/store/items/search", {
      namespace_prefix: ["r2"],
      limit: 1000,
    });
    const sorted = (answer: typeof found) => answer.body.items.map(({ key }) => key).sort();
    expect(sorted(left)).toHaveLength(230);
    expect(sorted(left)).toEqual(sorted(found));
  });

  it("writes nothing when it would prolong an item by less than a minute", async () => {
    await put(["r3"], "k", 60);
    const expiry = () =>
      env.DB.prepare("SELECT expires_at FROM store_items WHERE namespace = 'r3.'").first("expires_at");
    after(0.99);
    await get(["r3"], "k");
    expect(await expiry()).toBe(START + 60 * MINUTE);
    after(1);
    await get(["r3"], "k");
    expect(await expiry()).toBe(START + 61 * MINUTE);
  });

  it("never shortens a life when the clock goes back", async () => {
    await put(["r4"], "k", 60);
    after(-30);
    await get(["r4"], "k");
    after(59);
    expect(await get(["r4"], "k", false)).not.toBeNull();
  });

  it("leaves alone what was put or deleted in the same batch", async () => {
    await put(["r5"], "put", 10);
    await put(["r5"], "deleted", 10);
    after(5);
    await new D1Store(env.DB).batch([
      { namespacePrefix: ["r5"] },
      { namespace: ["r5"], key: "put", value: { a: 1 } },
      { namespace: ["r5"], key: "deleted", value: null },
    ]);
    after(100);
    expect(await search(["r5"])).toEqual(["put"]);
  });
});

describe("langgraph.json", () => {
  const ttl = { default_ttl: 10, sweep_interval_minutes: 7, refresh_on_read: false };

  it("says how long items are kept", async () => {
    expect(readStoreTtl({ store: { ttl, index: { dims: 3 } } })).toEqual({
      defaultMinutes: 10,
      sweepIntervalMinutes: 7,
      refreshOnRead: false,
    });
    const defaults = { defaultMinutes: null, sweepIntervalMinutes: 5, refreshOnRead: true };
    for (const store of [undefined, null, {}, { ttl: null }, { ttl: {} }, { ttl: { default_ttl: null } }]) {
      expect(readStoreTtl({ store })).toEqual(defaults);
    }
    expect(storeTtl).toEqual(defaults);
  });

  it.each([
    [{ ttl: { ...ttl, default_ttl: 0 } }, "store.ttl.default_ttl: "],
    [{ ttl: { ...ttl, default_ttl: "10" } }, "store.ttl.default_ttl: "],
    [{ ttl: { ...ttl, sweep_interval_minutes: 0.5 } }, "store.ttl.sweep_interval_minutes: "],
    [{ ttl: { ...ttl, refresh_on_read: "yes" } }, "store.ttl.refresh_on_read: "],
    [{ ttl: { defaultTtl: 10 } }, "store.ttl.defaultTtl: unknown field"],
    [[], "store: "],
    ["10", "store: "],
  ])("is refused as %j", (store, detail) => {
    expect(() => readStoreTtl({ store })).toThrow(detail);
  });

  it("is the default of every put and read", async () => {
    const store = new D1Store(env.DB, readStoreTtl({ store: { ttl } }));
    await store.put(["c1"], "default", {});
    await store.put(["c1"], "longer", {}, undefined, { ttl: 20 });
    await store.put(["c1"], "for good", {}, undefined, { ttl: null });
    after(9);
    expect(await store.get(["c1"], "default")).not.toBeNull();
    after(10);
    expect((await store.search(["c1"])).map((item) => item.key).sort()).toEqual(["for good", "longer"]);
    expect(await store.get(["c1"], "longer", { refreshTtl: true })).not.toBeNull();
    after(29);
    expect(await store.get(["c1"], "longer")).not.toBeNull();
  });
});

describe("the sweep", () => {
  it("deletes what has expired, and nothing else, in the minutes that are its own", async () => {
    await put(["s1"], "soon", 5);
    await put(["s1"], "later", 50);
    await put(["s1"], "never");
    after(10);
    expect(await sweepExpiredItems(env, START + 11 * MINUTE)).toBe(0);
    expect(await rows("s1.")).toBe(3);
    expect(await sweepExpiredItems(env)).toBeGreaterThan(0);
    expect(await rows("s1.")).toBe(2);
    expect((await search(["s1"])).sort()).toEqual(["later", "never"]);
    expect(await sweepExpiredItems(env)).toBe(0);
  });

  it("is bounded, and goes on where it stopped", async () => {
    await env.DB.prepare(
      `INSERT INTO store_items
       WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 6000)
       SELECT 's2.', 'k' || n, 0, 0, n, 1, '{}' FROM n`,
    ).run();
    expect(await deleteExpired(env.DB, START)).toBe(5000);
    expect(await rows("s2.")).toBe(1000);
    expect(await deleteExpired(env.DB, START)).toBe(1000);
    expect(await deleteExpired(env.DB, START)).toBe(0);
  });

  it("reads no item that has not expired", async () => {
    await env.DB.prepare(
      `INSERT INTO store_items
       WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
       SELECT 's3.', 'k' || n, 0, 0, iif(n % 2, NULL, 1e15), 1, '{}' FROM n`,
    ).run();
    let read = 0;
    const counting = {
      prepare: (sql: string) => ({
        bind: (at: number) => ({
          run: async () => {
            const result = await env.DB.prepare(sql).bind(at).run();
            read += result.meta.rows_read;
            return result;
          },
        }),
      }),
    } as unknown as D1Database;
    await put(["s3", "x"], "k", 5);
    after(5);
    expect(await deleteExpired(counting, START + 5 * MINUTE)).toBe(1);
    expect(read).toBeLessThan(10);
  });
});
