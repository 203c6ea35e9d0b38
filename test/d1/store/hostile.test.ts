/** Nothing that a client sends gives a 5xx, and what is refused is named. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { D1Store } from "../../../src/d1/store/d1-store";
import { call } from "../../support/edge";

const BODIES = [
  ["PUT", "/store/items"],
  ["DELETE", "/store/items"],
  ["POST", "/store/items/search"],
  ["POST", "/store/namespaces"],
] as const;

const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

describe.each(BODIES)("%s %s", (method, path) => {
  it.each([
    ["a list", "[]", "body: "],
    ["null", "null", "body: "],
    ["a string", '"text"', "body: "],
    ["half an object", "{", "body: expected JSON"],
    ["an unknown field", '{"nosuch": 1}', "nosuch: unknown field"],
    ["__proto__", '{"__proto__": {"key": "k"}}', "__proto__: unknown field"],
    ["deep nesting", nested(100_000), "body: nests deeper than 100 levels"],
  ])("refuses %s", async (_, body, detail) => {
    const answer = await call(method, path, body);
    expect(answer.body.detail).toContain(detail);
    expect(answer.status).toBe(422);
  });

  it("answers any JSON with less than 500", async () => {
    const names = ["namespace", "key", "value", "index", "ttl", "namespace_prefix", "filter", "query"];
    const more = ["refresh_ttl", "prefix", "suffix", "max_depth", "limit", "offset", "nosuch"];
    const text = fc.string({ unit: "binary" });
    const labels = fc.array(fc.oneof(text, fc.constantFrom("a", "*", "'--", "__proto__")));
    const operators = fc.dictionary(fc.oneof(fc.constantFrom("$gt", "$ne", "$in"), text), fc.jsonValue());
    const anything = fc.oneof(
      labels,
      text,
      fc.jsonValue(),
      fc.dictionary(text, fc.oneof(fc.jsonValue(), operators)),
    );
    const body = fc.dictionary(fc.constantFrom(...names, ...more), anything);
    await fc.assert(
      fc.asyncProperty(fc.oneof(body, fc.jsonValue()), async (json) => {
        const answer = await call(method, path, JSON.stringify(json));
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400) expect(answer.body.detail).toEqual(expect.any(String));
      }),
      { numRuns: 150 },
    );
  });
});

const NO_LABELS = [
  "a",
  1,
  true,
  {},
  [1],
  [null],
  [["a"]],
  [""],
  ["a", ""],
  ["a.b"],
  ["a:b"],
  ["\0"],
  ["\ud800"],
];
const NO_ADDRESS = [null, [], ...NO_LABELS, ["x".repeat(1000)], Array.from({ length: 501 }, () => "a")];
const NO_KEY = [null, "", 1, true, {}, [], "\0", "a\0", "\udc00", "é".repeat(501)];
const NO_OBJECT = ["text", 1, true, [], [{}]];
const NO_NUMBER = ["1", true, {}, [], 1.5, -1, 1e300, 9007199254740993];
const ITEM = { namespace: ["a"], key: "k" };

const WRONG: [method: string, path: string, least: object, fields: Record<string, unknown[]>][] = [
  [
    "PUT",
    "/store/items",
    { ...ITEM, value: {} },
    {
      namespace: [...NO_ADDRESS, ["langgraph"], ["langgraph", "a"]],
      key: NO_KEY,
      value: [null, ...NO_OBJECT],
      index: [true, "a", 1, {}, [1]],
      ttl: ["5", true, {}, 0, -1, 1e300],
    },
  ],
  ["DELETE", "/store/items", ITEM, { namespace: NO_ADDRESS, key: NO_KEY }],
  [
    "POST",
    "/store/items/search",
    {},
    {
      namespace_prefix: NO_LABELS,
      filter: NO_OBJECT,
      query: [1, true, {}, []],
      refresh_ttl: [1, "true", {}, []],
      limit: [0, 1001, ...NO_NUMBER],
      offset: NO_NUMBER,
    },
  ],
  [
    "POST",
    "/store/namespaces",
    {},
    {
      prefix: NO_LABELS,
      suffix: NO_LABELS,
      max_depth: [0, ...NO_NUMBER],
      limit: [0, 1001, ...NO_NUMBER],
      offset: NO_NUMBER,
    },
  ],
];
const CASES = WRONG.flatMap(([method, path, least, fields]) =>
  Object.entries(fields).map(([field, values]) => [method, path, field, least, values] as const),
);

it.each(CASES)("%s %s names %s when its value is wrong", async (method, path, field, least, values) => {
  for (const value of values) {
    const { status, body } = await call(method, path, { ...least, [field]: value });
    expect([value, status, body.detail]).toEqual([value, 422, expect.stringContaining(field)]);
    expect(body.detail.length).toBeLessThan(2000);
  }
});

describe("GET /store/items", () => {
  it.each([
    ["", "namespace: "],
    ["key=k", "namespace: "],
    ["namespace=&key=k", "namespace: "],
    ["namespace=a", "key: "],
    ["namespace=a&key=", "key: "],
    ["namespace=a&key=k&key=l", "key: "],
    ["namespace=a..b&key=k", "namespace: "],
    ["namespace=a:b&key=k", "namespace: "],
    ["namespace=a%00&key=k", "namespace: "],
    ["namespace=a&key=%00", "key: "],
    [`namespace=a&key=${"x".repeat(1001)}`, "key: "],
    [`namespace=${"x.".repeat(501)}x&key=k`, "namespace: "],
    ["namespace=a&key=k&refresh_ttl=maybe", "refresh_ttl: "],
    ["namespace=a&key=k&nosuch=1", "nosuch: unknown field"],
    ["namespace=a&key=k&__proto__=1", "__proto__"],
  ])("?%s", async (query, detail) => {
    const { status, body } = await call("GET", `/store/items?${query}`);
    expect(body.detail).toContain(detail);
    expect(status).toBe(422);
  });

  it("takes bytes that are no UTF-8", async () => {
    const answer = await call("GET", "/store/items?namespace=%ff%c3&key=%ed%a0%80&refresh_ttl=true");
    expect(answer.status).toBeLessThan(500);
  });
});

it("keeps what looks like SQL apart, and runs none of it", async () => {
  const texts = ["'; DROP TABLE store_items; --", '" OR 1=1', "%", "_", "?1", "x'00'", "a)", "\\"];
  for (const text of texts) {
    const address = { namespace: [text, "n"], key: text };
    expect((await call("PUT", "/store/items", { ...address, value: { [text]: text } })).status).toBe(204);
    for (const [wanted, found] of [
      [text, 1],
      [{ $in: [text] }, 1],
      [{ $gte: text }, 0],
    ] as const) {
      const search = { namespace_prefix: [text], filter: { [text]: wanted }, query: text };
      const answer = await call<{ items: unknown[] }>("POST", "/store/items/search", search);
      expect(answer.body.items).toHaveLength(found);
    }
    const lists = [{ prefix: [text] }, { suffix: [text, "n"] }, { prefix: ["*", "n"], suffix: [text, "*"] }];
    for (const list of lists) {
      const answer = await call<{ namespaces: string[][] }>("POST", "/store/namespaces", list);
      expect(answer.body.namespaces).toEqual([address.namespace]);
    }
  }
});

it("has its limits on filters", async () => {
  const filterOf = (count: number, value: unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, value]));
  const search = (filter: object) => call("POST", "/store/items/search", { filter });
  expect((await search(filterOf(30, { $gt: 1 }))).status).toBe(200);
  expect((await search(filterOf(31, 1))).status).toBe(422);
  expect((await search({ a: filterOf(20_000, 1) })).status).toBe(200);
  expect((await search({ a: { $in: Array.from({ length: 50_000 }, (_, n) => n) } })).status).toBe(200);
  expect((await search({ ["a".repeat(100_000)]: "b".repeat(800_000) })).status).toBe(200);
  expect((await search({ ["a".repeat(100_000)]: { $nosuch: 1 } })).status).toBe(422);
});

it("refuses what is too large for a row, however it grows on the way", async () => {
  const huge = await call("PUT", "/store/items", { ...ITEM, value: { text: "x".repeat(1_100_000) } });
  expect(huge.status).toBe(413);
  const growing = `{"namespace":["a"],"key":"k","value":{"n":[${"1e20,".repeat(150_000)}1]}}`;
  expect((await call("PUT", "/store/items", growing)).status).toBe(413);
  const deep = `{"namespace":["deep"],"key":"k","value":${nested(98)}}`;
  expect((await call("PUT", "/store/items", deep)).status).toBe(204);
  const search = { namespace_prefix: ["deep"], filter: { a: { $ne: 1 } } };
  expect((await call("POST", "/store/items/search", search)).status).toBe(200);
});

describe("D1 looks things up by key", () => {
  it("and reads no other namespaces' items, nor all items of a namespace for its name", async () => {
    await env.DB.prepare(
      `INSERT INTO store_items
       WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
       SELECT 'many.', 'k' || n, 0, 0, NULL, NULL, '{}' FROM n`,
    ).run();
    for (const leaf of ["a", "b"]) {
      await call("PUT", "/store/items", { namespace: ["few", leaf], key: "k", value: { leaf }, ttl: 5 });
    }
    let read = 0;
    const counting = Object.assign(Object.create(env.DB) as D1Database, {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        const results = await env.DB.batch(statements);
        for (const { meta } of results) read += meta.rows_read;
        return results;
      },
    });
    const store = new D1Store(counting);
    await store.search(["few"], { filter: { leaf: "a" } });
    await store.get(["few", "a"], "k");
    await store.get(["many"], "k7");
    expect((await store.listNamespaces({ prefix: ["many"] })).length).toBe(1);
    await store.listNamespaces({ suffix: ["a"], prefix: ["few"], maxDepth: 1 });
    expect(read).toBeLessThan(100);
  });
});
