/** What is well-formed and meant ill: contents, filters and sizes. No 5xx, nothing gets stuck, and filters find what they say. */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { parseJson, type JsonObject } from "../../src/platform/json";
import type { Cron } from "../../src/wire/crons/cron";
import type { Run } from "../../src/wire/runs/run";
import type { Thread } from "../../src/wire/threads/thread";
import { createCron } from "../support/crons";
import { call } from "../support/edge";

const SEARCHES = ["/threads", "/runs", "/runs/crons", "/assistants"];

const createThread = async (metadata: unknown): Promise<Thread> => {
  const { status, body } = await call<Thread>("POST", "/threads", { metadata });
  expect(status).toBe(200);
  return body;
};
const search = (
  path: string,
  filter: unknown,
): Promise<{ status: number; body: { detail?: string } & unknown[] }> =>
  call("POST", `${path}/search`, filter);

describe("filters", () => {
  it.each([
    ["SQL in a key", { "a' OR '1'='1": 1 }],
    ["SQL in a value", { a: "'; DROP TABLE threads; --" }],
    ["a JSON path in a key", { "$.a": 1, "a.b": 1, "$[0]": 1 }],
    ["quotes in a key", { '"': 1, "`": 2, "\\": 3, "]": 4 }],
    ["wildcards", { "%": "%", _: "_" }],
    ["NUL", { "a\u0000b": "c\u0000d" }],
    ["a lone surrogate", { "\ud800": "\udfff" }],
    ["the empty key", { "": "" }],
    ["null", { a: null }],
    ["booleans", { a: true, b: false }],
    ["numbers", { a: 0, b: -1.5, c: 1e308, d: 5e-324, e: 9007199254740993 }],
    ["nested objects", { a: { b: { c: { d: "e" } } } }],
    ["lists", { a: [1, "two", [3], { four: 4 }, null] }],
    ["empty ones", { a: {}, b: [] }],
    ["__proto__", parseJson<JsonObject>('{"__proto__": {"a": 1}, "constructor": 1}')],
  ] as [string, JsonObject][])("%s: finds what has it and nothing else", async (_, metadata) => {
    const { thread_id: id } = await createThread({ ...metadata, more: "than asked" });
    await createThread({ other: 1 });
    for (const path of SEARCHES) {
      expect((await search(path, { metadata })).status, path).toBe(200);
      if (path !== "/runs")
        expect((await call("POST", `${path}/count`, { metadata })).status, path).toBe(200);
    }
    const found = (await search("/threads", { metadata, limit: 1000 })).body as unknown as Thread[];
    // zod drops `__proto__`, here and when it is stored.
    const expected = Object.keys(metadata).includes("__proto__")
      ? (expect.arrayContaining([id]) as string[])
      : [id];
    expect(found.map((thread) => thread.thread_id)).toEqual(expected);
  });

  it("too many keys, or too deep, is refused by name", async () => {
    const wide = Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`key${n}`, n]));
    const deep = { a: { a: { a: { a: { a: 1 } } } } };
    const list = { a: Array.from({ length: 100 }, (_, n) => n) };
    for (const path of SEARCHES) {
      for (const metadata of [wide, deep, list]) {
        const answer = await search(path, { metadata });
        expect(answer.status).toBe(422);
        expect(answer.body.detail).toMatch(/^metadata: a filter may/);
      }
    }
    const answer = await search("/threads", { values: wide });
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toMatch(/^values: a filter may/);
    const half = Object.fromEntries(Object.entries(wide).slice(0, 30));
    for (const path of SEARCHES) expect((await search(path, { metadata: half })).status).toBe(200);
    // As wide and deep as it may be.
    const six = (depth: number): JsonObject => ({
      a: depth === 1 ? 1 : six(depth - 1),
      b: 1,
      c: 1,
      d: 1,
      e: 1,
      f: 1,
    });
    const twelve = (depth: number): unknown[] => [
      depth === 1 ? 1 : twelve(depth - 1),
      ...Array<number>(11).fill(1),
    ];
    for (const metadata of [six(4), { a: twelve(3) }, { a: six(3), b: twelve(1) }]) {
      for (const path of SEARCHES) expect((await search(path, { metadata })).status).toBe(200);
      expect((await search("/threads", { values: metadata, status: "idle", ids: [] })).status).toBe(200);
    }
    const both = await search("/threads", { metadata: half, values: half });
    expect(both.status).toBe(422);
    expect(both.body.detail).toMatch(/^body: the filters together/);
  });

  it("whatever JSON a thread has as metadata, it is found by it, and no search fails", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
        async (metadata) => {
          const { thread_id: id } = await createThread(metadata);
          for (const path of SEARCHES)
            expect([200, 422]).toContain((await search(path, { metadata })).status);
          const answer = await search("/threads", { metadata, ids: [id] });
          if (answer.status === 200) expect(answer.body).toMatchObject([{ thread_id: id }]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("whatever JSON is sent as a body, it is taken or refused", async () => {
    const fields = fc.constantFrom(
      "metadata",
      "input",
      "config",
      "command",
      "ids",
      "select",
      "sort_by",
      "limit",
    );
    const body = fc.oneof(
      fc.json(),
      fc.dictionary(fields, fc.jsonValue()).map((value) => JSON.stringify(value)),
    );
    const routes = [
      "/threads/search",
      "/runs/search",
      "/runs/crons/search",
      "/runs/crons",
      "/runs/wait",
      "/threads/count",
    ];
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(...routes), async (text, route) => {
        const answer = await call("POST", route, text);
        expect([200, 422]).toContain(answer.status);
        if (answer.status === 422) expect(answer.body.detail).toMatch(/: /);
      }),
      { numRuns: 150 },
    );
  });
});

