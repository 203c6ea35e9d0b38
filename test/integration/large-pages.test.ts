/** Pages of rows so large that together they would not fit the memory of an isolate. */
import { describe, expect, it } from "vitest";
import type { Assistant } from "../../src/wire/assistants";
import { createCron } from "../support/crons";
import { call, create } from "../support/edge";
import { createRun, createThread } from "../support/threads";

const LARGE = "x".repeat(900_000);
const TOO_LARGE = /^limit: the rows of this page take more than 10000000 bytes; ask for fewer/;

/** Fifteen of something. */
async function make(one: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < 15; n++) await one();
}

/** A search of all fifteen is refused, one of few answered, and one of small fields too. */
async function check(path: string, filters: object, small: string): Promise<void> {
  const search = (more: object) => call<unknown[]>("POST", path, { ...filters, limit: 1000, ...more });
  const refused = await search({});
  expect([refused.status, refused.body]).toEqual([
    413,
    { detail: expect.stringMatching(TOO_LARGE) as string, code: "request.too_large" },
  ]);
  expect((await search({ limit: 11 })).body).toHaveLength(11);
  expect((await search({ offset: 5 })).body).toHaveLength(10);
  const narrow = await search({ select: [small] });
  expect(narrow.body).toHaveLength(15);
  expect(narrow.headers.get("X-Pagination-Total")).toBe("15");
  for (const row of narrow.body) expect(Object.keys(row as object)).toEqual([small]);
}

describe("a page that is too large is refused, and the same in parts or without its large fields is not", () => {
  it("of threads, found by a filter and all of them", async () => {
    const tag = crypto.randomUUID();
    await make(() => createThread({ metadata: { tag, LARGE } }));
    await check("/threads/search", { metadata: { tag } }, "thread_id");
    await check("/threads/search", {}, "status");
    const extract = { some: "metadata.tag" };
    const one = await call("POST", "/threads/search", { limit: 15, select: ["thread_id"], extract });
    expect(one.status).toBe(200);
    const whole = { limit: 15, select: ["thread_id"], extract: { all: "metadata" } };
    expect((await call("POST", "/threads/search", whole)).status).toBe(413);
  });

  it("of runs, searched and listed", async () => {
    const { thread_id: id } = await createThread();
    const metadata = { tag: crypto.randomUUID() };
    await make(() =>
      createRun(id, { assistant_id: "echo", input: { LARGE }, metadata, after_seconds: 1000 }),
    );
    await check("/runs/search", { metadata }, "run_id");
    expect((await call("GET", `/threads/${id}/runs?limit=15`)).status).toBe(413);
    const { body } = await call<object[]>("GET", `/threads/${id}/runs?limit=15&select=status`);
    expect(body).toEqual(Array(15).fill({ status: "pending" }));
  });

  it("of crons", async () => {
    const metadata = { tag: crypto.randomUUID() };
    await make(() => createCron({ metadata, input: { LARGE } }));
    await check("/runs/crons/search", { metadata }, "cron_id");
    await check("/runs/crons/search", { metadata }, "history_limit");
  });

  it("of assistants and their versions", async () => {
    const name = crypto.randomUUID();
    await make(() => create({ name, metadata: { LARGE } }));
    await check("/assistants/search", { name }, "assistant_id");
    const { assistant_id: id } = await create({ metadata: { LARGE } });
    await make(() => call("PATCH", `/assistants/${id}`, { name: "changed" }));
    const versions = (limit: number) => call<Assistant[]>("POST", `/assistants/${id}/versions`, { limit });
    expect((await versions(1000)).status).toBe(413);
    expect((await versions(11)).body).toHaveLength(11);
  });
});
