/** Nothing that a client sends gives a 5xx, and what is refused is named. */
import { describe, expect, it } from "vitest";
import type { Assistant } from "../../src/d1/assistants-table";
import { call, create } from "../support/edge";

const { assistant_id: ID } = await create({ name: "target", metadata: { a: 1 } });

const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

const ROUTES = [
  ["POST", "/assistants"],
  ["POST", "/assistants/search"],
  ["POST", "/assistants/count"],
  ["PATCH", `/assistants/${ID}`],
  ["POST", `/assistants/${ID}/versions`],
  ["POST", `/assistants/${ID}/latest`],
] as const;

describe.each(ROUTES)("%s %s", (method, path) => {
  it.each([
    ["a list", "[]", "body: "],
    ["null", "null", "body: "],
    ["a number", "1e999", "body: "],
    ["a string", '"text"', "body: "],
    ["true", "true", "body: "],
    ["half an object", "{", "body: expected JSON"],
    ["single quotes", "{'a': 1}", "body: expected JSON"],
    ["NUL", "\u0000", "body: expected JSON"],
    ["an unknown field", '{"nosuch": 1}', "nosuch: unknown field"],
    ["__proto__", '{"__proto__": {"graph_id": "echo"}}', "__proto__: unknown field"],
    ["constructor", '{"constructor": 1}', "constructor: unknown field"],
    ["deep metadata", `{"metadata": ${nested(101)}}`, "body: nests deeper than 100 levels"],
    ["deep nesting", nested(100_000), "body: nests deeper than 100 levels"],
  ])("refuses %s", async (_, body, detail) => {
    const answer = await call(method, path, body);
    expect(answer.body.detail).toContain(detail);
    expect(answer.status).toBe(422);
  });
});

/** For each kind of field, values that it cannot have. */
const NO_TEXT = [1, true, {}, [], ["a"]];
const NO_OBJECT = [1, true, "text", [], [{}]];
const NO_NUMBER = ["1", true, {}, [], 1.5, -1, 1e300, 9007199254740993];
const NO_CONFIG = [
  ...NO_OBJECT,
  { tags: "a" },
  { tags: [1] },
  { recursion_limit: "5" },
  { recursion_limit: 1e300 },
  { recursion_limit: 1.5 },
  { configurable: [] },
];
const WRONG: Record<string, Record<string, unknown[]>> = {
  "POST /assistants": {
    graph_id: [null, ...NO_TEXT],
    assistant_id: ["", "echo", "\u0000", "123e4567-e89b-12d3-a456-42661417400", ...NO_TEXT],
    if_exists: ["", "RAISE", ...NO_TEXT],
    name: NO_TEXT,
    description: NO_TEXT,
    config: NO_CONFIG,
    context: NO_OBJECT,
    metadata: NO_OBJECT,
  },
  [`PATCH /assistants/${ID}`]: {
    graph_id: NO_TEXT,
    name: NO_TEXT,
    description: NO_TEXT,
    config: NO_CONFIG,
    context: NO_OBJECT,
    metadata: NO_OBJECT,
  },
  "POST /assistants/search": {
    graph_id: NO_TEXT,
    name: NO_TEXT,
    metadata: NO_OBJECT,
    limit: [0, 1001, ...NO_NUMBER],
    offset: NO_NUMBER,
    sort_by: ["", "metadata", "name; DROP TABLE assistants", ...NO_TEXT],
    sort_order: ["", "DESC", "up", ...NO_TEXT],
    select: ["name", { 0: "name" }, 1, [1], ["nosuch"], ["__proto__"], [null]],
  },
  "POST /assistants/count": { graph_id: NO_TEXT, name: NO_TEXT, metadata: NO_OBJECT },
  [`POST /assistants/${ID}/versions`]: {
    metadata: NO_OBJECT,
    limit: [0, 1001, ...NO_NUMBER],
    offset: NO_NUMBER,
  },
  [`POST /assistants/${ID}/latest`]: { version: [0, ...NO_NUMBER] },
};
const CASES = Object.entries(WRONG).flatMap(([route, fields]) =>
  Object.entries(fields).map(([field, values]) => [route, field, values] as const),
);

it.each(CASES)("%s names %s when its value is wrong", async (route, field, values) => {
  const [method = "", path = ""] = route.split(" ");
  for (const value of values) {
    const rest = route === "POST /assistants" ? { graph_id: "echo" } : {};
    const answer = await call(method, path, { ...rest, [field]: value });
    expect(answer.status, JSON.stringify(value)).toBe(422);
    expect(answer.body.detail, JSON.stringify(value)).toMatch(new RegExp(`^${field}(\\.|:)`));
  }
});

