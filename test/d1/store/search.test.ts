/** Searching through the HTTP edge. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { WireItem } from "../../../src/wire/store/item";
import { call } from "../../support/edge";

const put = (namespace: string[], key: string, value: object) =>
  call("PUT", "/store/items", { namespace, key, value });
const search = (body: object) =>
  call<{ items: (WireItem & { score: number | null })[] }>("POST", "/store/items/search", body);
const keys = async (body: object) => {
  const answer = await search(body);
  expect(answer.status).toBe(200);
  return answer.body.items.map((item) => item.key);
};

afterEach(() => {
  vi.useRealTimers();
});

describe("a prefix", () => {
  beforeAll(async () => {
    for (const namespace of [["p"], ["p", "q"], ["p", "q", "r"], ["p-"], ["p/"], ["pq"], ["o"], ["q", "p"]]) {
      await put(namespace, namespace.join("+"), {});
    }
  });

  it.each([
    [["p"], ["p", "p+q", "p+q+r"]],
    [
      ["p", "q"],
      ["p+q", "p+q+r"],
    ],
    [["p", "q", "r"], ["p+q+r"]],
    [["p", "q", "r", "s"], []],
    [["p", "r"], []],
    [["*"], []],
    [["%"], []],
  ])("%j", async (prefix, expected) => {
    expect((await keys({ namespace_prefix: prefix })).sort()).toEqual(expected);
  });

  it("may be empty, null or absent, which is everything", async () => {
    for (const body of [{ namespace_prefix: [] }, { namespace_prefix: null }, {}]) {
      expect(await keys({ ...body, limit: 1000 })).toEqual(
        expect.arrayContaining(["p", "p-", "p/", "pq", "o", "q+p"]),
      );
    }
  });
});

describe("a page", () => {
  it("has the last written first, and ten by default", async () => {
    vi.useFakeTimers({ now: new Date("2030-01-01T00:00:00Z"), toFake: ["Date"] });
    for (let n = 10; n < 22; n++) {
      vi.setSystemTime(new Date(`2030-01-01T00:00:${n}Z`));
      await put(["page"], `k${n}`, { n });
    }
    vi.setSystemTime(new Date("2030-01-02T00:00:00Z"));
    await put(["page"], "k15", { n: 15 });

    const all = await keys({ namespace_prefix: ["page"], limit: 100 });
    expect(all).toEqual(["k15", "k21", "k20", "k19", "k18", "k17", "k16", "k14", "k13", "k12", "k11", "k10"]);
    expect(await keys({ namespace_prefix: ["page"] })).toEqual(all.slice(0, 10));
    expect(await keys({ namespace_prefix: ["page"], limit: 5, offset: 10 })).toEqual(all.slice(10));
    expect(await keys({ namespace_prefix: ["page"], limit: 1000, offset: Number.MAX_SAFE_INTEGER })).toEqual(
      [],
    );
  });

  it("ranks nothing by a query, without embeddings, and has no score", async () => {
    await put(["query"], "k", { text: "cats" });
    const { body } = await search({
      namespace_prefix: ["query"],
      query: "dogs",
      refresh_ttl: null,
      filter: null,
    });
    expect(body.items).toEqual([
      {
        namespace: ["query"],
        key: "k",
        value: { text: "cats" },
        score: null,
        created_at: expect.any(String) as string,
        updated_at: expect.any(String) as string,
      },
    ]);
  });
});

describe("a filter", () => {
  const values: Record<string, object> = {
    one: { n: 1, s: "a", list: [1, 2], obj: { x: 1, y: [2] } },
    two: { n: 2, s: "b", b: true, nul: null },
    ten: { n: "10", s: "a\"'\\é", b: false },
    big: { n: 1152921504606846976, "a.b": 1, "": 2, $x: 3, "]": { "\\": 4 } },
    real: { n: 1.5, s: "" },
  };
  beforeAll(async () => {
    for (const [key, value] of Object.entries(values)) await put(["filter"], key, value);
  });

  it.each<[object, string[]]>([
    [{}, ["big", "one", "real", "ten", "two"]],
    [{ n: 1 }, ["one"]],
    [{ n: 1.0, s: "a" }, ["one"]],
    [{ n: 1, s: "b" }, []],
    [{ n: "1" }, []],
    [{ n: "10" }, ["ten"]],
    [{ n: 1152921504606846976 }, ["big"]],
    [{ n: 1152921504606846000 }, []],
    [{ b: true }, ["two"]],
    [{ b: 1 }, []],
    [{ b: false }, ["ten"]],
    [{ nul: null }, ["two"]],
    [{ s: "a\"'\\é" }, ["ten"]],
    [{ s: "" }, ["real"]],
    [{ list: [1, 2] }, ["one"]],
    [{ list: [2, 1] }, []],
    [{ obj: { x: 1, y: [2] } }, ["one"]],
    [{ obj: { x: 1 } }, []],
    [{ obj: {} }, ["big", "one", "real", "ten", "two"]],
    [{ "a.b": 1, "": 2, $x: 3, "]": { "\\": 4 } }, ["big"]],
    [{ n: { $eq: 2 } }, ["two"]],
    [{ n: { $ne: 2 } }, ["big", "one", "real", "ten"]],
    [{ nul: { $ne: null } }, ["big", "one", "real", "ten"]],
    [{ n: { $gt: 1.5 } }, ["big", "ten", "two"]],
    [{ n: { $gte: 1.5 } }, ["big", "real", "ten", "two"]],
    [{ n: { $gte: 1.5, $lt: 10 } }, ["real", "two"]],
    [{ n: { $lte: "10" } }, ["one", "real", "ten", "two"]],
    [{ n: { $gte: 1152921504606846976 } }, ["big"]],
    [{ n: { $gt: 1152921504606846976 } }, []],
    [{ n: { $gt: "x" } }, []],
    [{ n: { $gt: {} } }, []],
    [{ s: { $gt: "a" } }, []],
    [{ s: { $lte: 0 } }, ["real"]],
    [{ nul: { $lte: 0 } }, ["two"]],
    [{ nosuch: { $lte: 0 } }, []],
    [{ list: { $gt: 0 } }, []],
    [{ s: { $in: ["a", "b", 1] } }, ["one", "two"]],
    [{ n: { $in: [1.5, "10", null] } }, ["real", "ten"]],
    [{ n: { $in: [] } }, []],
    [{ n: { $in: 1 } }, []],
    [{ nosuch: { $in: [null] } }, []],
    [{ s: { $nin: ["a", "b"] } }, ["big", "real", "ten"]],
    [{ s: { $nin: "a" } }, ["big", "one", "real", "ten", "two"]],
    [{ n: { $gt: 0 }, s: { $in: ["a"] }, list: [1, 2] }, ["one"]],
  ])("%j", async (filter, expected) => {
    expect((await keys({ namespace_prefix: ["filter"], filter })).sort()).toEqual(expected);
  });

  it("takes numbers without end for what they are", async () => {
    for (const [text, count] of [
      ['{"n":{"$lt":1e999}}', 5],
      ['{"n":{"$gt":-1e999}}', 5],
      ['{"n":{"$gte":1e999}}', 0],
    ] as const) {
      const body = `{"namespace_prefix":["filter"],"filter":${text}}`;
      const answer = await call<{ items: WireItem[] }>("POST", "/store/items/search", body);
      expect(answer.body.items).toHaveLength(count);
    }
  });

  it("names what is no operator", async () => {
    const filter = { n: { $gt: 1, $near: 2 } };
    const { status, body } = await call("POST", "/store/items/search", { filter });
    expect(status).toBe(422);
    expect(body.detail).toContain('filter."n": no operator "$near"; there are: $eq, $ne');
    expect((await search({ filter: { n: { $gt: 1, x: 2 } } })).status).toBe(422);
  });
});
