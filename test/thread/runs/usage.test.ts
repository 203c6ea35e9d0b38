/** What a run has used: every call of a model once, however it is made, streamed and ended. */
import { ModelAbortError } from "@langchain/core/errors";
import type { Serialized } from "@langchain/core/load/serializable";
import { AIMessage, AIMessageChunk, HumanMessage, type UsageMetadata } from "@langchain/core/messages";
import type { LLMResult } from "@langchain/core/outputs";
import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { UsageMeter } from "../../../src/thread/runs/token-usage";
import type { Run } from "../../../src/wire/runs/run";
import { atClock, createCron, ringAt, setClock, settled, slotsOf, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { TOTAL } from "../../support/graphs/spends";
import { gateReached, openGate, resetGate } from "../../support/graphs/steps";
import { setD1 } from "../../support/outage";
import { hearReports } from "../../support/reports";
import { open } from "../../support/sse";
import { createRun, createThread, getRun, joinRun } from "../../support/threads";
import { receiver } from "../../support/webhooks";
import { until } from "../../support/until";

atClock("2040-01-01T00:00:00.000Z");

const spends = (input: object = {}, fields: object = {}): object => ({
  assistant_id: "spends",
  input,
  ...fields,
});

/** The runs that D1 has of a thread, newest first. */
const indexed = async (threadId: string): Promise<Run[]> =>
  (await call<Run[]>("POST", "/runs/search", { thread_id: threadId })).body;

describe("every call is counted once", () => {
  it("without streaming, in this run only, and the index knows", async () => {
    const { thread_id: id } = await createThread();
    for (let n = 0; n < 2; n++) {
      const run = await createRun(id, spends());
      await joinRun(run);
      expect(await getRun(run)).toMatchObject({ status: "success", attempts: 1, usage: TOTAL });
    }
    expect((await indexed(id)).map(({ usage }) => usage)).toEqual([TOTAL, TOTAL]);
    const selected = { thread_id: id, select: ["usage", "attempts"], limit: 1 };
    expect((await call("POST", "/runs/search", selected)).body).toEqual([{ usage: TOTAL, attempts: 1 }]);
  });

  it.each([
    [["values"], false],
    [["messages-tuple"], false],
    [["messages", "updates"], true],
    [["events"], false],
    [["events", "messages-tuple", "debug"], true],
    [["tasks", "checkpoints", "custom"], true],
  ])("streamed as %s, subgraphs: %s", async (stream_mode, stream_subgraphs) => {
    const { thread_id: id } = await createThread();
    for (let n = 0; n < 2; n++) {
      const stream = await open(
        "POST",
        `/threads/${id}/runs/stream`,
        spends({}, { stream_mode, stream_subgraphs }),
      );
      const events = await stream.until();
      expect(events.map(({ event }) => event)).not.toContain("error");
    }
    await until(async () => (await indexed(id)).length === 2);
    expect((await indexed(id)).map(({ usage }) => usage)).toEqual([TOTAL, TOTAL]);
  });

  it.each(["sync", "async", "exit"])("with durability %s", async (durability) => {
    const { thread_id: id } = await createThread();
    const run = await createRun(id, spends({}, { durability }));
    await joinRun(run);
    expect((await getRun(run)).usage).toEqual(TOTAL);
  });

  it("of the default agent too, when no model is configured", async () => {
    const { thread_id: id } = await createThread();
    const question = { messages: [{ role: "user", content: "What time is it?" }] };
    const run = await createRun(id, { assistant_id: "agent", input: question });
    const { messages } = (await joinRun(run)) as unknown as {
      messages: { usage_metadata?: { input_tokens: number; output_tokens: number } }[];
    };
    const told = messages.flatMap(({ usage_metadata: usage }) => usage ?? []);
    expect(told).toHaveLength(2);
    expect((await getRun(run)).usage).toEqual({
      input_tokens: told.reduce((sum, { input_tokens: tokens }) => sum + tokens, 0),
      output_tokens: told.reduce((sum, { output_tokens: tokens }) => sum + tokens, 0),
    });
  });
});

it("a run that calls no model shows no usage, nor does what its client brought along count", async () => {
  const { thread_id: id } = await createThread();
  const echo = await createRun(id, { assistant_id: "echo", input: { text: "a" } });
  await joinRun(echo);
  expect(await getRun(echo)).not.toHaveProperty("usage");
  const usage_metadata = { input_tokens: 7, output_tokens: 7, total_tokens: 14 };
  const run = await createRun(id, spends({ messages: [{ type: "ai", content: "old", usage_metadata }] }));
  await joinRun(run);
  expect((await getRun(run)).usage).toEqual(TOTAL);
});

describe("what was used counts", () => {
  it("when the run fails", async () => {
    const { thread_id: id } = await createThread();
    const run = await createRun(id, spends({ then: "fail" }));
    await joinRun(run);
    expect(await getRun(run)).toMatchObject({ status: "error", usage: TOTAL });
  });

  it("when it is cancelled", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const run = await createRun(id, spends({ then: "wait", key }));
    await gateReached(key);
    await call("POST", `/threads/${id}/runs/${run.run_id}/cancel?wait=1`);
    expect(await getRun(run)).toMatchObject({ status: "interrupted", usage: TOTAL });
  });

  it("when its host dies, with what its further attempts use", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const run = await createRun(id, spends({ then: "wait", key }));
    await gateReached(key);
    await abortAllDurableObjects();
    expect((await getRun(run)).usage).toEqual(TOTAL);
    resetGate(key);
    openGate(key);
    setClock("2040-01-01T00:01:00.000Z");
    await runDurableObjectAlarm(threadStub(id));
    await joinRun(run);
    expect(await getRun(run)).toMatchObject({ status: "success", attempts: 2, usage: TOTAL });
  });

  it("when its host dies and it begins anew, as far as it was written", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const run = await createRun(id, spends({ then: "wait", key }, { durability: "exit" }));
    await gateReached(key);
    await abortAllDurableObjects();
    resetGate(key);
    openGate(key);
    setClock("2040-01-01T00:01:00.000Z");
    await runDurableObjectAlarm(threadStub(id));
    await joinRun(run);
    expect((await getRun(run)).usage).toEqual(TOTAL);
  });

  it("for its cron and its webhook, also while D1 is down", async () => {
    const { heard } = hearReports();
    const { url, calls } = receiver();
    const key = crypto.randomUUID();
    const cron = await createCron({ assistant_id: "spends", input: { then: "wait", key }, webhook: url });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    const stub = threadStub(slot?.thread_id ?? "");
    await gateReached(key);
    await setD1(stub, false);
    openGate(key);
    await settled(slot);
    await until(() => heard.length === 1 && calls.length === 1);
    expect(heard[0]).toMatchObject({
      inputTokens: TOTAL.input_tokens,
      outputTokens: TOTAL.output_tokens,
      attempts: 1,
    });
    expect(calls[0]?.body).toMatchObject({ usage: TOTAL, attempts: 1 });
    await evictDurableObject(stub);
    expect((await call<Run>("GET", `/threads/${slot?.thread_id}/runs/${slot?.run_id}`)).body.usage).toEqual(
      TOTAL,
    );
  });
});

