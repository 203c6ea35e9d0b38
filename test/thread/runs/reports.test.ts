/** What crons are told of the runs that they made: of each its end, whatever it was, and whatever fails around it. */
import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { threadObject } from "../../../src/calls/thread-calls";
import { backoffMs, REPORT_BACKOFF } from "../../../src/platform/backoff";
import type { Cron } from "../../../src/wire/crons/cron";
import type { Slot } from "../../../src/wire/crons/slot";
import type { Run } from "../../../src/wire/runs/run";
import {
  alarmOf,
  atClock,
  createCron,
  ringAt,
  rowsOf,
  rowsOfThread,
  runsOf,
  setClock,
  settled,
  slotsOf,
  threadStub,
} from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached, openGate, resetGate } from "../../support/graphs/steps";
import { rebind, setD1 } from "../../support/outage";
import { hearReports } from "../../support/reports";
import { createRun, createThread, joinRun } from "../../support/threads";
import { holdTimers } from "../../support/timers";
import { receiver } from "../../support/webhooks";
import { until } from "../../support/until";

const DUE = "2040-01-01T15:27:00.000Z";
const dueAnd = (ms: number): string => new Date(Date.parse(DUE) + ms).toISOString();

atClock("2040-01-01T00:00:00.000Z");

/** The slot of a cron's firing, with the run that it made. */
type FiredSlot = Slot & { run_id: string; thread_id: string };

async function fired(cron: Cron): Promise<FiredSlot> {
  await ringAt(cron.next_run_date ?? "", cron.cron_id);
  const [slot] = await slotsOf(cron.cron_id);
  if (slot?.run_id == null) throw new Error(`the slot has no run: ${JSON.stringify(slot)}`);
  return slot as FiredSlot;
}

/** A cron whose run waits at a gate, and the run. */
async function held(fields: object = {}): Promise<{ key: string; slot: FiredSlot }> {
  const key = crypto.randomUUID();
  const cron = await createCron({ assistant_id: "steps", input: { key, gate: key }, ...fields });
  const slot = await fired(cron);
  await gateReached(key);
  return { key, slot };
}

/** A cron whose run waits on its thread for the run of somebody else, and the run. */
async function queued(): Promise<{ slot: FiredSlot; before: Run }> {
  const { thread_id: id } = await createThread();
  const key = crypto.randomUUID();
  const before = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
  await gateReached(key);
  const body = { assistant_id: "echo", schedule: "27 15 * * *", input: { text: "hello" } };
  const cron = (await call<Cron>("POST", `/threads/${id}/runs/crons`, body)).body;
  return { slot: await fired(cron), before };
}

const path = ({ thread_id: threadId, run_id: runId }: FiredSlot): string =>
  `/threads/${threadId}/runs/${runId}`;

