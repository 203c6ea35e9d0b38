/** Runs of crons whose graphs fail and are tried again, as often and as late as the cron says. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Cron } from "../../../src/wire/crons/cron";
import type { Slot } from "../../../src/wire/crons/slot";
import type { Run } from "../../../src/wire/runs/run";
import type { Thread } from "../../../src/wire/threads/thread";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ringAt,
  rowsOf,
  runsOf,
  setClock,
  slotsOf,
  threadStub,
} from "../../support/crons";
import { call } from "../../support/edge";
import { bury, Life, liveBy } from "../../support/faults";
import { TOTAL } from "../../support/graphs/spends";
import { executionsOf, gateReached, openGate, resetGate, STEP_NAMES } from "../../support/graphs/steps";
import { setD1 } from "../../support/outage";
import { hearReports } from "../../support/reports";
import { open } from "../../support/sse";
import { createRun, createThread, getRun, joinRun } from "../../support/threads";
import { holdTimers } from "../../support/timers";
import { receiver } from "../../support/webhooks";
import { until } from "../../support/until";

const DUE = Date.parse("2040-01-01T15:27:00.000Z");
const after = (seconds: number): string => new Date(DUE + seconds * 1000).toISOString();

atClock("2040-01-01T00:00:00.000Z");

type FiredSlot = Slot & { run_id: string; thread_id: string };

async function fired(cron: Cron): Promise<FiredSlot> {
  await ringAt(cron.next_run_date ?? "", cron.cron_id);
  const [slot] = await slotsOf(cron.cron_id);
  if (slot?.run_id == null) throw new Error(`the slot has no run: ${JSON.stringify(slot)}`);
  return slot as FiredSlot;
}

/** A cron that tries again after 60 s, and a run of it whose second node fails so many times. */
async function failing(
  fails: number,
  { input = {}, ...fields }: { input?: object } & Record<string, unknown> = {},
): Promise<{ key: string; cron: Cron; slot: FiredSlot }> {
  const key = crypto.randomUUID();
  const cron = await createCron({
    assistant_id: "steps",
    max_attempts: 3,
    retry_delay_seconds: 60,
    input: { key, fails, ...input },
    ...fields,
  });
  return { key, cron, slot: await fired(cron) };
}

const runOf = async ({ thread_id: threadId, run_id: runId }: FiredSlot): Promise<Run> =>
  (await call<Run>("GET", `/threads/${threadId}/runs/${runId}`)).body;

/** Waits until the run waits for its next attempt. */
const hasFailed = (slot: FiredSlot, attempts: number): Promise<void> =>
  until(async () => {
    const run = await runOf(slot);
    return run.status === "pending" && run.attempts === attempts;
  });

/** Sets the clock to so many seconds after the firing, and runs the alarm of the run's object. */
async function ringThread(slot: FiredSlot, seconds: number): Promise<void> {
  setClock(after(seconds));
  await runDurableObjectAlarm(threadStub(slot.thread_id));
}

const cancel = (slot: FiredSlot, query = ""): ReturnType<typeof call> =>
  call("POST", `/threads/${slot.thread_id}/runs/${slot.run_id}/cancel?wait=1${query}`);