describe("contents", () => {
  it.each([
    ["NUL", "a\u0000b"],
    ["a lone surrogate", "\ud800"],
    ["invisible", "\u202e\ufeff\u2028"],
    ["SQL", "'\"`;--\\"],
    ["HTML", "<script>alert(1)</script>"],
  ])("%s in every place of a run, a thread and a cron", async (_, text) => {
    const data = { [text]: text };
    const { thread_id: threadId } = await createThread(data);
    const config = { tags: [text], configurable: data, run_name: text, metadata: data };
    const fields = {
      assistant_id: "echo",
      input: { text, [text]: text },
      metadata: data,
      config,
      context: data,
    };
    const waited = await call<JsonObject>("POST", `/threads/${threadId}/runs/wait`, fields);
    expect(waited.body).toMatchObject({ text, reply: `You said: ${text}` });
    expect((await call("GET", `/threads/${threadId}`)).body).toMatchObject({
      metadata: data,
      values: { text },
    });
    expect((await search("/threads", { values: { text }, ids: [threadId] })).body).toHaveLength(1);
    expect((await search("/runs", { metadata: data, thread_id: threadId })).body).toHaveLength(1);
    const cron = await createCron(fields);
    expect(cron).toMatchObject({ metadata: data, payload: { input: fields.input, context: data } });
    expect((await search("/runs/crons", { metadata: data })).body).toHaveLength(1);
    await call("DELETE", `/runs/crons/${cron.cron_id}`);
  });

  it.each([
    [{ max_concurrency: 1, run_name: "", metadata: { run_id: 1 }, recursion_limit: null, tags: null }],
    [{ callbacks: [1], timeout: -1, signal: 1, store: {}, streamMode: "x", runId: "x" }],
    [
      {
        configurable: {
          thread_id: "x",
          run_id: 1,
          graph_id: 2,
          __pregel_read: 1,
          checkpoint_id: "x",
          checkpoint_ns: "a|b",
        },
      },
    ],
    [{ configurable: { assistant_id: {}, checkpoint_map: { "": "x" }, checkpoint_during: 1 } }],
  ])("config %j does no harm", async (config) => {
    const answer = await call<JsonObject>("POST", "/runs/wait", {
      assistant_id: "echo",
      input: { text: "a" },
      config,
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ reply: "You said: a" });
  });
});

