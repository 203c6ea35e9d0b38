import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { threadObject } from "../../src/calls/thread-calls";
import type { Thread } from "../../src/wire/threads/thread";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  getCron,
  ringAt,
  rowsOf,
  rowsOfThread,
  runsOf,
  setClock,
  settled,
  slotsOf,
} from "../support/crons";
import { call } from "../support/edge";

atClock("2040-01-01T00:00:00.000Z");

describe("a stateless cron", () => {
  it("sets its alarm for the next slot and does not fire when it is made", async () => {
    const cron = await createCron();
    expect(cron.next_run_date).toBe("2040-01-01T15:27:00.000Z");
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T15:27:00.000Z");
    expect(await slotsOf(cron.cron_id)).toEqual([]);
    expect(await runsOf(cron.cron_id)).toEqual([]);
  });

  it("fires once, records the run in D1, removes the thread and sets the next alarm", async () => {
    const cron = await createCron({ metadata: { team: "ops" } });
    await ringAt("2040-01-01T15:27:00.007Z", cron.cron_id);

    const [slot, ...others] = await slotsOf(cron.cron_id);
    await settled(slot);
    expect(others).toEqual([]);
    expect(slot).toMatchObject({
      scheduled_for: "2040-01-01T15:27:00.000Z",
      status: "fired",
      reason: null,
      lateness_ms: 7,
    });
    const [run, ...more] = await runsOf(cron.cron_id);
    expect(more).toEqual([]);
    expect(run).toMatchObject({
      run_id: slot?.run_id,
      thread_id: slot?.thread_id,
      assistant_id: cron.assistant_id,
      status: "success",
      metadata: { team: "ops", cron_id: cron.cron_id, scheduled_for: "2040-01-01T15:27:00.000Z" },
    });
    expect((await call("GET", `/threads/${slot?.thread_id}`)).status).toBe(404);
    expect(await rowsOfThread(slot?.thread_id ?? "")).toEqual({ threads: 0, runs: 0 });
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-02T15:27:00.000Z");
    expect((await getCron(cron.cron_id)).next_run_date).toBe("2040-01-02T15:27:00.000Z");
  });

  it("keeps the thread when asked to, with its values, and says which cron made it", async () => {
    const cron = await createCron({ on_run_completed: "keep" });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    const thread = (await call<Thread>("GET", `/threads/${slot?.thread_id}`)).body;
    expect(thread).toMatchObject({ status: "idle", metadata: { cron_id: cron.cron_id, graph_id: "echo" } });
    expect(thread.values).toMatchObject({ text: "hello" });
    const found = await call<Thread[]>("POST", "/threads/search", { metadata: { cron_id: cron.cron_id } });
    expect(found.body.map(({ thread_id: id }) => id)).toEqual([slot?.thread_id]);
  });

  it("fires every slot on its own thread", async () => {
    const cron = await createCron({ schedule: "* * * * *", on_run_completed: "keep" });
    for (const minute of ["01", "02", "03"]) await ringAt(`2040-01-01T00:${minute}:00.001Z`, cron.cron_id);
    const slots = await slotsOf(cron.cron_id);
    for (const slot of slots) await settled(slot);
    expect(slots.map(({ status }) => status)).toEqual(["fired", "fired", "fired"]);
    expect(new Set(slots.map(({ thread_id: id }) => id)).size).toBe(3);
    expect(await runsOf(cron.cron_id)).toHaveLength(3);
  });

  it("records a failed run as an error with its message, and removes the thread all the same", async () => {
    const cron = await createCron({ assistant_id: "fails", input: { message: "no quota left" } });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    expect((await runsOf(cron.cron_id))[0]).toMatchObject({
      status: "error",
      error: { message: "no quota left" },
    });
    expect((await call("GET", `/threads/${slot?.thread_id}`)).status).toBe(404);
  });

  it("keeps the thread of a run that stopped at an interrupt", async () => {
    const cron = await createCron({ assistant_id: "interrupts", input: {} });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    const thread = (await call<Thread>("GET", `/threads/${slot?.thread_id}`)).body;
    expect(thread.status).toBe("interrupted");
    expect(Object.keys(thread.interrupts)).toHaveLength(1);
  });
});

describe("a cron on a thread", () => {
  const createThread = async (): Promise<string> =>
    (await call<Thread>("POST", "/threads", {})).body.thread_id;

  it("runs on that thread every time", async () => {
    const threadId = await createThread();
    const { body: cron } = await call<{ cron_id: string; payload: object }>(
      "POST",
      `/threads/${threadId}/runs/crons`,
      {
        assistant_id: "echo",
        schedule: "* * * * *",
        input: { text: "again" },
      },
    );
    expect(cron.payload).toMatchObject({ multitask_strategy: "enqueue" });
    await ringAt("2040-01-01T00:01:00.000Z", cron.cron_id);
    await ringAt("2040-01-01T00:02:00.000Z", cron.cron_id);
    const slots = await slotsOf(cron.cron_id);
    for (const slot of slots) await settled(slot);
    expect(slots.map(({ thread_id: id }) => id)).toEqual([threadId, threadId]);
    expect((await runsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["success", "success"]);
    expect((await call<Thread>("GET", `/threads/${threadId}`)).body).toMatchObject({
      status: "idle",
      values: { text: "again" },
    });
  });

  it("is paused, and says why, when its thread is deleted", async () => {
    const threadId = await createThread();
    const { body: cron } = await call<{ cron_id: string }>("POST", `/threads/${threadId}/runs/crons`, {
      assistant_id: "echo",
      schedule: "* * * * *",
    });
    expect((await call("DELETE", `/threads/${threadId}`)).status).toBe(204);
    expect(await getCron(cron.cron_id)).toMatchObject({
      enabled: false,
      next_run_date: null,
      note: "the cron's thread was deleted",
    });
    expect(await alarmOf(cronStub(cron.cron_id))).toBeNull();
  });

  it("skips the slot with the reason and pauses when it finds that its thread is gone", async () => {
    const threadId = await createThread();
    const { body: cron } = await call<{ cron_id: string }>("POST", `/threads/${threadId}/runs/crons`, {
      assistant_id: "echo",
      schedule: "* * * * *",
    });
    // Not through the edge, which would have told the cron.
    await threadObject(env, threadId).deleteThread(threadId);
    await ringAt("2040-01-01T00:01:00.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toMatchObject([
      { status: "skipped", reason: `no thread with the id ${threadId}`, run_id: null },
    ]);
    expect(await getCron(cron.cron_id)).toMatchObject({ enabled: false, next_run_date: null });
    expect(await runsOf(cron.cron_id)).toEqual([]);
  });
});