describe("the meter", () => {
  const told = (usage: unknown): AIMessage =>
    new AIMessage({ content: "", usage_metadata: usage as UsageMetadata });
  const ended = (messages: AIMessage[], tokenUsage?: object): LLMResult => ({
    generations: [messages.map((message) => ({ text: "", message }))],
    llmOutput: { tokenUsage },
  });

  it("takes what a model tells beside its messages, when they tell nothing", () => {
    const meter = new UsageMeter(null);
    meter.handleLLMEnd(ended([new AIMessage("a"), new AIMessage("b")], { promptTokens: 3 }), "1");
    expect(meter.read()).toEqual({ inputTokens: 3, outputTokens: 0 });
    meter.handleLLMEnd(ended([told({ input_tokens: 1, output_tokens: 1 })], { promptTokens: 9 }), "2");
    expect(meter.read()).toEqual({ inputTokens: 4, outputTokens: 1 });
  });

  it("takes a call that was broken off for what it told until then, and one from a cache for nothing", () => {
    const meter = new UsageMeter({ inputTokens: 1, outputTokens: 1 });
    const part = new AIMessageChunk({
      content: "",
      usage_metadata: { input_tokens: 5, output_tokens: 0, total_tokens: 5 },
    });
    meter.handleLLMError(new ModelAbortError("stopped", part));
    meter.handleLLMError(new Error("refused"));
    const cached = told({ input_tokens: 50, output_tokens: 50 });
    meter.handleLLMEnd(ended([cached]), "1", undefined, undefined, { cached: true });
    expect(meter.read()).toEqual({ inputTokens: 6, outputTokens: 1 });
  });

  it("is not led astray by what is no count", () => {
    const meter = new UsageMeter(null);
    const nonsense = [{}, { input_tokens: NaN, output_tokens: -4 }, { input_tokens: "7" }, null, 3];
    for (const usage of nonsense) meter.handleLLMEnd(ended([told(usage)]), "1");
    meter.handleLLMEnd(ended([told({ input_tokens: 1.4, output_tokens: Infinity })]), "2");
    expect(meter.read()).toEqual({ inputTokens: 1, outputTokens: 0 });
  });

  it("looks at the messages of a long thread only when a node returns one that may be among them", () => {
    const meter = new UsageMeter(null);
    let looks = 0;
    const old = told({ input_tokens: 9, output_tokens: 9 });
    old.id = "old";
    const watched = new AIMessage("a");
    Object.defineProperty(watched, "id", { get: () => ((looks += 1), "watched") });
    const messages = [new HumanMessage("q"), watched, old];
    const start = (id: string) => {
      meter.handleChainStart({} as Serialized, { messages }, id, "", [], { langgraph_node: "n" }, "", "n");
    };
    start("1");
    messages.push(told({ input_tokens: 1, output_tokens: 0 }));
    meter.handleChainEnd({ messages: [new AIMessage("without usage")] }, "1");
    expect(looks).toBe(0);
    // The node has pushed a message of its own to the list that it was given, and returns the whole list.
    start("2");
    messages.push(told({ input_tokens: 4, output_tokens: 0 }));
    meter.handleChainEnd({ messages }, "2");
    expect(meter.read()).toEqual({ inputTokens: 4, outputTokens: 0 });
    expect(looks).toBeGreaterThan(0);
  });

  it("gives what is to be saved once", () => {
    const meter = new UsageMeter({ inputTokens: 1, outputTokens: 1 });
    expect(meter.takeUnsaved()).toBeNull();
    meter.handleLLMEnd(ended([told({ input_tokens: 2, output_tokens: 0 })]), "1");
    expect(meter.takeUnsaved()).toEqual({ inputTokens: 3, outputTokens: 1 });
    expect(meter.takeUnsaved()).toBeNull();
  });
});

it("is told of runs that the index has from before it was counted by leaving it out", async () => {
  const { thread_id: id } = await createThread();
  const run = await createRun(id, spends());
  await joinRun(run);
  await env.DB.prepare(
    "UPDATE runs SET attempts = NULL, input_tokens = NULL, output_tokens = NULL WHERE run_id = ?",
  )
    .bind(run.run_id)
    .run();
  const before = await getRun(run);
  expect(before).not.toHaveProperty("usage");
  expect(before).not.toHaveProperty("attempts");
});