describe("a run that fails", () => {
  it("goes on later from where it was, and nothing that it has finished is done again", async () => {
    const { heard } = hearReports();
    const { key, cron, slot } = await failing(2);
    await hasFailed(slot, 1);
    expect(await runOf(slot)).toMatchObject({ error: { message: "failure 1" } });
    await until(async () => (await runsOf(cron.cron_id))[0]?.attempts === 1);
    expect((await runsOf(cron.cron_id))[0]).toMatchObject({ status: "pending" });
    await until(async () => (await alarmOf(threadStub(slot.thread_id))) !== null);

    await ringThread(slot, 59);
    expect(executionsOf(key, "two")).toBe(1);
    expect(await alarmOf(threadStub(slot.thread_id))).toBe(after(60));
    await ringThread(slot, 60);
    await hasFailed(slot, 2);
    // Twice as long after the second failure.
    await ringThread(slot, 179);
    expect(executionsOf(key, "two")).toBe(2);
    expect(heard).toEqual([]);
    await ringThread(slot, 180);
    await until(() => heard.length === 1);
    expect(heard).toMatchObject([
      {
        status: "success",
        error: null,
        attempts: 3,
        startedAt: DUE,
        endedAt: DUE + 180_000,
      },
    ]);
    expect(STEP_NAMES.map((step) => executionsOf(key, step))).toEqual([1, 3, 1]);
    await until(async () => (await runsOf(cron.cron_id))[0]?.status === "success");
    expect((await runsOf(cron.cron_id))[0]).not.toHaveProperty("error");
    const ended = (seconds: number): string => new Date(DUE + seconds * 1_000).toISOString();
    expect((await runsOf(cron.cron_id))[0]?.earlier_attempts).toEqual([
      { attempt: 1, ended_at: ended(0), error: { error: "Error", message: "failure 1" } },
      { attempt: 2, ended_at: ended(60), error: { error: "Error", message: "failure 2" } },
    ]);
    await until(async () => (await rowsOf(threadStub(slot.thread_id))).threads === 0);
  });

  it("every time ends with the last error, told once", async () => {
    const { heard } = hearReports();
    const { url, calls } = receiver();
    const { key, cron, slot } = await failing(9, { webhook: url });
    for (const [attempt, seconds] of [60, 180].entries()) {
      await hasFailed(slot, attempt + 1);
      expect([heard.length, calls.length]).toEqual([0, 0]);
      await ringThread(slot, seconds);
    }
    await until(() => heard.length === 1 && calls.length === 1);
    expect(heard).toMatchObject([{ status: "error", attempts: 3, error: { message: "failure 3" } }]);
    expect(calls[0]?.body).toMatchObject({ status: "error", attempts: 3, error: "failure 3" });
    expect(executionsOf(key, "two")).toBe(3);
    expect((await runsOf(cron.cron_id))[0]).toMatchObject({ status: "error", attempts: 3 });
  });

  it("waits an hour at most", async () => {
    const { slot } = await failing(9, { retry_delay_seconds: 3600 });
    await hasFailed(slot, 1);
    await ringThread(slot, 3600);
    await hasFailed(slot, 2);
    await until(async () => (await alarmOf(threadStub(slot.thread_id))) === after(7200));
  });

  it("is not tried again when it may have one attempt, or no other would help", async () => {
    const { heard } = hearReports();
    await failing(9, { max_attempts: 1 });
    await until(() => heard.length === 1);
    setClock("2040-01-01T00:00:00.000Z");
    await failing(9, { input: { for_good: true } });
    await until(() => heard.length === 2);
    setClock("2040-01-01T00:00:00.000Z");
    const { key } = await failing(0, { config: { recursion_limit: 1 } });
    await until(() => heard.length === 3);
    expect(heard.map(({ status, attempts }) => [status, attempts])).toEqual(Array(3).fill(["error", 1]));
    expect(heard[2]?.error?.error).toBe("GraphRecursionError");
    expect(executionsOf(key, "three")).toBe(0);
  });

  it("is not tried again when no cron made it", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const run = await createRun(id, { assistant_id: "steps", input: { key, fails: 1 } });
    await joinRun(run);
    expect(await getRun(run)).toMatchObject({ status: "error", attempts: 1 });
  });

  it("stays within its time in each attempt", async () => {
    const { heard } = hearReports();
    const limits = holdTimers(77_000);
    const gate = crypto.randomUUID();
    const { key, slot } = await failing(0, {
      max_attempts: 2,
      run_timeout_seconds: 77,
      input: { gate },
    });
    await gateReached(gate);
    await limits.goOff(threadStub(slot.thread_id));
    await hasFailed(slot, 1);
    expect((await runOf(slot)).error).toMatchObject({ error: "TimeoutError" });
    setClock(after(60));
    resetGate(gate);
    const alarm = runDurableObjectAlarm(threadStub(slot.thread_id));
    await gateReached(gate);
    await limits.goOff(threadStub(slot.thread_id));
    await until(() => heard.length === 1);
    await alarm;
    expect(heard).toMatchObject([{ status: "timeout", attempts: 2 }]);
    expect(STEP_NAMES.map((step) => executionsOf(key, step))).toEqual([1, 2, 0]);
  });

  it("counts what all its attempts used", async () => {
    const { heard } = hearReports();
    const fields = { assistant_id: "spends", input: { then: "fail" }, max_attempts: 2 };
    const slot = await fired(await createCron({ ...fields, retry_delay_seconds: 60 }));
    await hasFailed(slot, 1);
    expect((await runOf(slot)).usage).toEqual(TOTAL);
    await ringThread(slot, 60);
    await until(() => heard.length === 1);
    // Its last superstep alone was done again, which calls no model.
    expect(heard[0]).toMatchObject({
      status: "error",
      attempts: 2,
      inputTokens: TOTAL.input_tokens,
      outputTokens: TOTAL.output_tokens,
    });
  });

  it("streams on through all attempts, to who listened first and who comes later", async () => {
    const gate = crypto.randomUUID();
    const { slot } = await failing(1, { input: { gate }, stream_resumable: true, on_run_completed: "keep" });
    await gateReached(gate);
    const path = `/threads/${slot.thread_id}/runs/${slot.run_id}`;
    const early = await open("GET", `${path}/stream`);
    openGate(gate);
    await hasFailed(slot, 1);
    const joined = call(`GET`, `${path}/join`);
    const late = await open("GET", `${path}/stream`, undefined, { "Last-Event-ID": "-1" });
    await ringThread(slot, 60);
    for (const [reader, attempts] of [
      [early, [2]],
      [late, [1, 2]],
    ] as const) {
      const events = await reader.until();
      const begun = events.filter(({ event }) => event === "metadata");
      expect(begun.map(({ data }) => (data as { attempt: number }).attempt)).toEqual(attempts);
      expect(events.map(({ event }) => event)).not.toContain("error");
      expect(events.at(-1)?.data).toMatchObject({ trail: [...STEP_NAMES] });
    }
    expect((await joined).body).toMatchObject({ trail: [...STEP_NAMES] });
  });
});

