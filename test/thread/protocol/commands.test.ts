/** The commands of the thread protocol: what they do, and how they are refused. */
import { describe, expect, it } from "vitest";
import type { Run } from "../../../src/wire/runs/run";
import type { WireState } from "../../../src/wire/threads/state";
import { call } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import {
  command,
  ended,
  dataOf,
  Events,
  isEnd,
  say,
  succeed,
  type Success,
  type WireEvent,
  someText,
  someNumber,
  textWith,
} from "../../support/protocol";

const newId = (): string => crypto.randomUUID();
const stateOf = async (threadId: string): Promise<WireState> =>
  (await call<WireState>("GET", `/threads/${threadId}/state`)).body;

/** Starts a run and waits for its end. */
async function sayAndWait(threadId: string, content: string): Promise<string> {
  const { run_id: runId } = await say(threadId, content);
  await ended(threadId, runId);
  return runId;
}

/** Starts a run that asks something. @returns the ids of what it asks */
async function ask(threadId: string, assistantId = "asks"): Promise<string[]> {
  const { run_id: runId } = await succeed<{ run_id: string }>(threadId, "run.start", {
    assistant_id: assistantId,
    input: {},
  });
  await ended(threadId, runId);
  return (await stateOf(threadId)).interrupts.map(({ id }) => String(id));
}

async function answer(threadId: string, params: object): Promise<unknown> {
  const { run_id: runId } = await succeed<{ run_id: string }>(threadId, "input.respond", params);
  await ended(threadId, runId);
  return (await stateOf(threadId)).values;
}

describe("run.start", () => {
  it("makes the thread and a run like any other", async () => {
    const threadId = newId();
    const answered = await command<Success<{ run_id: string }>>(threadId, "run.start", {
      assistant_id: "talks",
      input: { messages: [{ role: "user", content: "hello" }], gate: threadId },
      metadata: { from: "test" },
      config: { tags: ["a"], configurable: { colour: "red" } },
    });
    expect(answered).toEqual({
      type: "success",
      id: someNumber,
      result: { run_id: someText },
      meta: { thread_id: threadId, applied_through_seq: someNumber },
    });
    const { run_id: runId } = answered.result;
    await gateReached(threadId);
    const { body: run } = await call<Run>("GET", `/threads/${threadId}/runs/${runId}`);
    expect(run).toMatchObject({
      status: "running",
      metadata: { from: "test" },
      kwargs: { config: { tags: ["a"], configurable: { colour: "red" } } },
      multitask_strategy: "enqueue",
    });
    await call("POST", `/threads/${threadId}/runs/${runId}/cancel?wait=true`);
    const { body: runs } = await call<Run[]>("GET", `/threads/${threadId}/runs`);
    expect(runs.map((one) => [one.run_id, one.status])).toEqual([[runId, "interrupted"]]);
    const events = await (await Events.of(threadId)).until();
    expect(events.at(-1)?.params.data).toMatchObject({ event: "interrupted" });
  });

  it("says with which event the run begins", async () => {
    const threadId = newId();
    await sayAndWait(threadId, "one");
    const { meta, result } = await command<Success<{ run_id: string }>>(threadId, "run.start", {
      assistant_id: "echo",
      input: {},
    });
    await ended(threadId, result.run_id);
    const [first] = await (await Events.of(threadId, { since: meta.applied_through_seq })).until();
    expect(first?.params.data).toMatchObject({ event: "running", graph_name: "echo" });
  });

  it.each([
    [{ multitask_strategy: "reject" }, "invalid_argument"],
    [{ multitaskStrategy: "reject" }, "invalid_argument"],
    [{ multitaskStrategy: "whatever" }, undefined],
    [{}, undefined],
  ])("heeds the strategy for a busy thread: %j", async (strategy, error) => {
    const threadId = newId();
    const { run_id: first } = await say(threadId, "hello", { gate: threadId });
    await gateReached(threadId);
    const answered = await command(threadId, "run.start", { assistant_id: "talks", input: {}, ...strategy });
    expect(answered.type === "error" ? answered.error : undefined).toBe(error);
    openGate(threadId);
    await ended(threadId, first);
  });

  it("answers an interrupt with its input when the thread waits for one", async () => {
    const threadId = newId();
    await sayAndWait(threadId, "ask me");
    const { run_id: runId } = await succeed<{ run_id: string }>(threadId, "run.start", {
      assistant_id: "talks",
      input: "sure",
    });
    await ended(threadId, runId);
    expect((await stateOf(threadId)).values).toMatchObject({ answer: "sure" });
  });

  it("starts from a checkpoint", async () => {
    const threadId = newId();
    await sayAndWait(threadId, "one");
    await sayAndWait(threadId, "two");
    const { body: history } = await call<WireState[]>("GET", `/threads/${threadId}/history?limit=100`);
    const first = history.findLast(({ next }) => next.length === 0);
    const { run_id: runId } = await succeed<{ run_id: string }>(threadId, "run.start", {
      assistant_id: "talks",
      input: { messages: [{ role: "user", content: "three" }] },
      config: { configurable: { checkpoint_id: first?.checkpoint.checkpoint_id } },
    });
    await ended(threadId, runId);
    const { messages } = (await stateOf(threadId)).values as {
      messages: { type: string; content: unknown }[];
    };
    expect(messages.filter(({ type }) => type === "human").map(({ content }) => content)).toEqual([
      "one",
      "three",
    ]);
  });

  it.each([
    [{ input: {} }, "params.assistant_id"],
    [{ assistant_id: 5, input: {} }, "params.assistant_id"],
    [{ assistant_id: "nobody", input: {} }, "nobody"],
    [{ assistant_id: "talks", config: { recursion_limit: 0 } }, "params.config.recursion_limit"],
    [{ assistant_id: "talks", metadata: [] }, "params.metadata"],
  ])("refuses %j", async (params, named) => {
    const answered = await command(newId(), "run.start", params);
    expect(answered).toMatchObject({
      type: "error",
      error: "invalid_argument",
      message: textWith(named),
    });
  });
});