describe("weird but well-formed", () => {
  it.each([
    ["NUL", "\u0000"],
    ["NUL inside", "a\u0000b"],
    ["high surrogate", "\ud800"],
    ["low surrogate", "\udfff tail"],
    ["invisible", "\u202e\ufeff\u2028"],
    ["emoji", "👩‍👩‍👧"],
    ["SQL", "'\"`;--\\"],
    ["wildcard", "%"],
    ["JSON path", "$.a"],
    ["long", "x".repeat(50_000)],
    ["long and beyond ASCII", "Ⅷ".repeat(10_000)],
    ["500 letters", Array.from({ length: 500 }, (_, n) => String.fromCodePoint(0x400 + n)).join("")],
    ["empty", ""],
  ])("%s as text, key and value", async (_, text) => {
    const data = { [text]: text, [`k${text}`]: { [text]: [text] } };
    const fields = {
      name: text,
      description: text,
      metadata: data,
      context: data,
      config: { tags: [text], [text]: 1 },
    };
    const made = await call<Assistant>("POST", "/assistants", { graph_id: "echo", ...fields });
    expect(made.status).toBe(200);
    // JSON keeps every string, columns of text all but lone surrogates.
    expect(made.body.metadata).toEqual(data);
    expect(made.body.name).toBe(text.toWellFormed());

    const id = made.body.assistant_id;
    expect((await call("PATCH", `/assistants/${id}`, fields)).status).toBe(200);
    for (const filter of [{ name: text }, { graph_id: text }, { metadata: { [text]: text } }]) {
      expect((await call("POST", "/assistants/search", { ...filter, limit: 1 })).status).toBe(200);
      expect((await call("POST", "/assistants/count", filter)).status).toBe(200);
    }
    expect((await call("POST", `/assistants/${id}/versions`, { metadata: { [text]: text } })).status).toBe(
      200,
    );
    expect((await call("POST", "/assistants", { graph_id: text })).status).toBe(404);
    expect((await call("PATCH", `/assistants/${id}`, { graph_id: text })).status).toBe(404);
    await call("DELETE", `/assistants/${id}`);
  });

  it("numbers without end", async () => {
    const metadata = '{"n":1e999,"m":-1e999,"big":123456789012345678901234567890,"tiny":5e-324,"zero":-0}';
    const made = await call<Assistant>("POST", "/assistants", `{"graph_id":"echo","metadata":${metadata}}`);
    expect(made.status).toBe(200);
    for (const path of ["search", "count"]) {
      expect((await call("POST", `/assistants/${path}`, `{"metadata":${metadata}}`)).status).toBe(200);
    }
    const tiny = { metadata: { big: 123456789012345680000000000000, tiny: 5e-324 } };
    expect((await call("POST", "/assistants/count", tiny)).body).toBe(1);
  });

  it("nesting and size at the limit", async () => {
    const metadata = nested(98);
    expect((await call("POST", "/assistants", `{"graph_id":"echo","metadata":${metadata}}`)).status).toBe(
      200,
    );
    expect((await call("POST", "/assistants/search", `{"metadata":${metadata}}`)).status).toBe(422);
    const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, n]));
    expect((await call("POST", "/assistants", { graph_id: "echo", metadata: wide })).status).toBe(200);
    expect((await call("POST", "/assistants/search", { metadata: wide })).status).toBe(422);
  });

  it("keys called __proto__", async () => {
    const body = '{"graph_id":"echo","metadata":{"__proto__":{"polluted":1},"constructor":{"prototype":2}}}';
    expect((await call("POST", "/assistants", body)).status).toBe(200);
    expect(
      (await call("PATCH", `/assistants/${ID}`, '{"metadata":{"__proto__":{"polluted":1}}}')).status,
    ).toBe(200);
    expect((await call("PATCH", `/assistants/${ID}`, '{"config":{"__proto__":{"tags":1}}}')).status).toBe(
      200,
    );
    expect("polluted" in {}).toBe(false);
  });

  it("an empty body counts as {}", async () => {
    expect((await call("POST", "/assistants/search")).status).toBe(200);
    expect((await call("POST", "/assistants/count")).status).toBe(200);
    expect((await call("POST", "/assistants")).body.detail).toMatch(/^graph_id: /);
  });
});
