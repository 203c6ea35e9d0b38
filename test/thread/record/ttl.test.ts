/** Threads that live for a time only: how long, what becomes of them, and what gives them more. */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settings } from "../../../src/graphs/registry";
import { defaultTtlOf } from "../../../src/thread/record/ttl";
import type { WireState } from "../../../src/wire/threads/state";
import type { Thread } from "../../../src/wire/threads/thread";
import {
  alarmOf,
  atClock,
  createCron,
  ringAt as ringCronAt,
  rowsOf,
  runsOf,
  setClock,
  settled,
  slotsOf,
  threadStub,
} from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import { createRun, createThread, joinRun, searchThreads, waitRun } from "../../support/threads";

atClock("2040-01-01T00:00:00.000Z");

const minute = (n: number): string => new Date(Date.UTC(2040, 0, 1, 0, n)).toISOString();

/** Sets the clock to a minute and rings the thread's alarm. */
async function ringAt(id: string, n: number): Promise<void> {
  setClock(minute(n));
  await runDurableObjectAlarm(threadStub(id));
}
const exists = async (id: string): Promise<boolean> => (await call("GET", `/threads/${id}`)).status === 200;
const ttlOf = async (id: string): Promise<unknown> =>
  (await call<Thread & { ttl?: unknown }>("GET", `/threads/${id}?include=ttl`)).body.ttl;
const patch = (id: string, body: object): ReturnType<typeof call> => call("PATCH", `/threads/${id}`, body);
const historyOf = async (id: string): Promise<WireState[]> =>
  (await call<WireState[]>("GET", `/threads/${id}/history?limit=100`)).body;

describe("a time to live", () => {
  it.each([[10], [{ ttl: 10 }], [{ ttl: 10, strategy: "delete" }]])(
    "of %j deletes the thread",
    async (ttl) => {
      const { thread_id: id } = await createThread({ ttl });
      expect(await ttlOf(id)).toEqual({ strategy: "delete", ttl_minutes: 10, expires_at: minute(10) });
      await ringAt(id, 9);
      expect(await exists(id)).toBe(true);
      expect(await alarmOf(threadStub(id))).toBe(minute(10));
      await ringAt(id, 10);
      expect(await exists(id)).toBe(false);
      expect(await searchThreads({ ids: [id] })).toEqual([]);
      expect(await rowsOf(threadStub(id))).toEqual({});
      expect(await alarmOf(threadStub(id))).toBeNull();
    },
  );

  it("with keep_latest keeps the latest state, once for each time it was changed", async () => {
    const { thread_id: id } = await createThread({ ttl: { ttl: 10, strategy: "keep_latest" } });
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    await ringAt(id, 10);
    expect(await historyOf(id)).toHaveLength(1);
    expect(await ttlOf(id)).toEqual({ strategy: "keep_latest", ttl_minutes: 10, expires_at: null });
    expect(await alarmOf(threadStub(id))).toBeNull();
    await waitRun(id, { assistant_id: "echo", input: { text: "b" } });
    expect(await historyOf(id)).toHaveLength(4);
    expect(await ttlOf(id)).toMatchObject({ expires_at: minute(20) });
    await ringAt(id, 20);
    const [state, ...others] = await historyOf(id);
    expect([state?.values, others]).toEqual([{ text: "b", reply: "You said: b", seen: ["a", "b"] }, []]);
  });

  it("begins anew with a run, an update of the state and a patch, and not by being read", async () => {
    const { thread_id: id } = await createThread({ ttl: 10 });
    const touches = [
      () => waitRun(id, { assistant_id: "echo", input: { text: "a" } }),
      () => call("POST", `/threads/${id}/state`, { values: { text: "b" } }),
      () => patch(id, { metadata: { touched: true } }),
    ];
    for (const [n, touch] of touches.entries()) {
      setClock(minute(9 * (n + 1)));
      await touch();
      expect(await ttlOf(id)).toMatchObject({ expires_at: minute(9 * (n + 1) + 10) });
      await ringAt(id, 9 * (n + 1) + 5);
      expect(await exists(id)).toBe(true);
    }
    for (const path of ["", "/state", "/history", "/runs"]) await call("GET", `/threads/${id}${path}`);
    await ringAt(id, 37);
    expect(await exists(id)).toBe(false);
  });

  it("can be given, changed and cleared", async () => {
    const { thread_id: id } = await createThread();
    expect(await ttlOf(id)).toBeNull();
    await patch(id, { ttl: 5 });
    expect(await ttlOf(id)).toEqual({ strategy: "delete", ttl_minutes: 5, expires_at: minute(5) });
    await patch(id, { ttl: { ttl: 7, strategy: "keep_latest" } });
    await patch(id, { metadata: { a: 1 } });
    expect(await ttlOf(id)).toEqual({ strategy: "keep_latest", ttl_minutes: 7, expires_at: minute(7) });
    await patch(id, { ttl: null });
    expect(await ttlOf(id)).toBeNull();
    await ringAt(id, 60);
    expect(await exists(id)).toBe(true);
    expect(await alarmOf(threadStub(id))).toBeNull();
    for (const ttl of [0, -1, "5", { ttl: 5, strategy: "forget" }, { strategy: "delete" }, 1e12])
      expect((await patch(id, { ttl })).status).toBe(422);
  });

  it("does not end a thread with a run that goes on or waits for its time", async () => {
    const { thread_id: id } = await createThread({ ttl: 10 });
    const key = crypto.randomUUID();
    const run = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
    await gateReached(key);
    setClock(minute(60));
    const rung = runDurableObjectAlarm(threadStub(id));
    expect(await ttlOf(id)).toEqual({ strategy: "delete", ttl_minutes: 10, expires_at: null });
    openGate(key);
    await joinRun(run);
    await rung;
    expect(await ttlOf(id)).toMatchObject({ expires_at: minute(70) });
    await createRun(id, { assistant_id: "steps", input: {}, after_seconds: 3600 });
    await ringAt(id, 100);
    expect(await exists(id)).toBe(true);
    await ringAt(id, 120);
    expect(await ttlOf(id)).toMatchObject({ expires_at: minute(130) });
    await ringAt(id, 130);
    expect(await exists(id)).toBe(false);
  });

  it("outlives the object in memory", async () => {
    const { thread_id: id } = await createThread({ ttl: 10 });
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    await abortAllDurableObjects();
    await ringAt(id, 5);
    await abortAllDurableObjects();
    expect(await alarmOf(threadStub(id))).toBe(minute(10));
    await ringAt(id, 10);
    expect(await exists(id)).toBe(false);
    expect(await rowsOf(threadStub(id))).toEqual({});
  });
});