describe("input.respond", () => {
  it("answers one interrupt", async () => {
    const threadId = newId();
    const [id] = await ask(threadId, "interrupts");
    expect(await answer(threadId, { interrupt_id: id, response: "yes" })).toMatchObject({ answer: "yes" });
  });

  it("answers several at once, and tells which", async () => {
    const threadId = newId();
    const [left, right] = await ask(threadId);
    await answer(threadId, {
      responses: [
        { interrupt_id: left, response: "l" },
        { interrupt_id: right, response: "r" },
      ],
    });
    const events = await (await Events.of(threadId)).until();
    expect(events.find(({ method }) => method === "input.answered")?.params.data).toEqual({
      interrupt_ids: [left, right],
    });
    expect(
      events.filter(({ method }) => method === "input.requested").map((event) => dataOf(event).payload),
    ).toEqual(["and then?"]);
  });

  it("answers while the run that has asked has not ended yet", async () => {
    const threadId = newId();
    const events = await Events.of(threadId);
    await say(threadId, "ask me");
    const asked = (await events.until(({ method }) => method === "input.requested")).at(-1);
    const { interrupt_id: id } = dataOf(asked as WireEvent);
    expect(await answer(threadId, { interrupt_id: id, response: "at once" })).toMatchObject({
      answer: "at once",
    });
  });

  it("updates the state and goes elsewhere on the way", async () => {
    const threadId = newId();
    const [id] = await ask(threadId, "interrupts");
    const values = await answer(threadId, {
      interrupt_id: id,
      response: "yes",
      update: { question: "changed" },
    });
    expect(values).toMatchObject({ question: "changed" });
  });

  it("is refused when nobody asks, or somebody else", async () => {
    const threadId = newId();
    const params = { interrupt_id: "0".repeat(32), response: 1 };
    expect(await command(threadId, "input.respond", params)).toMatchObject({
      type: "error",
      error: "no_such_run",
    });
    await sayAndWait(threadId, "hello");
    expect(await command(threadId, "input.respond", params)).toMatchObject({
      type: "error",
      error: "no_such_interrupt",
    });
    await sayAndWait(threadId, "ask me");
    expect(await command(threadId, "input.respond", params)).toMatchObject({
      type: "error",
      error: "no_such_interrupt",
      message: textWith(params.interrupt_id),
    });
    expect(await command(threadId, "input.respond", { response: 1 })).toMatchObject({
      type: "error",
      error: "invalid_argument",
    });
    expect(await command(threadId, "input.respond", { responses: [] })).toMatchObject({
      type: "error",
      error: "invalid_argument",
    });
  });
});