describe("alarms that misbehave", () => {
  it("an early alarm claims nothing and comes again in time", async () => {
    const cron = await createCron();
    await ringAt("2040-01-01T15:26:59.860Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toEqual([]);
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T15:27:00.000Z");
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toHaveLength(1);
  });

  it("a repeated alarm, and two at once, make no second run", async () => {
    const cron = await createCron();
    setClock("2040-01-01T15:27:00.010Z");
    const stub = cronStub(cron.cron_id);
    await Promise.all([runDurableObjectAlarm(stub), stub.poke(cron.cron_id, 0), stub.poke(cron.cron_id, 0)]);
    await stub.poke(cron.cron_id, 0);
    const slots = await slotsOf(cron.cron_id);
    await settled(slots[0]);
    expect(slots).toHaveLength(1);
    expect(await runsOf(cron.cron_id)).toHaveLength(1);
  });

  it("a late alarm fires the latest due slot once and records the earlier ones as missed", async () => {
    const cron = await createCron({ schedule: "*/10 * * * *" });
    await ringAt("2040-01-01T03:04:05.000Z", cron.cron_id);
    const slots = await slotsOf(cron.cron_id, "?limit=100");
    await settled(slots[0]);
    expect(slots[0]).toMatchObject({
      scheduled_for: "2040-01-01T03:00:00.000Z",
      status: "fired",
      lateness_ms: 245_000,
    });
    expect(slots.slice(1).map(({ status }) => status)).toEqual(Array.from({ length: 17 }, () => "missed"));
    expect(slots.at(-1)).toMatchObject({
      scheduled_for: "2040-01-01T00:10:00.000Z",
      reason: "the server did not run at the time",
    });
    expect(await runsOf(cron.cron_id)).toHaveLength(1);
    expect(await slotsOf(cron.cron_id, "?status=missed&limit=3&before=2040-01-01T01:00:00Z")).toMatchObject([
      { scheduled_for: "2040-01-01T00:50:00.000Z" },
      { scheduled_for: "2040-01-01T00:40:00.000Z" },
      { scheduled_for: "2040-01-01T00:30:00.000Z" },
    ]);
  });

  it("years of missed seconds take one row", async () => {
    const cron = await createCron({ schedule: "* * * * * *" });
    await ringAt("2045-01-01T00:00:00.000Z", cron.cron_id);
    expect(await rowsOf(cronStub(cron.cron_id))).toMatchObject({ slots: 2 });
    expect((await slotsOf(cron.cron_id, "?limit=2")).map((slot) => slot.scheduled_for)).toEqual([
      "2045-01-01T00:00:00.000Z",
      "2044-12-31T23:59:59.000Z",
    ]);
  });

  it("a clock that is set back fires no slot twice", async () => {
    const cron = await createCron({ schedule: "* * * * *" });
    await ringAt("2040-01-01T00:05:00.000Z", cron.cron_id);
    setClock("2040-01-01T00:04:30.000Z");
    // Work out the next slot anew, at the earlier time: it is one that has fired already.
    await call("PATCH", `/runs/crons/${cron.cron_id}`, { schedule: "*/1 * * * *" });
    await ringAt("2040-01-01T00:05:00.000Z", cron.cron_id);
    const fired = (await slotsOf(cron.cron_id)).filter(({ status }) => status === "fired");
    await settled(fired[0]);
    expect(fired).toHaveLength(1);
    expect(await runsOf(cron.cron_id)).toHaveLength(1);
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T00:06:00.000Z");
  });

  it("a lost alarm is found by the watchdog", async () => {
    const cron = await createCron();
    await env.DB.prepare("SELECT 1").run();
    const stub = cronStub(cron.cron_id);
    const { runInDurableObject } = await import("cloudflare:test");
    await runInDurableObject(stub, (_instance, state) => state.storage.deleteAlarm());
    setClock("2040-01-01T15:28:30.000Z");
    const { default: worker } = await import("../../src/index");
    const { createScheduledController } = await import("cloudflare:test");
    await worker.scheduled(createScheduledController(), env);
    expect(await slotsOf(cron.cron_id)).toEqual([]);
    setClock("2040-01-01T15:30:00.000Z");
    await worker.scheduled(createScheduledController(), env);
    expect(await slotsOf(cron.cron_id)).toMatchObject([{ status: "fired", lateness_ms: 180_000 }]);
    expect(await alarmOf(stub)).toBe("2040-01-02T15:27:00.000Z");
  });

  it("an evicted cron goes on from its storage", async () => {
    const cron = await createCron({ schedule: "* * * * *" });
    await ringAt("2040-01-01T00:01:00.000Z", cron.cron_id);
    await evictDurableObject(cronStub(cron.cron_id));
    await ringAt("2040-01-01T00:02:00.000Z", cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["fired", "fired"]);
  });
});
