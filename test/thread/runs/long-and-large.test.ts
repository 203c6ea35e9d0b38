/** Runs that take longer than an alarm holds, stream more than is kept, or have more state than can be sent. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Run } from "../../../src/wire/runs/run";
import type { Thread } from "../../../src/wire/threads/thread";
import { alarmOf, atClock, setClock, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { executionsOf, gateReached, openGate, STEP_NAMES } from "../../support/graphs/steps";
import { open } from "../../support/sse";
import { createRun, createThread, getRun, joinRun, searchThreads, waitRun } from "../../support/threads";
import { until } from "../../support/until";

atClock("2040-01-01T00:00:00.000Z");

/** Ends the waiting of the alarm's handler, as its time does, once it waits. */
const stopWaiting = (id: string): Promise<void> =>
  until(() =>
    runInDurableObject(threadStub(id) as DurableObjectStub, (object) => {
      const { alarm } = (object as unknown as { context: { alarm: { stopWaiting?: () => void } } }).context;
      alarm.stopWaiting?.();
      return alarm.stopWaiting !== undefined;
    }),
  );

describe("a run that takes hours", () => {
  it("stays one execution, however often the alarm comes", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const run = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
    await gateReached(key);
    for (const hour of ["01", "02", "03", "04"]) {
      setClock(`2040-01-01T${hour}:00:00.000Z`);
      const rung = runDurableObjectAlarm(threadStub(id));
      expect((await getRun(run)).status).toBe("running");
      await stopWaiting(id);
      expect(await rung).toBe(true);
      // It comes again, should the host die.
      expect(await alarmOf(threadStub(id))).not.toBeNull();
    }
    expect(STEP_NAMES.map((step) => executionsOf(key, step))).toEqual([1, 1, 0]);
    openGate(key);
    expect(await joinRun(run)).toMatchObject({ trail: [...STEP_NAMES] });
    expect(STEP_NAMES.map((step) => executionsOf(key, step))).toEqual([1, 1, 1]);
    expect((await getRun(run)).status).toBe("success");
    await runDurableObjectAlarm(threadStub(id));
    expect(await alarmOf(threadStub(id))).toBeNull();
  });

  it("is joined and read while alarms come and go, and what waits behind it follows", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const run = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
    const next = await createRun(id, { assistant_id: "steps", input: { key: `${key} next`, gate: key } });
    await gateReached(key);
    const joined = joinRun(run);
    const rung = runDurableObjectAlarm(threadStub(id));
    expect((await call<Thread>("GET", `/threads/${id}`)).body.status).toBe("busy");
    expect((await getRun(next)).status).toBe("pending");
    openGate(key);
    await joined;
    await joinRun(next);
    await rung;
    expect(executionsOf(`${key} next`, "two")).toBe(1);
    expect((await call<Thread>("GET", `/threads/${id}`)).body.status).toBe("idle");
  });
});

describe("a resumable run that streams more than is kept", () => {
  const streaming = (pieces: number, length: number, fields: object = {}): object => ({
    assistant_id: "streams",
    input: { pieces, length },
    stream_mode: ["custom"],
    stream_resumable: true,
    ...fields,
  });

  it("keeps events that are larger than a row", async () => {
    const { thread_id: id } = await createThread();
    const run = await createRun(id, streaming(3, 1_200_000));
    await joinRun(run);
    const path = `/threads/${id}/runs/${run.run_id}/stream`;
    const events = await (await open("GET", path, undefined, { "Last-Event-ID": "-1" })).until();
    const custom = events
      .filter(({ event }) => event === "custom")
      .map(({ data }) => JSON.stringify(data).length);
    expect(custom).toHaveLength(3);
    expect(Math.min(...custom)).toBeGreaterThan(1_200_000);
  });

  it("ends with an error that says so, and its thread goes on", async () => {
    const { thread_id: id } = await createThread();
    const run = await createRun(id, streaming(80, 450_000));
    const message = expect.stringMatching(/stream_resumable: the run has streamed \d+ characters/) as string;
    expect(await joinRun(run)).toMatchObject({ __error__: { message } });
    expect(await getRun(run)).toMatchObject({ status: "error", error: { message } });
    expect((await call<Thread>("GET", `/threads/${id}`)).body.status).toBe("error");
    expect(await waitRun(id, { assistant_id: "echo", input: { text: "a" } })).toMatchObject({ text: "a" });
  });

  it("streams larger events when it is not to be resumed", async () => {
    const { thread_id: id } = await createThread();
    const fields = streaming(10, 600_000, { stream_resumable: false });
    const events = await (await open("POST", `/threads/${id}/runs/stream`, fields)).until();
    expect(events.filter(({ event }) => event === "custom")).toHaveLength(10);
    expect(events.map(({ event }) => event)).not.toContain("error");
  });
});

describe("a state of more than can be sent", () => {
  it("ends its run with an error that says so; the thread is found, changed, pruned, copied and deleted", async () => {
    const { thread_id: id } = await createThread({ metadata: { graph_id: "large" } });
    const run = await createRun(id, { assistant_id: "large", input: { megabytes: 31 } });
    const message = expect.stringMatching(/a state of \d+ characters; at most \d+ can be sent/) as string;
    expect(await joinRun(run)).toMatchObject({ __error__: { message } });
    expect((await getRun(run)).status).toBe("error");

    const refused = await call("GET", `/threads/${id}/state`);
    expect([refused.status, refused.body.detail]).toEqual([413, message]);
    expect((await call("GET", `/threads/${id}/history?limit=1`)).status).toBe(413);
    expect((await call<Thread>("GET", `/threads/${id}`)).body).toMatchObject({
      status: "error",
      values: null,
    });

    const update = { values: { megabytes: 0 }, as_node: "grow" };
    expect((await call("POST", `/threads/${id}/state`, update)).status).toBe(200);
    expect(await searchThreads({ ids: [id] })).toMatchObject([{ status: "idle", values: null }]);
    const pruned = await call("POST", "/threads/prune", { thread_ids: [id], strategy: "keep_latest" });
    expect(pruned.body).toEqual({ pruned_count: 1 });
    const copy = await call<Thread>("POST", `/threads/${id}/copy`);
    expect([copy.status, copy.body.status]).toEqual([200, "idle"]);
    for (const threadId of [id, copy.body.thread_id])
      expect((await call("DELETE", `/threads/${threadId}`)).status).toBe(204);
    expect((await call<Run[]>("POST", "/runs/search", { thread_id: id })).body).toEqual([]);
  });
});