describe("the state", () => {
  it("is read, whole or in parts", async () => {
    const threadId = newId();
    await sayAndWait(threadId, "hello");
    const whole = await succeed<{ values: object; checkpoint: object }>(threadId, "state.get", {});
    expect(whole).toMatchObject({
      values: { messages: [{}, {}] },
      checkpoint: { id: someText, ns: "" },
    });
    const part = await succeed<{ values: object }>(threadId, "state.get", {
      namespace: [],
      keys: ["answer"],
    });
    expect(part.values).toEqual({});
    expect(await command(threadId, "state.get", { namespace: ["nowhere"] })).toMatchObject({
      error: "no_such_namespace",
    });
  });

  it("of no thread is not found", async () => {
    for (const method of ["state.get", "state.listCheckpoints"]) {
      const { status, body } = await call("POST", `/threads/${newId()}/commands`, {
        id: 1,
        method,
        params: {},
      });
      expect([status, body]).toMatchObject([404, { code: "thread.not_found" }]);
    }
  });

  it("is listed by its checkpoints, and gone on with from one of them", async () => {
    const threadId = newId();
    await sayAndWait(threadId, "one");
    const { checkpoints } = await succeed<{ checkpoints: { id: string; step: number; timestamp: string }[] }>(
      threadId,
      "state.listCheckpoints",
      { limit: 100 },
    );
    expect(checkpoints.map(({ step }) => step)).toEqual([3, 2, 1, 0, -1]);
    expect(Date.parse(checkpoints[0]?.timestamp ?? "")).toBeGreaterThan(0);
    const [newest, second] = checkpoints;
    const { checkpoints: older } = await succeed<{ checkpoints: { id: string }[] }>(
      threadId,
      "state.listCheckpoints",
      {
        limit: 1,
        before: newest?.id,
      },
    );
    expect(older.map(({ id }) => id)).toEqual([second?.id]);
    const forked = await succeed<{ run_id: string; thread_id: string }>(threadId, "state.fork", {
      checkpoint_id: checkpoints.at(-2)?.id,
      input: { messages: [{ role: "user", content: "two" }] },
    });
    expect(forked.thread_id).toBe(threadId);
    await ended(threadId, forked.run_id);
    const unknown = { checkpoint_id: "1ef00000-0000-6000-8000-000000000000" };
    expect(await command(threadId, "state.fork", unknown)).toMatchObject({ error: "no_such_checkpoint" });
    const start = { assistant_id: "talks", input: {}, config: { configurable: unknown } };
    expect(await command(threadId, "run.start", start)).toMatchObject({ error: "no_such_checkpoint" });
    expect(await command(newId(), "state.fork", unknown)).toMatchObject({ error: "no_such_run" });
  });
});

describe("a command that is none", () => {
  it.each([
    ["input.inject", "not_supported"],
    ["subscription.subscribe", "not_supported"],
    ["subscription.reconnect", "not_supported"],
    ["agent.getTree", "no_such_run"],
    ["run.stop", "unknown_command"],
    ["constructor", "unknown_command"],
  ])("%s is refused with %s", async (method, error) => {
    expect(await command(newId(), method, {})).toMatchObject({
      type: "error",
      error,
      message: someText,
    });
  });

  it.each([
    [{}],
    [{ id: -1, method: "state.get" }],
    [{ id: 1 }],
    [{ id: 1, method: 5 }],
    [{ id: 1, method: "state.get", params: [] }],
    ["["],
  ])("is answered as a bad request: %j", async (body) => {
    expect((await call("POST", `/threads/${newId()}/commands`, body)).status).toBe(422);
  });

  it.each([
    [{}],
    [{ channels: [] }],
    [{ channels: ["nothing"] }],
    [{ channels: ["custom:"] }],
    [{ channels: ["values"], depth: -1 }],
    [{ channels: ["values"], namespaces: ["a"] }],
    [{ channels: ["values"], since: "x" }],
    [{ channels: ["values"], other: 1 }],
  ])("and so is a stream of %j", async (body) => {
    expect((await call("POST", `/threads/${newId()}/stream/events`, body)).status).toBe(422);
  });
});

it("a stream that is open before the thread tells of its first run", async () => {
  const threadId = newId();
  const events = await Events.of(threadId, { channels: ["lifecycle"], namespaces: [[]], depth: 0 });
  await say(threadId, "hello");
  expect((await events.until(isEnd)).map((event) => dataOf(event).event)).toEqual(["running", "completed"]);
});