describe("while a run waits for its next attempt", () => {
  /** A run of a cron on a thread that has failed once. */
  async function onThread(): Promise<{ key: string; slot: FiredSlot; threadId: string }> {
    const { thread_id: threadId } = await createThread();
    const key = crypto.randomUUID();
    const { body: cron } = await call<Cron>("POST", `/threads/${threadId}/runs/crons`, {
      assistant_id: "steps",
      schedule: "27 15 * * *",
      max_attempts: 3,
      retry_delay_seconds: 60,
      input: { key, fails: 1 },
    });
    const slot = await fired(cron);
    await hasFailed(slot, 1);
    return { key, slot, threadId };
  }
  const echo = (strategy?: string): object => ({
    assistant_id: "echo",
    input: { text: "a" },
    multitask_strategy: strategy,
  });
  const threadOf = async (id: string): Promise<Thread> => (await call<Thread>("GET", `/threads/${id}`)).body;

  it("no other of its thread overtakes it", async () => {
    const { key, slot, threadId } = await onThread();
    const next = await createRun(threadId, echo());
    const later = await createRun(threadId, { ...echo(), after_seconds: 10 });
    await ringThread(slot, 30);
    expect([(await getRun(next)).status, (await getRun(later)).status]).toEqual(["pending", "pending"]);
    expect((await threadOf(threadId)).status).toBe("busy");
    expect((await call("POST", `/threads/${threadId}/state`, { values: { key: "b" } })).status).toBe(409);
    expect((await call("POST", `/threads/${threadId}/runs`, echo("reject"))).status).toBe(409);
    await ringThread(slot, 60);
    await joinRun(next);
    await joinRun(later);
    expect(executionsOf(key, "three")).toBe(1);
    expect((await threadOf(threadId)).status).toBe("idle");
  });

  it("it can be cancelled, and the next begins", async () => {
    const { heard } = hearReports();
    const { key, slot, threadId } = await onThread();
    const next = await createRun(threadId, echo());
    expect((await cancel(slot)).status).toBe(204);
    expect(await joinRun(next)).toMatchObject({ reply: "You said: a" });
    expect(await runOf(slot)).toMatchObject({ status: "interrupted", attempts: 1 });
    await until(() => heard.length === 1);
    expect(heard).toMatchObject([{ status: "interrupted", error: null, attempts: 1 }]);
    await ringThread(slot, 3600);
    expect(executionsOf(key, "two")).toBe(1);
    expect(heard).toHaveLength(1);
  });

  it.each([
    ["its cancellation with a rollback", async (slot: FiredSlot) => cancel(slot, "&action=rollback")],
    [
      "its deletion",
      async (slot: FiredSlot) => call("DELETE", `/threads/${slot.thread_id}/runs/${slot.run_id}`),
    ],
    [
      "another that rolls it back",
      async (slot: FiredSlot) => call("POST", `/threads/${slot.thread_id}/runs/wait`, echo("rollback")),
    ],
  ])("%s leaves no trace of it", async (_what, act) => {
    const { heard } = hearReports();
    const { key, slot, threadId } = await onThread();
    expect((await act(slot)).status).toBeLessThan(300);
    expect((await call("GET", `/threads/${threadId}/runs/${slot.run_id}`)).status).toBe(404);
    expect((await threadOf(threadId)).values ?? {}).not.toHaveProperty("trail");
    await until(() => heard.length === 1);
    expect(heard).toMatchObject([{ status: "rolled_back", attempts: 1 }]);
    await ringThread(slot, 60);
    expect(executionsOf(key, "two")).toBe(1);
  });

  it("another that interrupts it takes its turn", async () => {
    const { heard } = hearReports();
    const { slot, threadId } = await onThread();
    const next = await createRun(threadId, echo("interrupt"));
    expect(await joinRun(next)).toMatchObject({ reply: "You said: a" });
    expect((await runOf(slot)).status).toBe("interrupted");
    await until(() => heard.length === 1);
  });

  it("its thread can be deleted, and leaves nothing", async () => {
    const { heard } = hearReports();
    const { threadId } = await onThread();
    expect((await call("DELETE", `/threads/${threadId}`)).status).toBe(204);
    await until(() => heard.length === 1);
    await until(async () => Object.keys(await rowsOf(threadStub(threadId))).length === 0);
    expect(await alarmOf(threadStub(threadId))).toBeNull();
  });

  it("its host may go, and D1 too", async () => {
    const { heard } = hearReports();
    const { key, slot } = await failing(1);
    await hasFailed(slot, 1);
    await abortAllDurableObjects();
    const stub = threadStub(slot.thread_id);
    await setD1(stub, false);
    await ringThread(slot, 60);
    await until(() => heard.length === 1);
    expect(heard).toMatchObject([{ status: "success", attempts: 2 }]);
    expect(executionsOf(key, "one")).toBe(1);
    await setD1(stub, true);
    await ringThread(slot, 600);
    await until(async () => (await rowsOf(stub)).runs === 0);
  });
});