describe("sizes", () => {
  /** 4 bytes here, 22 characters when it is written again. */
  const swollen = `[${Array.from({ length: 190_000 }, () => "1e20").join(",")}]`;
  const wide = "Ⅷ".repeat(300_000);
  const big = "x".repeat(900_000);
  const made: string[] = [];
  afterEach(async () => {
    for (const path of made.splice(0)) await call("DELETE", path);
  });

  it.each([
    ["POST /runs", `{"assistant_id":"echo","input":${swollen}}`],
    ["POST /runs/wait", `{"assistant_id":"echo","metadata":{"a":${swollen}}}`],
    ["POST /threads", `{"metadata":{"a":${swollen}}}`],
    ["POST /runs/crons", `{"assistant_id":"echo","schedule":"27 15 * * *","input":${swollen}}`],
    ["POST /runs/crons", `{"assistant_id":"echo","schedule":"27 15 * * *","metadata":{"a":${swollen}}}`],
    ["POST /assistants", `{"graph_id":"echo","metadata":{"a":${swollen}}}`],
  ])("%s: a body that swells when it is stored is refused", async (route, body) => {
    const [method = "", path = ""] = route.split(" ");
    const answer = await call(method, path, body);
    expect(answer.body.detail).toMatch(/bytes/);
    expect(answer.status).toBe(413);
  });

  it("metadata cannot grow without end by patches of a thread", async () => {
    const { thread_id: id } = await createThread({});
    made.push(`/threads/${id}`);
    const statuses = [];
    for (const key of ["a", "b", "c"])
      statuses.push((await call("PATCH", `/threads/${id}`, { metadata: { [key]: big } })).status);
    expect(statuses).toEqual([200, 413, 413]);
    expect((await search("/threads", { ids: [id], select: ["thread_id"] })).body).toHaveLength(1);
  });

  it("metadata cannot grow without end by patches of a cron", async () => {
    const { cron_id: id } = await createCron();
    made.push(`/runs/crons/${id}`);
    const statuses = [];
    for (const key of ["a", "b", "c"])
      statuses.push((await call("PATCH", `/runs/crons/${id}`, { metadata: { [key]: big } })).status);
    expect(statuses).toEqual([200, 413, 413]);
    expect((await call<Cron>("GET", `/runs/crons/${id}`)).body.enabled).toBe(true);
  });

  it("a run that with its assistant's config is too large is refused", async () => {
    const assistant = await call<{ assistant_id: string }>("POST", "/assistants", {
      graph_id: "echo",
      context: { big },
    });
    made.push(`/assistants/${assistant.body.assistant_id}`);
    const fields = { assistant_id: assistant.body.assistant_id, input: { text: big } };
    expect((await call("POST", "/runs/wait", fields)).status).toBe(413);
    expect((await call("POST", "/runs/crons", { ...fields, schedule: "27 15 * * *" })).status).toBe(413);
  });

  it("large text beyond ASCII comes back, and the thread and its run are found", async () => {
    const { thread_id: id } = await createThread({});
    made.push(`/threads/${id}`);
    const answer = await call<JsonObject>("POST", `/threads/${id}/runs/wait`, {
      assistant_id: "echo",
      input: { text: wide },
    });
    expect(answer.body.text).toBe(wide);
    expect((await search("/threads", { ids: [id], select: ["status"] })).body).toEqual([{ status: "idle" }]);
    expect((await search("/runs", { thread_id: id, select: ["status"] })).body).toEqual([
      { status: "success" },
    ]);
  });

  it("an error as long as its input is told, and the run and thread are found", async () => {
    const { thread_id: id } = await createThread({ big: big.slice(0, 400_000) });
    made.push(`/threads/${id}`);
    const message = '"'.repeat(450_000);
    const answer = await call<JsonObject>("POST", `/threads/${id}/runs/wait`, {
      assistant_id: "fails",
      input: { message },
    });
    expect(answer.body).toHaveProperty("__error__");
    expect((await search("/threads", { ids: [id], select: ["status"] })).body).toEqual([{ status: "error" }]);
    const [run] = (await search("/runs", { thread_id: id })).body as unknown as Run[];
    expect(run).toMatchObject({ status: "error" });
  });
});
