/** Runs by the API's specification: made, awaited, listed, joined, cancelled and deleted. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { assistantIdOf } from "../../../src/d1/assistants-table";
import type { JsonObject } from "../../../src/platform/json";
import type { Run } from "../../../src/wire/runs/run";
import type { WireState } from "../../../src/wire/threads/state";
import type { Thread } from "../../../src/wire/threads/thread";
import { atClock, rowsOf, setClock, threadStub } from "../../support/crons";
import { call, create } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import { storedCounts } from "../../support/stored";
import { createRun, createThread, getRun, joinRun, waitRun } from "../../support/threads";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

atClock("2040-01-01T00:00:00.000Z");

const findThread = (id: string): Promise<{ status: number; body: Thread }> =>
  call<Thread>("GET", `/threads/${id}`);

describe("a run in the background", () => {
  it("on a thread is answered as pending, and ends by itself", async () => {
    const { thread_id: id } = await createThread();
    const fields = { assistant_id: "echo", input: { text: "a" }, metadata: { mine: 1 } };
    const { headers, body: run } = await call<Run>("POST", `/threads/${id}/runs`, fields);
    expect(headers.get("Content-Location")).toBe(`/threads/${id}/runs/${run.run_id}`);
    expect(run).toMatchObject({
      run_id: expect.stringMatching(UUID) as string,
      thread_id: id,
      assistant_id: assistantIdOf("echo"),
      created_at: "2040-01-01T00:00:00.000Z",
      status: "pending",
      metadata: { mine: 1 },
      multitask_strategy: "enqueue",
      kwargs: { input: { text: "a" }, config: { configurable: { thread_id: id, graph_id: "echo" } } },
    });
    expect(await joinRun(run)).toMatchObject({ reply: "You said: a" });
    expect(await getRun(run)).toEqual({ ...run, status: "success" });
    expect((await findThread(id)).body).toMatchObject({
      status: "idle",
      values: { reply: "You said: a" },
      metadata: { graph_id: "echo", assistant_id: assistantIdOf("echo") },
    });
  });

  it("needs a thread, unless it may make one", async () => {
    const id = crypto.randomUUID();
    const fields = { assistant_id: "echo", input: { text: "a" } };
    for (const ifNotExists of [undefined, "reject"]) {
      for (const path of ["runs", "runs/wait"]) {
        const answer = await call("POST", `/threads/${id}/${path}`, {
          ...fields,
          if_not_exists: ifNotExists,
        });
        expect([answer.status, answer.body.detail]).toEqual([404, `no thread with the id ${id}`]);
      }
    }
    expect(await rowsOf(threadStub(id))).toEqual({});
    await waitRun(id, { ...fields, if_not_exists: "create", metadata: { mine: 1 } });
    expect((await findThread(id)).body).toMatchObject({
      status: "idle",
      metadata: { mine: 1, graph_id: "echo" },
    });
  });

  it("needs an assistant, and without stores nothing", async () => {
    const { thread_id: id } = await createThread();
    const before = await storedCounts();
    for (const assistantId of [crypto.randomUUID(), "no-such-graph", "ECHO"]) {
      for (const path of [`/threads/${id}/runs`, `/threads/${id}/runs/wait`, "/runs", "/runs/wait"]) {
        const answer = await call("POST", path, { assistant_id: assistantId });
        expect(answer.status).toBe(404);
        expect(answer.body.detail).toMatch(/^No assistant found for "/);
      }
    }
    expect(await storedCounts()).toEqual(before);
  });

  it("starts after the seconds asked for", async () => {
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { assistant_id: "echo", input: { text: "a" }, after_seconds: 90 });
    setClock("2040-01-01T00:01:29.999Z");
    await runDurableObjectAlarm(threadStub(id));
    expect((await getRun(run)).status).toBe("pending");
    setClock("2040-01-01T00:01:30.000Z");
    await runDurableObjectAlarm(threadStub(id));
    await joinRun(run);
    expect((await getRun(run)).status).toBe("success");
  });

  it("that fails says why", async () => {
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { assistant_id: "fails", input: { message: "broken" } });
    const failure = { error: "Error", message: "broken" };
    expect(await joinRun(run)).toEqual({ __error__: failure });
    expect(await getRun(run)).toMatchObject({ status: "error", error: failure });
    expect((await findThread(id)).body.status).toBe("error");
    expect(await waitRun(id, { assistant_id: "fails", input: { message: "again" } })).toEqual({
      __error__: { error: "Error", message: "again" },
    });
    // The next one that succeeds makes it good.
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    expect((await findThread(id)).body).toMatchObject({ status: "idle", error: null });
  });
});

describe("a stateless run", () => {
  it.each([undefined, "delete"])("with on_completion %s takes its thread with it", async (onCompletion) => {
    const run = await createRun(null, {
      assistant_id: "echo",
      input: { text: "a" },
      on_completion: onCompletion,
    });
    await joinRun(run);
    expect((await findThread(run.thread_id)).status).toBe(404);
    // A run that took long enough to store checkpoints has made their table.
    expect(new Set(Object.values(await rowsOf(threadStub(run.thread_id))))).toEqual(new Set([0]));
    expect((await call<Run[]>("POST", "/runs/search", { thread_id: run.thread_id })).body).toMatchObject([
      { run_id: run.run_id, status: "success" },
    ]);
    const known = {
      run_id: run.run_id,
      thread_id: run.thread_id,
      status: "success",
      kwargs: { input: { text: "a" } },
    };
    expect((await call<Run>("GET", `/runs/${run.run_id}`)).body).toMatchObject(known);
  });

  it("with on_completion keep leaves its thread", async () => {
    const run = await createRun(null, { assistant_id: "echo", input: { text: "a" }, on_completion: "keep" });
    await joinRun(run);
    expect((await findThread(run.thread_id)).body).toMatchObject({ status: "idle", values: { text: "a" } });
  });

  it("that is waited for answers with the values, or with what went wrong", async () => {
    const fields = { assistant_id: "echo", input: { text: "a" } };
    const { headers, body } = await call<JsonObject>("POST", "/runs/wait", fields);
    expect(headers.get("Content-Location")).toMatch(/^\/threads\/[0-9a-f-]{36}\/runs\/[0-9a-f-]{36}$/);
    expect(body).toEqual({ text: "a", reply: "You said: a", seen: ["a"] });
    expect(await waitRun(null, { assistant_id: "fails", input: { message: "broken" } })).toEqual({
      __error__: { error: "Error", message: "broken" },
    });
  });
});

describe("what a run is given", () => {
  const seenBy = async (threadId: string | null, fields: object): Promise<JsonObject> =>
    (await waitRun(threadId, { assistant_id: "seen", input: {}, ...fields })).seen as JsonObject;

  it("the assistant's config and context lie under its own, and its metadata beside", async () => {
    const assistant = await create({
      graph_id: "seen",
      config: { tags: ["assistant"], recursion_limit: 7, configurable: { a: 1, b: 1 } },
      context: { c: 1, d: 1 },
    });
    const fields = {
      assistant_id: assistant.assistant_id,
      config: { tags: ["run"], configurable: { b: 2 } },
      context: { d: 2 },
      metadata: { mine: 1 },
    };
    const { thread_id: id } = await createThread();
    expect(await seenBy(id, fields)).toMatchObject({
      configurable: { a: 1, b: 2, thread_id: id, assistant_id: assistant.assistant_id, graph_id: "seen" },
      context: { c: 1, d: 2 },
      metadata: { mine: 1 },
      tags: ["run"],
    });
    const [run] = (await call<Run[]>("GET", `/threads/${id}/runs`)).body;
    expect(run?.kwargs).toMatchObject({
      config: { recursion_limit: 7, tags: ["run"], configurable: { a: 1, b: 2 } },
      context: { c: 1, d: 2 },
    });
  });

  it("configurable cannot say which thread, run or assistant it is", async () => {
    const { thread_id: id } = await createThread();
    const { thread_id: other } = await createThread();
    const forged = {
      thread_id: other,
      run_id: other,
      assistant_id: other,
      graph_id: "echo",
      checkpoint_ns: "x",
    };
    const config = { configurable: { ...forged, __pregel_task_id: "x" } };
    const seen = await seenBy(id, { config });
    expect(seen.configurable).toMatchObject({
      thread_id: id,
      graph_id: "seen",
      assistant_id: assistantIdOf("seen"),
    });
    expect((await findThread(other)).body.values).toBeNull();
    const [run] = (await call<Run[]>("GET", `/threads/${id}/runs`)).body;
    const kept = (run?.kwargs.config as { configurable: JsonObject }).configurable;
    expect(kept.run_id).toBe(run?.run_id);
    expect(Object.keys(kept).sort()).toEqual(["assistant_id", "graph_id", "run_id", "thread_id"]);
  });

  it("configurable can say from which checkpoint it starts", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    const { body: first } = await call<WireState>("GET", `/threads/${id}/state`);
    await waitRun(id, { assistant_id: "echo", input: { text: "b" } });
    const { checkpoint_id, checkpoint_ns } = first.checkpoint;
    const fields = { assistant_id: "echo", input: { text: "c" } };
    const from = { configurable: { checkpoint_id, checkpoint_ns, checkpoint_map: null } };
    expect(await waitRun(id, { ...fields, config: from })).toMatchObject({ seen: ["a", "c"] });
    // What the request says itself comes first.
    const latest = (await call<WireState>("GET", `/threads/${id}/state`)).body.checkpoint;
    expect(await waitRun(id, { ...fields, config: from, checkpoint: latest })).toMatchObject({
      seen: ["a", "c", "c"],
    });
    expect(await waitRun(null, { ...fields, config: from })).toMatchObject({ seen: ["c"] });
    for (const [wrong, status] of [
      [crypto.randomUUID(), 404],
      [7, 422],
    ] as const) {
      const config = { configurable: { checkpoint_id: wrong } };
      const answer = await call("POST", `/threads/${id}/runs/wait`, { ...fields, config });
      expect([answer.status, answer.body.detail]).toEqual([
        status,
        expect.stringContaining("checkpoint") as string,
      ]);
    }
  });

  it("its recursion_limit holds", async () => {
    const fields = { assistant_id: "steps", input: {}, config: { recursion_limit: 2 } };
    expect(await waitRun(null, fields)).toMatchObject({ __error__: { error: "GraphRecursionError" } });
  });
});

describe("an interrupted thread", () => {
  it("waits, and is resumed by a command", async () => {
    const { thread_id: id } = await createThread();
    const asked = await waitRun(id, { assistant_id: "interrupts", input: { question: "well?" } });
    expect(asked).toMatchObject({ question: "well?" });
    const { body } = await findThread(id);
    expect(body.status).toBe("interrupted");
    expect(Object.values(body.interrupts)).toMatchObject([[{ value: { question: "well?" } }]]);
    const resumed = await waitRun(id, { assistant_id: "interrupts", command: { resume: "fine" } });
    expect(resumed).toEqual({ question: "well?", answer: "fine" });
    expect((await findThread(id)).body).toMatchObject({ status: "idle", interrupts: {} });
    const runs = (await call<Run[]>("GET", `/threads/${id}/runs`)).body;
    expect(runs.map((run) => run.status)).toEqual(["success", "success"]);
  });

  it.each([
    [{ interrupt_before: ["two"] }, ["one"], ["two"]],
    [{ interrupt_after: ["two"] }, ["one", "two"], ["three"]],
    [{ interrupt_before: "*" }, [], ["one"]],
    [{ interrupt_after: "*" }, ["one"], ["two"]],
  ])("by %j stops there, and goes on", async (fields, trail, next) => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "steps", input: {}, ...fields });
    const { body: state } = await call<JsonObject>("GET", `/threads/${id}/state`);
    expect(state).toMatchObject({ next });
    expect((state.values as JsonObject).trail ?? []).toEqual(trail);
    expect((await findThread(id)).body.status).toBe("interrupted");
    expect(await waitRun(id, { assistant_id: "steps", input: null })).toMatchObject({
      trail: ["one", "two", "three"],
    });
    expect((await findThread(id)).body.status).toBe("idle");
  });

  it("a command can change the state and say where to go on", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "steps", input: {}, interrupt_before: ["two"] });
    const command = { update: { trail: ["changed"] }, goto: "three" };
    const values = (await waitRun(id, { assistant_id: "steps", command })) as { trail: string[] };
    expect(values.trail).toEqual(expect.arrayContaining(["one", "changed", "three"]));
  });
});

describe("a run that goes on", () => {
  it("can be cancelled, and deleted; one that has ended too", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const first = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
    const second = await createRun(id, { assistant_id: "steps", input: {} });
    await gateReached(key);
    const cancelled = await call("POST", `/threads/${id}/runs/${second.run_id}/cancel`);
    expect([cancelled.status, cancelled.body]).toEqual([202, null]);
    expect((await getRun(second)).status).toBe("interrupted");
    expect((await call("DELETE", `/threads/${id}/runs/${first.run_id}`)).status).toBe(204);
    for (const suffix of ["", "/join"])
      expect((await call("GET", `/threads/${id}/runs/${first.run_id}${suffix}`)).status).toBe(404);
    expect((await call("DELETE", `/threads/${id}/runs/${first.run_id}`)).status).toBe(404);
    expect((await call("DELETE", `/threads/${id}/runs/${second.run_id}`)).status).toBe(204);
    expect((await call("GET", `/threads/${id}/runs`)).body).toEqual([]);
    expect((await findThread(id)).body).toMatchObject({ status: "idle", values: null });
    openGate(key);
  });

  it("that has not begun is cancelled or deleted at once, also when it is waited for", async () => {
    const { thread_id: id } = await createThread();
    const later = await createRun(id, { assistant_id: "echo", input: { text: "a" }, after_seconds: 3600 });
    expect((await call("POST", `/threads/${id}/runs/${later.run_id}/cancel?wait=true`)).status).toBe(204);
    expect((await getRun(later)).status).toBe("interrupted");

    const key = crypto.randomUUID();
    const first = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
    const second = await createRun(id, { assistant_id: "steps", input: {} });
    const third = await createRun(id, { assistant_id: "steps", input: {}, after_seconds: 3600 });
    await gateReached(key);
    expect((await call("POST", `/threads/${id}/runs/${second.run_id}/cancel?wait=true`)).status).toBe(204);
    expect((await call("DELETE", `/threads/${id}/runs/${third.run_id}`)).status).toBe(204);
    expect((await getRun(first)).status).toBe("running");
    openGate(key);
    await joinRun(first);
  });

  it("is stopped when its thread is deleted, with what waits behind it", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
    await createRun(id, { assistant_id: "steps", input: {}, after_seconds: 3600 });
    await gateReached(key);
    const deleted = await call("DELETE", `/threads/${id}`);
    openGate(key);
    expect(deleted.status).toBe(204);
    expect(await rowsOf(threadStub(id))).toEqual({});
    expect((await call<Run[]>("POST", "/runs/search", { thread_id: id })).body).toEqual([]);
  });
});

it("takes the words of the JavaScript SDK for what becomes of a stateless run's thread", async () => {
  for (const [word, status] of [
    ["complete", 404],
    ["continue", 200],
  ] as const) {
    const { body: run } = await call<Run>("POST", "/runs", {
      assistant_id: "echo",
      input: { text: "a" },
      on_completion: word,
    });
    await joinRun(run);
    expect((await call("GET", `/threads/${run.thread_id}`)).status, word).toBe(status);
  }
});