it("a host that dies is no failure of the graph, and a graph that fails no death of its host", async () => {
  const { heard } = hearReports();
  const gate = crypto.randomUUID();
  // Its executions that end with their hosts count for the graph, which fails in the third.
  const { key, cron, slot } = await failing(3, { max_attempts: 2, input: { gate } });
  const startDue = (): Promise<void> =>
    // As the alarm does, but without an alarm in progress, which the next abort would take down the runtime with.
    runInDurableObject(threadStub(slot.thread_id), (instance) => {
      (instance as unknown as { queue: { startDue: () => void } }).queue.startDue();
    });
  for (let death = 1; death <= 2; death++) {
    await gateReached(gate);
    resetGate(gate);
    await abortAllDurableObjects();
    if (death === 2) openGate(gate);
    await startDue();
  }
  await hasFailed(slot, 3);
  expect(heard).toEqual([]);
  resetGate(gate);
  openGate(gate);
  await ringThread(slot, 60);
  await until(() => heard.length === 1);
  expect(heard).toMatchObject([{ status: "success", attempts: 4 }]);
  expect(STEP_NAMES.map((step) => executionsOf(key, step))).toEqual([1, 4, 1]);
  await until(async () => (await runsOf(cron.cron_id))[0]?.status === "success");
  expect((await runsOf(cron.cron_id))[0]?.earlier_attempts).toMatchObject([
    { attempt: 1, ended_at: null, error: null },
    { attempt: 2, ended_at: null, error: null },
    { attempt: 3, error: { message: "failure 3" } },
  ]);
});

