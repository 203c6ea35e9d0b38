import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Assistant } from "../../src/d1/assistants-table";
import { call, create } from "../support/edge";

const search = (body: unknown) => call<Assistant[]>("POST", "/assistants/search", body);
const names = async (body: unknown) =>
  (await search({ sort_by: "name", sort_order: "asc", ...(body as object) })).body.map((a) => a.name);
const count = async (body: unknown) => (await call<number>("POST", "/assistants/count", body)).body;

interface Filters {
  graph_id?: string;
  name?: string;
  metadata?: Record<string, unknown>;
}

const mine = { suite: "search" };

beforeAll(async () => {
  const assistants = [
    { name: "100% sure", metadata: { ...mine, team: { name: "red", size: 3 }, tags: ["a", "b"] } },
    { name: "1000 sure", metadata: { ...mine, team: { name: "red", size: 4 }, tags: ["b"] } },
    { name: "snake_case", metadata: { ...mine, team: { name: "blue", size: 3 }, on: true } },
    { name: "snakeXcase", metadata: { ...mine, on: "true" } },
    { name: "ÄRGER bei Żółw", metadata: { ...mine, on: null } },
    { name: "İstanbul straße", metadata: mine, graph_id: "steps" },
  ];
  for (const fields of assistants) await create(fields);
});

afterEach(() => {
  vi.useRealTimers();
});

describe("filters", () => {
  it.each<[filters: Filters, names: string[]]>([
    [{ name: "100%" }, ["100% sure"]],
    [{ name: "0% S" }, ["100% sure"]],
    [{ name: "snake_" }, ["snake_case"]],
    [{ name: "SNAKEx" }, ["snakeXcase"]],
    [{ name: "ärger BEI żÓŁW" }, ["ÄRGER bei Żółw"]],
    [{ name: "ÄRGER bei Żółw" }, ["ÄRGER bei Żółw"]],
    [{ name: "İstanbul" }, ["İstanbul straße"]],
    [{ name: "STRAß" }, ["İstanbul straße"]],
    [{ name: "e'; DROP TABLE assistants; --" }, []],
    [{ graph_id: "steps" }, ["İstanbul straße"]],
    [{ graph_id: "nosuch" }, []],
    [{ metadata: { team: { name: "red" } } }, ["100% sure", "1000 sure"]],
    [{ metadata: { team: { size: 3 } } }, ["100% sure", "snake_case"]],
    [{ metadata: { tags: ["a"] } }, ["100% sure"]],
    [{ metadata: { on: true } }, ["snake_case"]],
    [{ metadata: { on: "true" } }, ["snakeXcase"]],
    [{ metadata: { on: null } }, ["ÄRGER bei Żółw"]],
    [{ metadata: { team: { name: "red" } }, name: "100%", graph_id: "echo" }, ["100% sure"]],
    [{ metadata: { team: { name: "red" } }, graph_id: "steps" }, []],
  ])("%j", async (filters, expected) => {
    const own = { ...filters, metadata: { ...mine, ...filters.metadata } };
    expect(await names(own)).toEqual(expected);
    expect(await count(own)).toBe(expected.length);
  });

  it("has none by default, and takes null for none", async () => {
    const none = { graph_id: null, name: null, metadata: null };
    expect(await count({})).toBe((await search({ limit: 1000 })).body.length);
    expect(await count(none)).toBe(await count({}));
    expect(await count({ name: "", metadata: {} })).toBe(await count({}));
    expect(
      (await search({ ...none, sort_by: null, sort_order: null, select: null, limit: null })).body,
    ).toHaveLength(10);
  });
});

describe("pages", () => {
  it("say how many match in all, and where the next page begins when there is one", async () => {
    const page = async (limit: number, offset: number) => {
      const { headers, body } = await search({ metadata: mine, limit, offset });
      return [body.length, headers.get("x-pagination-total"), headers.get("x-pagination-next")];
    };
    expect(await page(4, 0)).toEqual([4, "6", "4"]);
    expect(await page(4, 4)).toEqual([2, "6", null]);
    expect(await page(6, 0)).toEqual([6, "6", null]);
    expect(await page(10, 0)).toEqual([6, "6", null]);
    expect(await page(10, 100)).toEqual([0, "6", null]);
    expect(await page(1000, Number.MAX_SAFE_INTEGER)).toEqual([0, "6", null]);
  });

  it("go through all assistants of one instant, each once", async () => {
    vi.useFakeTimers({ now: new Date("2031-01-01T00:00:00Z"), toFake: ["Date"] });
    const metadata = { suite: "pages" };
    for (const name of ["a", "b", "c", "d", "e"]) await create({ name, metadata });
    const pages = [];
    for (let offset = 0; offset < 5; offset += 2) pages.push(await search({ metadata, limit: 2, offset }));
    // The newest first: ids are in the order of time within the millisecond too.
    expect(pages.flatMap((page) => page.body.map((assistant) => assistant.name))).toEqual([
      "e",
      "d",
      "c",
      "b",
      "a",
    ]);
  });
});

describe("order", () => {
  it("is by any of the fields, both ways, and by default the newest first", async () => {
    const metadata = { suite: "order" };
    vi.useFakeTimers({ now: new Date("2030-01-01T00:00:00Z"), toFake: ["Date"] });
    const second = await create({ name: "b", graph_id: "steps", metadata });
    vi.setSystemTime(new Date("2030-01-02T00:00:00Z"));
    await create({ name: "a", graph_id: "echo", metadata });
    vi.setSystemTime(new Date("2030-01-03T00:00:00Z"));
    await call("PATCH", `/assistants/${second.assistant_id}`, { description: "later" });

    const order = async (body: object) => (await search({ metadata, ...body })).body.map((a) => a.name);
    expect(await order({})).toEqual(["a", "b"]);
    expect(await order({ sort_order: "asc" })).toEqual(["b", "a"]);
    expect(await order({ sort_by: "updated_at" })).toEqual(["b", "a"]);
    expect(await order({ sort_by: "name", sort_order: "asc" })).toEqual(["a", "b"]);
    expect(await order({ sort_by: "graph_id", sort_order: "desc" })).toEqual(["b", "a"]);
    const ids = (await search({ sort_by: "assistant_id", sort_order: "asc", limit: 1000 })).body.map(
      (a) => a.assistant_id,
    );
    expect(ids).toEqual([...ids].sort());
  });
});

describe("select", () => {
  it("narrows the fields", async () => {
    const { body } = await search({ metadata: { ...mine, on: true }, select: ["name", "metadata", "name"] });
    expect(body).toEqual([
      { name: "snake_case", metadata: { ...mine, team: { name: "blue", size: 3 }, on: true } },
    ]);
  });

  it("refuses what is no field", async () => {
    const { status, body } = await search({ select: ["name", "secret"] });
    expect(status).toBe(422);
    expect(body).toEqual({
      detail: expect.stringMatching(/^select\.1: /) as string,
      code: "request.invalid",
    });
  });
});
