/** `/threads` by the API's specification: making, changing, finding, counting, expiring and deleting them. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/platform/json";
import type { Thread } from "../../../src/wire/threads/thread";
import { alarmOf, atClock, rowsOf, setClock, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { createThread, searchThreads, waitRun } from "../../support/threads";

atClock("2040-01-01T00:00:00.000Z");

describe("creating a thread", () => {
  it("answers with the thread, idle and without values", async () => {
    const thread = await createThread({ metadata: { a: 1 } });
    expect(thread).toMatchObject({
      created_at: "2040-01-01T00:00:00.000Z",
      updated_at: "2040-01-01T00:00:00.000Z",
      metadata: { a: 1 },
      status: "idle",
      config: {},
      values: null,
      interrupts: {},
    });
    expect((await call("GET", `/threads/${thread.thread_id}`)).body).toEqual(thread);
    expect(await createThread()).toMatchObject({ metadata: {} });
  });

  it("takes an id, once, unless told to do nothing", async () => {
    const threadId = crypto.randomUUID();
    const thread = await createThread({ thread_id: threadId, metadata: { a: 1 } });
    expect(thread.thread_id).toBe(threadId);
    for (const ifExists of [undefined, "raise"]) {
      const again = await call("POST", "/threads", { thread_id: threadId, if_exists: ifExists });
      expect(again.status).toBe(409);
      expect(again.body.detail).toContain(threadId);
    }
    const nothing = await call("POST", "/threads", {
      thread_id: threadId,
      if_exists: "do_nothing",
      metadata: { b: 2 },
    });
    expect([nothing.status, nothing.body]).toEqual([200, thread]);
  });

  it("with a time to live it goes when that is over, its rows and its entry too", async () => {
    for (const ttl of [10, { ttl: 10 }, { strategy: "delete", ttl: 10 }]) {
      setClock("2040-01-01T00:00:00.000Z");
      const { thread_id: id } = await createThread({ ttl });
      await runDurableObjectAlarm(threadStub(id));
      expect(await alarmOf(threadStub(id))).toBe("2040-01-01T00:10:00.000Z");
      setClock("2040-01-01T00:10:00.000Z");
      await runDurableObjectAlarm(threadStub(id));
      expect((await call("GET", `/threads/${id}`)).status).toBe(404);
      expect(await searchThreads({ ids: [id] })).toEqual([]);
      expect(await rowsOf(threadStub(id))).toEqual({});
      expect(await alarmOf(threadStub(id))).toBeNull();
    }
  });

  it("the time to live begins again when the thread is touched", async () => {
    const { thread_id: id } = await createThread({ ttl: 10 });
    setClock("2040-01-01T00:09:00.000Z");
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    setClock("2040-01-01T00:10:00.000Z");
    await runDurableObjectAlarm(threadStub(id));
    expect((await call("GET", `/threads/${id}`)).status).toBe(200);
    setClock("2040-01-01T00:19:00.000Z");
    await runDurableObjectAlarm(threadStub(id));
    expect((await call("GET", `/threads/${id}`)).status).toBe(404);
  });
});

describe("changing a thread", () => {
  it("merges metadata, and says when", async () => {
    const { thread_id: id } = await createThread({ metadata: { a: 1, b: { c: 1 } } });
    setClock("2040-01-01T01:00:00.000Z");
    const { status, body } = await call<Thread>("PATCH", `/threads/${id}`, {
      metadata: { b: { d: 2 }, e: 3 },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      metadata: { a: 1, b: { d: 2 }, e: 3 },
      created_at: "2040-01-01T00:00:00.000Z",
      updated_at: "2040-01-01T01:00:00.000Z",
    });
    expect((await call("GET", `/threads/${id}`)).body).toEqual(body);
    expect(await searchThreads({ ids: [id] })).toEqual([body]);
  });

  it("answers 204 to Prefer: return=minimal", async () => {
    const { thread_id: id } = await createThread();
    const answer = await call(
      "PATCH",
      `/threads/${id}`,
      { metadata: { a: 1 } },
      { prefer: "return=minimal" },
    );
    expect([answer.status, answer.body]).toEqual([204, null]);
    expect((await call<Thread>("GET", `/threads/${id}`)).body.metadata).toEqual({ a: 1 });
  });

  it("can give it a time to live", async () => {
    const { thread_id: id } = await createThread();
    await call("PATCH", `/threads/${id}`, { ttl: 5 });
    setClock("2040-01-01T00:05:00.000Z");
    await runDurableObjectAlarm(threadStub(id));
    expect((await call("GET", `/threads/${id}`)).status).toBe(404);
  });
});

describe("finding threads", () => {
  it("by metadata, status, values and ids", async () => {
    const tag = crypto.randomUUID();
    const idle = (await createThread({ metadata: { tag, n: 1 } })).thread_id;
    const ran = (await createThread({ metadata: { tag, n: 2 } })).thread_id;
    const failed = (await createThread({ metadata: { tag, n: 3 } })).thread_id;
    const waits = (await createThread({ metadata: { tag, n: 4 } })).thread_id;
    await waitRun(ran, { assistant_id: "echo", input: { text: "hi" } });
    await waitRun(failed, { assistant_id: "fails", input: { message: "broken" } });
    await waitRun(waits, { assistant_id: "interrupts", input: { question: "well?" } });

    const found = async (query: JsonObject): Promise<string[]> =>
      (await searchThreads({ metadata: { tag }, sort_order: "asc", ...query })).map(
        (thread) => thread.thread_id,
      );
    expect(await found({})).toHaveLength(4);
    expect(await found({ metadata: { tag, n: 3 } })).toEqual([failed]);
    expect(await found({ status: "error" })).toEqual([failed]);
    expect(await found({ status: "interrupted" })).toEqual([waits]);
    expect(new Set(await found({ status: "idle" }))).toEqual(new Set([idle, ran]));
    expect(await found({ status: "busy" })).toEqual([]);
    expect(await found({ values: { reply: "You said: hi" } })).toEqual([ran]);
    expect(await found({ values: { seen: ["hi"] } })).toEqual([ran]);
    expect(await found({ values: { nothing: 1 } })).toEqual([]);
    expect(new Set(await found({ ids: [ran, failed, crypto.randomUUID()] }))).toEqual(new Set([ran, failed]));
    expect(await found({ ids: [] })).toEqual([]);
    for (const [filters, n] of [
      [{}, 4],
      [{ status: "error" }, 1],
      [{ values: { text: "hi" } }, 1],
      [{ metadata: { tag, n: 9 } }, 0],
    ] as const) {
      expect((await call("POST", "/threads/count", { metadata: { tag }, ...filters })).body).toBe(n);
    }
    const [thread] = await searchThreads({ ids: [waits] });
    expect(thread).toEqual((await call("GET", `/threads/${waits}`)).body);
    expect(Object.values(thread?.interrupts ?? {})).toMatchObject([[{ value: { question: "well?" } }]]);
  });

  it("in order, in pages, and with the fields asked for", async () => {
    const tag = crypto.randomUUID();
    const ids: string[] = [];
    for (const n of [1, 2, 3, 4, 5]) {
      setClock(`2040-01-01T00:0${n}:00.000Z`);
      ids.push((await createThread({ metadata: { tag } })).thread_id);
    }
    setClock("2040-01-01T00:10:00.000Z");
    await call("PATCH", `/threads/${ids[1]}`, { metadata: { touched: true } });
    const found = async (query: object): Promise<(string | undefined)[]> =>
      (await searchThreads({ metadata: { tag }, ...query })).map((thread) => thread.thread_id);
    expect(await found({})).toEqual([...ids].reverse());
    expect(await found({ sort_by: "created_at", sort_order: "asc" })).toEqual(ids);
    expect((await found({ sort_by: "updated_at" }))[0]).toBe(ids[1]);
    expect(await found({ sort_by: "thread_id", sort_order: "asc" })).toEqual([...ids].sort());
    expect(await found({ sort_by: "status" })).toHaveLength(5);

    const page = (query: object): ReturnType<typeof call<Thread[]>> =>
      call<Thread[]>("POST", "/threads/search", { metadata: { tag }, sort_order: "asc", ...query });
    const first = await page({ limit: 2, select: ["thread_id", "status"] });
    expect(first.body).toEqual(ids.slice(0, 2).map((id) => ({ thread_id: id, status: "idle" })));
    expect(first.headers.get("X-Pagination-Total")).toBe("5");
    expect(first.headers.get("X-Pagination-Next")).toBe("2");
    const last = await page({ limit: 2, offset: 4 });
    expect(last.body.map((thread) => thread.thread_id)).toEqual([ids[4]]);
    expect(last.headers.get("X-Pagination-Next")).toBeNull();
    const beyond = await page({ offset: 9_007_199_254_740_991 });
    expect([beyond.status, beyond.body]).toEqual([200, []]);
  });
});

describe("deleting a thread", () => {
  it("takes its runs with it, and leaves its id for another", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    expect((await call("DELETE", `/threads/${id}`)).status).toBe(204);
    for (const path of ["", "/state", "/history", "/runs"])
      expect((await call("GET", `/threads/${id}${path}`)).status).toBe(404);
    expect((await call("DELETE", `/threads/${id}`)).status).toBe(404);
    expect((await call<unknown[]>("POST", "/runs/search", { thread_id: id })).body).toEqual([]);
    expect(await createThread({ thread_id: id })).toMatchObject({ thread_id: id, values: null });
  });
});