it("a cron's time to live is that of the threads that it makes and keeps, and of no other", async () => {
  const ttl = { strategy: "delete", ttl: 90 };
  const ttlOf = async (id: string): Promise<unknown> =>
    (await call<{ ttl: unknown }>("GET", `/threads/${id}?include=ttl`)).body.ttl;
  const shown = { strategy: "delete", ttl_minutes: 90 };
  const kept = await createCron({ on_run_completed: "keep", thread_ttl: ttl });
  const slot = await fired(kept);
  await until(async () => (await runsOf(kept.cron_id)).length === 1);
  expect(await ttlOf(slot.thread_id)).toMatchObject(shown);

  setClock("2040-01-01T00:00:00.000Z");
  // One that waits for an answer is kept, too.
  const asking = await createCron({ assistant_id: "interrupts", input: {}, thread_ttl: ttl });
  const asked = await fired(asking);
  await until(async () => (await runsOf(asking.cron_id))[0]?.status === "success");
  expect(await ttlOf(asked.thread_id)).toMatchObject(shown);
  setClock(after(90 * 60 + 60));
  await runDurableObjectAlarm(threadStub(asked.thread_id));
  expect((await call("GET", `/threads/${asked.thread_id}`)).status).toBe(404);
});

it.each([true, false])(
  "a host that dies at any step of a run that fails: it ends once, answer lost: %s",
  async (answerLost) => {
    let died = true;
    let steps = 0;
    const { heard } = hearReports();
    // To die after a step is to die before the next: every second will do.
    for (let lastStep = answerLost ? 1 : 2; lastStep <= 150 && died; lastStep += 2) {
      setClock("2040-01-01T00:00:00.000Z");
      const key = crypto.randomUUID();
      const { thread_id: threadId } = await createThread();
      const { body: cron } = await call<Cron>("POST", `/threads/${threadId}/runs/crons`, {
        assistant_id: "steps",
        schedule: "27 15 * * *",
        max_attempts: 2,
        retry_delay_seconds: 60,
        input: { key, fails: 1 },
      });
      const life = new Life(lastStep, answerLost);
      await liveBy(threadStub(threadId), life);
      await ringAt(after(0), cron.cron_id).catch(() => undefined);
      const waits = async (): Promise<boolean> => {
        const [run] = await runsOf(cron.cron_id);
        return run?.status === "pending" && run.attempts === 1;
      };
      await until(async () => life.dead || (await waits()));
      steps = life.steps;
      died = life.dead;
      await bury();
      for (let minute = 1; minute <= 6 && heard.length === 0; minute++) {
        setClock(after(minute * 60));
        await cronStub(cron.cron_id).poke(cron.cron_id, 0);
        await runDurableObjectAlarm(threadStub(threadId));
      }
      const where = `died at step ${lastStep}`;
      await until(() => heard.length > 0);
      const reports = heard.splice(0);
      expect(new Set(reports.map(({ runId }) => runId)).size, where).toBe(1);
      expect(reports[0], where).toMatchObject({ threadId, status: "success" });
      expect(executionsOf(key, "three"), where).toBe(1);
    }
    expect(steps).toBeGreaterThan(10);
    expect(steps).toBeLessThan(150);
  },
);