describe("a cron is told that its run", () => {
  const ENDED = { error: null, attempts: 1, waiting: false, inputTokens: 0, outputTokens: 0 };

  it("succeeded, with when it began and ended", async () => {
    const { heard } = hearReports();
    const { key, slot } = await held();
    expect(await threadObject(env, slot.thread_id).unfinishedRuns([slot.run_id])).toEqual([slot.run_id]);
    setClock(dueAnd(5_000));
    openGate(key);
    await settled(slot);
    await until(() => heard.length > 0);
    expect(heard).toEqual([
      {
        ...ENDED,
        runId: slot.run_id,
        threadId: slot.thread_id,
        status: "success",
        createdAt: Date.parse(DUE),
        startedAt: Date.parse(DUE),
        endedAt: Date.parse(DUE) + 5_000,
      },
    ]);
    expect(await threadObject(env, slot.thread_id).unfinishedRuns([slot.run_id])).toEqual([]);
  });

  it("failed, with the error", async () => {
    const { heard } = hearReports();
    const cron = await createCron({ assistant_id: "fails", input: { message: "no quota left" } });
    await settled(await fired(cron));
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([
      { ...ENDED, status: "error", error: { error: "Error", message: "no quota left" } },
    ]);
  });

  it("waits for an answer, and nothing of the run that brings it", async () => {
    const { heard } = hearReports();
    const slot = await fired(await createCron({ assistant_id: "interrupts", input: {} }));
    await settled(slot);
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([{ ...ENDED, status: "success", waiting: true }]);
    const resume = { assistant_id: "interrupts", command: { resume: "fine" } };
    await joinRun(await createRun(slot.thread_id, resume));
    expect(heard).toHaveLength(1);
  });

  const endOf = (what: string): string => (what === "was cancelled" ? "interrupted" : "rolled_back");

  it("took too long", async () => {
    const { heard } = hearReports();
    const { thread_id: id } = await createThread();
    await rebind(threadStub(id), () => ({ RUN_TIMEOUT_SECONDS: "77" }));
    const limits = holdTimers(77_000);
    const key = crypto.randomUUID();
    const body = { assistant_id: "steps", schedule: "27 15 * * *", input: { key, gate: key } };
    await fired((await call<Cron>("POST", `/threads/${id}/runs/crons`, body)).body);
    await gateReached(key);
    await limits.goOff(threadStub(id));
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([{ ...ENDED, status: "timeout", error: { error: "TimeoutError" } }]);
  });

  it.each([
    ["was cancelled", "POST", "/cancel?wait=1", 204],
    ["was rolled back", "POST", "/cancel?wait=1&action=rollback", 204],
    ["was deleted", "DELETE", "", 204],
  ])("%s while it was executed", async (what, method, action, status) => {
    const { heard } = hearReports();
    const { slot } = await held();
    expect((await call(method, `${path(slot)}${action}`)).status).toBe(status);
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([{ ...ENDED, runId: slot.run_id, status: endOf(what) }]);
    await until(async () => (await rowsOfThread(slot.thread_id)).runs === 0);
    await runDurableObjectAlarm(threadStub(slot.thread_id));
    expect(heard).toHaveLength(1);
    expect(await rowsOfThread(slot.thread_id)).toEqual({ runs: 0, threads: 0 });
  });

  it.each([
    ["was cancelled", "POST", "/cancel?wait=1", 204],
    ["was rolled back", "POST", "/cancel?wait=1&action=rollback", 204],
    ["was deleted", "DELETE", "", 204],
  ])("%s before it began", async (what, method, action, status) => {
    const { heard } = hearReports();
    const { slot, before } = await queued();
    expect((await call(method, `${path(slot)}${action}`)).status).toBe(status);
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([
      { ...ENDED, runId: slot.run_id, status: endOf(what), attempts: 0, startedAt: null },
    ]);
    await call("POST", `/threads/${before.thread_id}/runs/${before.run_id}/cancel?wait=1`);
    expect(heard).toHaveLength(1);
  });

  it.each(["interrupt", "rollback"])("gave way to another, by %s", async (strategy) => {
    const { heard } = hearReports();
    const { slot, before } = await queued();
    const fields = { assistant_id: "echo", input: { text: "a" }, multitask_strategy: strategy };
    await joinRun(await createRun(before.thread_id, fields));
    await until(() => heard.length > 0);
    const ended = strategy === "rollback" ? "rolled_back" : "interrupted";
    expect(heard).toMatchObject([{ ...ENDED, runId: slot.run_id, status: ended, attempts: 0 }]);
  });

  it("lost its thread, also before it began", async () => {
    const { heard } = hearReports();
    const running = await held({ on_run_completed: "keep" });
    await call("DELETE", `/threads/${running.slot.thread_id}`);
    const waiting = await queued();
    await call("DELETE", `/threads/${waiting.before.thread_id}`);
    await until(() => heard.length === 2);
    expect(heard.map(({ runId, status, attempts }) => [runId, status, attempts])).toEqual([
      [running.slot.run_id, "interrupted", 1],
      [waiting.slot.run_id, "interrupted", 0],
    ]);
    for (const id of [running.slot.thread_id, waiting.before.thread_id]) {
      await until(async () => Object.keys(await rowsOf(threadStub(id))).length === 0);
      expect(await alarmOf(threadStub(id))).toBeNull();
    }
  });

  it("took its host down every time", async () => {
    const { heard } = hearReports();
    const { key, slot } = await held();
    for (let attempt = 1; attempt <= 3; attempt++) {
      await gateReached(key);
      resetGate(key);
      await abortAllDurableObjects();
      // As the alarm does, but without an alarm in progress, which the next abort would take down the runtime with.
      await runInDurableObject(threadStub(slot.thread_id), (instance) => {
        (instance as unknown as { queue: { startDue: () => void } }).queue.startDue();
      });
    }
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([
      { status: "error", attempts: 3, error: { message: expect.stringContaining("given up") as string } },
    ]);
  });
});