describe("GET /threads/{id}", () => {
  it("tells the time to live when it is asked to include it, however that is spelled", async () => {
    const thread = await createThread({ ttl: 10 });
    const path = `/threads/${thread.thread_id}`;
    expect((await call("GET", path)).body).toEqual(thread);
    const ttl = { strategy: "delete", ttl_minutes: 10, expires_at: minute(10) };
    for (const query of ["include=ttl", "include=ttl&include=ttl", "include=ttl,ttl"])
      expect((await call("GET", `${path}?${query}`)).body, query).toEqual({ ...thread, ttl });
    for (const query of ["include=everything", "include=ttl,secrets", "includes=ttl"])
      expect((await call("GET", `${path}?${query}`)).status, query).toBe(422);
  });
});

describe("the default time to live of langgraph.json", () => {
  it.each([
    [undefined, null],
    [{}, null],
    [{ ttl: {} }, null],
    [{ ttl: { strategy: "keep_latest" } }, null],
    [{ ttl: { default_ttl: 60 } }, { strategy: "delete", ttl: 60 }],
    [{ ttl: { strategy: "keep_latest", default_ttl: 0.5 } }, { strategy: "keep_latest", ttl: 0.5 }],
    [
      { ttl: { strategy: "delete", default_ttl: 43_200, sweep_interval_minutes: 60 } },
      { strategy: "delete", ttl: 43_200 },
    ],
    [
      { serde: {}, ttl: { default_ttl: 1 } },
      { strategy: "delete", ttl: 1 },
    ],
  ])("in %j is %j", (section, ttl) => {
    expect(defaultTtlOf(section)).toEqual(ttl);
  });

  it.each([
    [{ ttl: { default_ttl: 0 } }],
    [{ ttl: { default_ttl: "60" } }],
    [{ ttl: { default_ttl: 1e12 } }],
    [{ ttl: { strategy: "forget", default_ttl: 60 } }],
    [{ ttl: 60 }],
    ["60"],
  ])("is refused by name when it is %j", (section) => {
    expect(() => defaultTtlOf(section)).toThrow(/langgraph\.json: checkpointer/);
  });

  describe("is given to", () => {
    beforeEach(() => {
      Object.assign(settings, { checkpointer: { ttl: { strategy: "delete", default_ttl: 60 } } });
    });
    afterEach(() => {
      Object.assign(settings, { checkpointer: undefined });
    });

    it("threads that are made without one of their own, and to copies", async () => {
      const { thread_id: id } = await createThread();
      expect(await ttlOf(id)).toEqual({ strategy: "delete", ttl_minutes: 60, expires_at: minute(60) });
      const { thread_id: own } = await createThread({ ttl: 10 });
      expect(await ttlOf(own)).toMatchObject({ ttl_minutes: 10 });
      const { body: copy } = await call<Thread>("POST", `/threads/${own}/copy`);
      expect(await ttlOf(copy.thread_id)).toMatchObject({ ttl_minutes: 60 });
      await ringAt(id, 60);
      expect(await exists(id)).toBe(false);
    });

    it("threads that a run makes", async () => {
      const id = crypto.randomUUID();
      await waitRun(id, { assistant_id: "echo", input: { text: "a" }, if_not_exists: "create" });
      expect(await ttlOf(id)).toMatchObject({ ttl_minutes: 60 });
      const run = await createRun(null, {
        assistant_id: "echo",
        input: { text: "a" },
        on_completion: "keep",
      });
      await joinRun(run);
      expect(await ttlOf(run.thread_id)).toMatchObject({ ttl_minutes: 60 });
    });

    it("threads that a cron makes and keeps, or keeps since they wait for an answer", async () => {
      const kept = await createCron({ on_run_completed: "keep" });
      const asking = await createCron({ assistant_id: "interrupts", input: { question: "well?" } });
      for (const cron of [kept, asking]) {
        await ringCronAt("2040-01-01T15:27:00.000Z", cron.cron_id);
        const [slot] = await slotsOf(cron.cron_id);
        await settled(slot);
        const id = slot?.thread_id ?? "";
        expect(await ttlOf(id)).toEqual({
          strategy: "delete",
          ttl_minutes: 60,
          expires_at: "2040-01-01T16:27:00.000Z",
        });
        setClock("2040-01-01T16:27:00.000Z");
        await runDurableObjectAlarm(threadStub(id));
        expect(await exists(id)).toBe(false);
        expect(await runsOf(cron.cron_id)).toMatchObject([{ status: "success" }]);
      }
    });
  });
});
