/** Items through the HTTP edge: put, get, delete. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { D1Store } from "../../../src/d1/store/d1-store";
import type { WireItem } from "../../../src/wire/store/item";
import { call } from "../../support/edge";

const put = (body: object) => call("PUT", "/store/items", body);
const get = (query: string) => call<WireItem | null>("GET", `/store/items?${query}`);
const remove = (body: object) => call("DELETE", "/store/items", body);

afterEach(() => {
  vi.useRealTimers();
});

describe("an item", () => {
  it("is put, read, replaced whole and deleted", async () => {
    vi.useFakeTimers({ now: new Date("2030-01-01T00:00:00Z"), toFake: ["Date"] });
    const address = { namespace: ["users", "7"], key: "prefs" };
    expect(await put({ ...address, value: { theme: "dark", size: 3 } })).toMatchObject({
      status: 204,
      body: null,
    });
    vi.setSystemTime(new Date("2030-01-02T00:00:00Z"));
    expect((await put({ ...address, value: { theme: "light" } })).status).toBe(204);

    const { status, body } = await get("namespace=users.7&key=prefs");
    expect(status).toBe(200);
    expect(body).toEqual({
      ...address,
      value: { theme: "light" },
      created_at: "2030-01-01T00:00:00.000Z",
      updated_at: "2030-01-02T00:00:00.000Z",
    });

    expect(await remove(address)).toMatchObject({ status: 204, body: null });
    expect(await get("namespace=users.7&key=prefs")).toMatchObject({ status: 200, body: null });
    expect((await remove(address)).status).toBe(204);
  });

  it("is found by its namespace joined by periods, and by one parameter for each label", async () => {
    await put({ namespace: ["a", "b", "c"], key: "k.1", value: { n: 1 } });
    for (const query of [
      "namespace=a.b.c",
      "namespace=a&namespace=b&namespace=c",
      "namespace=a.b&namespace=c",
    ]) {
      expect((await get(`${query}&key=k.1`)).body?.value).toEqual({ n: 1 });
    }
    for (const query of ["namespace=a.b", "namespace=a.b.c.d", "namespace=abc", "namespace=c&namespace=b"]) {
      expect((await get(`${query}&key=k.1`)).body).toBeNull();
    }
  });

  it.each([
    [["a"], "b"],
    [["a", "b"], "k"],
    [["ab"], "k"],
    [["a-"], "k"],
    [["a/"], "k"],
    [["A"], "k"],
    [["ä"], "k"],
    [["a\u0308"], "k"],
    [["%"], "_"],
    [["*"], "*"],
    [["a", "*"], "k"],
    [["\u{10FFFF}"], "k"],
    [["__proto__"], "__proto__"],
    [["langgraph2"], "'; DROP TABLE store_items; --"],
    [['"'], '"'],
    [["\\"], "\\"],
    [[" "], " "],
    [["\n"], "\n\u0001"],
  ])("at %j under %j is no other", async (namespace, key) => {
    const mine = { namespace, key, value: { namespace, key } };
    expect((await put(mine)).status).toBe(204);
    const query = new URLSearchParams({ namespace: namespace.join("."), key });
    expect((await get(query.toString())).body).toMatchObject(mine);
  });

  it("keeps every JSON value as it is", async () => {
    const value =
      '{"__proto__":{"a":1},"constructor":null,"":"","n":[1.5,1e-7,1e+300,-1,9007199254740991],' +
      '"t":"\\u0000\\ud800\\"é😀","deep":{"er":[[],{}]}}';
    await call("PUT", "/store/items", `{"namespace":["json"],"key":"k","value":${value}}`);
    expect(JSON.stringify((await get("namespace=json&key=k")).body?.value)).toBe(
      JSON.stringify(JSON.parse(value)),
    );
    expect("a" in {}).toBe(false);
  });

  it("takes what the SDKs send for fields that are not given", async () => {
    const body = { namespace: ["null"], key: "k", value: {}, index: null, ttl: null };
    expect((await put(body)).status).toBe(204);
    expect((await put({ ...body, index: false })).status).toBe(204);
    expect((await put({ ...body, index: ["a.b", "c[*]"] })).status).toBe(204);
  });
});

describe("the rows of an item", () => {
  const written = async (namespace: string[], ttl: number | null) => {
    const metas: number[] = [];
    const counting = Object.assign(Object.create(env.DB) as D1Database, {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        const results = await env.DB.batch(statements);
        metas.push(...results.map(({ meta }) => meta.rows_written));
        return results;
      },
    });
    await new D1Store(counting).put(namespace, "k", { a: 1 }, undefined, { ttl });
    return metas;
  };

  it("are one written and one of the index of updates, and another when it expires", async () => {
    expect(await written(["rows"], null)).toEqual([2]);
    expect(await written(["rows"], null)).toEqual([2]);
    expect(await written(["rows", "expiring"], 5)).toEqual([3]);
  });
});