describe("a report", () => {
  it("that does not get there is made again, ever later, also by another host", async () => {
    const { heard, attempts } = hearReports(...Array<"refused">(4).fill("refused"));
    const cron = await createCron();
    const slot = await fired(cron);
    const thread = threadStub(slot.thread_id);
    await settled(slot);
    await until(() => attempts() === 1);
    // Nobody waits for it: neither the end of the run nor the index.
    expect(await runsOf(cron.cron_id)).toMatchObject([{ status: "success" }]);
    let at = Date.parse(DUE);
    for (let failed = 1; failed <= 4; failed++) {
      await until(async () => (await rowsOfThread(slot.thread_id)).runs === 1 && attempts() === failed);
      // The alarm that was set when the run came is not the report's.
      await runDurableObjectAlarm(thread);
      expect(attempts()).toBe(failed);
      at += backoffMs(REPORT_BACKOFF, failed, slot.run_id);
      expect(await alarmOf(thread)).toBe(new Date(at).toISOString());
      await evictDurableObject(thread);
      setClock(new Date(at).toISOString());
      await runDurableObjectAlarm(thread);
      expect(attempts()).toBe(failed + 1);
    }
    expect(heard).toMatchObject([{ runId: slot.run_id, status: "success", endedAt: Date.parse(DUE) }]);
    expect(await rowsOfThread(slot.thread_id)).toEqual({ runs: 0, threads: 0 });
    expect(await alarmOf(thread)).toBeNull();
  });

  it("whose answer was lost is made again", async () => {
    const { heard } = hearReports("answer lost");
    const slot = await fired(await createCron({ on_run_completed: "keep" }));
    await settled(slot);
    await until(async () => (await alarmOf(threadStub(slot.thread_id))) === dueAnd(1_000));
    setClock(dueAnd(2_000));
    await runDurableObjectAlarm(threadStub(slot.thread_id));
    expect(heard).toHaveLength(2);
    expect(heard[1]).toEqual(heard[0]);
    expect(await rowsOf(threadStub(slot.thread_id))).toMatchObject({ runs: 0, threads: 1 });
  });

  it("that hangs holds up neither its run's end, nor the next firing and its report", async () => {
    const { heard, attempts, release } = hearReports("hangs");
    const cron = await createCron();
    const first = await fired(cron);
    await settled(first);
    await until(() => attempts() === 1);
    await ringAt("2040-01-02T15:27:00.000Z", cron.cron_id);
    const [second] = await slotsOf(cron.cron_id);
    await settled(second);
    await until(() => heard.length === 1);
    expect(heard).toMatchObject([{ runId: second?.run_id }]);
    release();
    await until(async () => (await rowsOfThread(first.thread_id)).runs === 0);
    expect(heard).toHaveLength(2);
    await until(async () => (await rowsOfThread(first.thread_id)).threads === 0);
  });

  it("does not wait for D1, and is not made again for it, also by the next host", async () => {
    const { heard, attempts } = hearReports();
    const { key, slot } = await held();
    const stub = threadStub(slot.thread_id);
    await setD1(stub, false);
    openGate(key);
    await settled(slot);
    await until(() => heard.length === 1);
    for (let minutes = 1; minutes < 4; minutes++) {
      setClock(dueAnd(minutes * 600_000));
      await runDurableObjectAlarm(stub);
      await evictDurableObject(stub);
      await setD1(stub, false);
    }
    expect(attempts()).toBe(1);
    expect(await rowsOfThread(slot.thread_id)).toMatchObject({ runs: 1 });
    await setD1(stub, true);
    setClock(dueAnd(3_600_000));
    await runDurableObjectAlarm(stub);
    expect(await rowsOfThread(slot.thread_id)).toEqual({ runs: 0, threads: 0 });
    expect(attempts()).toBe(1);
  });

  it("to a cron that is gone is over", async () => {
    const { heard, attempts } = hearReports();
    const { key, slot } = await held();
    const { body: run } = await call<Run>("GET", path(slot));
    await call("DELETE", `/runs/crons/${String(run.metadata.cron_id)}`);
    openGate(key);
    await until(async () => (await rowsOfThread(slot.thread_id)).runs === 0);
    expect([heard.length, attempts()]).toEqual([1, 1]);
    await runDurableObjectAlarm(threadStub(slot.thread_id));
    expect(await alarmOf(threadStub(slot.thread_id))).toBeNull();
  });

  it("and a webhook go their ways: neither waits for the other", async () => {
    const { heard } = hearReports("refused");
    const { url, calls } = receiver(500);
    const cron = await createCron({ webhook: url });
    const slot = await fired(cron);
    const thread = threadStub(slot.thread_id);
    await settled(slot);
    await until(async () => calls.length === 1 && (await alarmOf(thread)) === dueAnd(1_000));
    setClock(dueAnd(2_000));
    await runDurableObjectAlarm(thread);
    expect(heard).toHaveLength(1);
    expect(await rowsOfThread(slot.thread_id)).toEqual({ runs: 1, threads: 0 });
    const { body: run } = await call<Run>("GET", path(slot));
    expect(run.webhook).toMatchObject({ status: "pending", attempts: 1 });
    setClock(run.webhook?.next_attempt_at ?? "");
    await runDurableObjectAlarm(thread);
    await until(() => calls.length === 2);
    expect(heard).toHaveLength(1);
  });
});

it("a run that no cron made is reported to nobody", async () => {
  const { attempts } = hearReports();
  const { thread_id: id } = await createThread();
  await joinRun(await createRun(id, { assistant_id: "echo", input: { text: "a" } }));
  await until(async () => (await rowsOf(threadStub(id))).runs === 0);
  expect(attempts()).toBe(0);
});

it("an object that an earlier version made runs on", async () => {
  const { thread_id: id } = await createThread();
  await runInDurableObject(threadStub(id), (_instance, { storage: { sql, kv } }) => {
    kv.delete("schema_version");
    for (const column of ["cron", "waiting", "report_at", "report_attempts"]) {
      sql.exec(`ALTER TABLE runs DROP COLUMN ${column}`);
    }
  });
  await abortAllDurableObjects();
  expect(await threadObject(env, id).unfinishedRuns([crypto.randomUUID()])).toEqual([]);
  expect(await joinRun(await createRun(id, { assistant_id: "echo", input: { text: "a" } }))).toMatchObject({
    reply: "You said: a",
  });
});
