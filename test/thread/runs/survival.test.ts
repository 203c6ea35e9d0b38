/** Runs whose host dies under them, that crash it every time, that hang, or that are stopped. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Run } from "../../../src/wire/runs/run";
import type { Thread } from "../../../src/wire/threads/thread";
import { alarmOf, atClock, rowsOf, setClock, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { executionsOf, gateReached, openGate, resetGate, STEP_NAMES } from "../../support/graphs/steps";
import { rebind } from "../../support/outage";
import { holdTimers } from "../../support/timers";

atClock("2040-01-01T00:00:00.000Z");

const createThread = async (): Promise<string> => (await call<Thread>("POST", "/threads", {})).body.thread_id;

const createRun = async (threadId: string, fields: object): Promise<Run> => {
  const { status, body } = await call<Run>("POST", `/threads/${threadId}/runs`, {
    assistant_id: "steps",
    ...fields,
  });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body;
};

const join = (run: Run): Promise<{ status: number; body: Record<string, unknown> }> =>
  call(`GET`, `/threads/${run.thread_id}/runs/${run.run_id}/join`);

const statusOf = async (run: Run): Promise<string> =>
  (await call<Run>("GET", `/threads/${run.thread_id}/runs/${run.run_id}`)).body.status;

describe("a run whose host dies in the middle of it", () => {
  it("goes on from its last checkpoint and repeats no finished superstep", async () => {
    const key = crypto.randomUUID();
    const threadId = await createThread();
    const run = await createRun(threadId, { input: { key, gate: key } });
    await gateReached(key);
    expect(await statusOf(run)).toBe("running");
    await abortAllDurableObjects();
    // The dead host's node waits at the old gate for ever.
    resetGate(key);
    openGate(key);
    setClock("2040-01-01T00:01:00.000Z");
    expect(await runDurableObjectAlarm(threadStub(threadId))).toBe(true);
    expect((await join(run)).body).toMatchObject({ trail: [...STEP_NAMES] });
    expect(STEP_NAMES.map((step) => executionsOf(key, step))).toEqual([1, 2, 1]);
    expect(await statusOf(run)).toBe("success");
  });

  it("starts again from its input with durability exit", async () => {
    const key = crypto.randomUUID();
    const threadId = await createThread();
    const run = await createRun(threadId, { input: { key, gate: key }, durability: "exit" });
    await gateReached(key);
    await abortAllDurableObjects();
    // The dead host's node waits at the old gate for ever.
    resetGate(key);
    openGate(key);
    setClock("2040-01-01T00:01:00.000Z");
    await runDurableObjectAlarm(threadStub(threadId));
    expect((await join(run)).body).toMatchObject({ trail: [...STEP_NAMES] });
    expect(executionsOf(key, "one")).toBe(2);
  });

  it("ends as an error when it takes its host down every time", async () => {
    const key = crypto.randomUUID();
    const threadId = await createThread();
    const run = await createRun(threadId, { input: { key, gate: key } });
    for (let attempt = 1; attempt <= 3; attempt++) {
      await gateReached(key);
      resetGate(key);
      await abortAllDurableObjects();
      // As the alarm does, but without an alarm in progress, which the next abort would take down the runtime with.
      await runInDurableObject(threadStub(threadId), (instance) => {
        (instance as unknown as { queue: { startDue: () => void } }).queue.startDue();
      });
    }
    expect(executionsOf(key, "two")).toBe(3);
    expect((await join(run)).body).toMatchObject({
      __error__: { message: expect.stringMatching(/given up after 3 attempts/) as string },
    });
    expect(await statusOf(run)).toBe("error");
    expect((await call<Thread>("GET", `/threads/${threadId}`)).body.status).toBe("error");
  });
});

describe("a run that is stopped", () => {
  it("by cancelling ends as interrupted, with its thread idle and its values so far", async () => {
    const key = crypto.randomUUID();
    const threadId = await createThread();
    const run = await createRun(threadId, { input: { key, gate: key } });
    await gateReached(key);
    expect((await call<Thread>("GET", `/threads/${threadId}`)).body.status).toBe("busy");
    const cancelled = await call(`POST`, `/threads/${threadId}/runs/${run.run_id}/cancel?wait=1`);
    expect(cancelled.status).toBe(204);
    expect(await statusOf(run)).toBe("interrupted");
    expect((await call<Thread>("GET", `/threads/${threadId}`)).body).toMatchObject({
      status: "idle",
      values: { trail: ["one"] },
    });
    // Once more does no harm.
    expect((await call(`POST`, `/threads/${threadId}/runs/${run.run_id}/cancel`)).status).toBe(202);
  });

  it("by a rollback leaves no trace", async () => {
    const key = crypto.randomUUID();
    const threadId = await createThread();
    const run = await createRun(threadId, { input: { key, gate: key } });
    await gateReached(key);
    await call(`POST`, `/threads/${threadId}/runs/${run.run_id}/cancel?wait=1&action=rollback`);
    expect((await call(`GET`, `/threads/${threadId}/runs/${run.run_id}`)).status).toBe(404);
    expect((await call<Thread>("GET", `/threads/${threadId}`)).body).toMatchObject({
      status: "idle",
      values: null,
    });
    expect(await rowsOf(threadStub(threadId))).toMatchObject({ runs: 0, checkpoints: 0 });
  });

  it("by deleting its thread ends, and the thread leaves nothing behind", async () => {
    const key = crypto.randomUUID();
    const threadId = await createThread();
    await createRun(threadId, { input: { key, gate: key } });
    await gateReached(key);
    expect((await call("DELETE", `/threads/${threadId}`)).status).toBe(204);
    expect(await rowsOf(threadStub(threadId))).toEqual({});
    expect(await alarmOf(threadStub(threadId))).toBeNull();
    expect((await call<Run[]>("POST", "/runs/search", { thread_id: threadId })).body).toEqual([]);
    expect((await call<Thread[]>("POST", "/threads/search", { ids: [threadId] })).body).toEqual([]);
  });
});

describe("a run that takes too long", () => {
  it("ends with status timeout, and the next of its thread runs", async () => {
    const key = crypto.randomUUID();
    const threadId = await createThread();
    await rebind(threadStub(threadId), () => ({ RUN_TIMEOUT_SECONDS: "77" }));
    const limits = holdTimers(77_000);
    const run = await createRun(threadId, { input: { key, gate: key } });
    openGate(`${key} open`);
    const next = await createRun(threadId, { input: { key: `${key} next`, gate: `${key} open` } });
    await gateReached(key);
    await limits.goOff(threadStub(threadId));
    expect((await join(run)).body).toMatchObject({ __error__: { error: "TimeoutError" } });
    expect(await statusOf(run)).toBe("timeout");
    expect((await join(next)).body).toMatchObject({
      trail: expect.arrayContaining(["one", "two", "three"]) as string[],
    });
  });
});

describe("runs that overlap on a thread", () => {
  const overlap = async (
    strategy: string,
  ): Promise<{ first: Run; answer: { status: number; body: Run }; key: string; threadId: string }> => {
    const key = crypto.randomUUID();
    const threadId = await createThread();
    const first = await createRun(threadId, { input: { key, gate: key } });
    await gateReached(key);
    openGate(`${key} open`);
    const answer = await call<Run>("POST", `/threads/${threadId}/runs`, {
      assistant_id: "steps",
      input: { key: `${key} second`, gate: `${key} open` },
      multitask_strategy: strategy,
    });
    return { first, answer, key, threadId };
  };

  it("enqueue: the second waits for the first", async () => {
    const { first, answer, key } = await overlap("enqueue");
    expect(await statusOf(answer.body)).toBe("pending");
    openGate(key);
    await join(answer.body);
    expect([await statusOf(first), await statusOf(answer.body)]).toEqual(["success", "success"]);
  });

  it("reject: the second is refused, the first goes on", async () => {
    const { first, answer, key } = await overlap("reject");
    expect(answer.status).toBe(409);
    openGate(key);
    await join(first);
    expect(await statusOf(first)).toBe("success");
  });

  it("interrupt: the first is stopped, the second runs on what it left", async () => {
    const { first, answer } = await overlap("interrupt");
    await join(answer.body);
    expect([await statusOf(first), await statusOf(answer.body)]).toEqual(["interrupted", "success"]);
  });

  it("rollback: the first leaves no trace, the second runs", async () => {
    const { first, answer, threadId } = await overlap("rollback");
    expect((await join(answer.body)).body).toMatchObject({ trail: [...STEP_NAMES] });
    expect((await call("GET", `/threads/${threadId}/runs/${first.run_id}`)).status).toBe(404);
    expect((await call<Run[]>("GET", `/threads/${threadId}/runs`)).body.map((run) => run.run_id)).toEqual([
      answer.body.run_id,
    ]);
  });
});
