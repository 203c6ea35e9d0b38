/** RemoteGraph: a graph of the server as if it were here. */
import { Annotation, Command, END, MemorySaver, Send, START, StateGraph } from "@langchain/langgraph";
import { RemoteGraph } from "@langchain/langgraph/remote";
import { HumanMessage } from "@langchain/core/messages";
import { Client } from "@langchain/langgraph-sdk";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { edgeFetch } from "../support/edge";
import { gateReached } from "../support/graphs/steps";
import { sdkOptions } from "../support/sdk";

interface Said {
  content: unknown;
}

const client = new Client(sdkOptions());

const remoteGraph = (graphId: string): RemoteGraph => new RemoteGraph({ graphId, client });

const newThread = () => ({ configurable: { thread_id: crypto.randomUUID() } });

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe("RemoteGraph", () => {
  it("invokes, stateless and on a thread, which it makes", async () => {
    const echo = remoteGraph("echo");
    expect(await echo.invoke({ text: "a" })).toEqual({ text: "a", reply: "You said: a", seen: ["a"] });
    const config = newThread();
    await echo.invoke({ text: "a" }, config);
    expect(await echo.invoke({ text: "b" }, config)).toMatchObject({ seen: ["a", "b"] });
  });

  it("invokes with messages of LangChain", async () => {
    const answer = (await remoteGraph("agent").invoke({
      messages: [new HumanMessage("What time is it?")],
    })) as {
      messages: { type: string }[];
    };
    expect(answer.messages[0]).toMatchObject({ type: "human", content: "What time is it?" });
    expect(answer.messages.at(-1)).toMatchObject({ type: "ai" });
  });

  it("tells the error of a graph that fails", async () => {
    await expect(remoteGraph("fails").invoke({ message: "broken" })).rejects.toThrow("broken");
  });

  it("streams values and updates, one mode or several", async () => {
    const steps = remoteGraph("steps");
    const updates = ["one", "two", "three"].map((name) => ({ [name]: { trail: [name] } }));
    expect(await all(await steps.stream({}))).toEqual(updates);
    const values = await all(await steps.stream({}, { streamMode: "values" }));
    expect(values.at(-1)).toEqual({ trail: ["one", "two", "three"] });
    expect(values).toHaveLength(3);
    const both = await all(await steps.stream({}, { streamMode: ["values", "updates"] }));
    expect(both.filter(([mode]) => mode === "updates").map(([, chunk]) => chunk as unknown)).toEqual(updates);
    expect(both.filter(([mode]) => mode === "values").map(([, chunk]) => chunk as unknown)).toEqual(values);
  });

  it("streams messages", async () => {
    const input = { messages: [{ role: "user", content: "What time is it?" }] };
    const events = await all(
      client.runs.stream(null, "agent", { input, streamMode: ["messages-tuple", "updates"] }),
    );
    expect(events.some(({ event }) => event === "messages")).toBe(true);
    // What this version of RemoteGraph hands on of them is its own affair; that it takes them is ours.
    await all(await remoteGraph("agent").stream(input, { streamMode: ["messages", "values"] }));
  });

  it("streams what happens in subgraphs", async () => {
    const chunks = await all(
      await remoteGraph("subgraphs").stream({ text: " a b " }, { streamMode: ["updates"], subgraphs: true }),
    );
    const namespaces = chunks.map(([namespace]) => (namespace as string[]).map((part) => part.split(":")[0]));
    expect(namespaces).toEqual([[], ["middle", "inner"], ["middle"], ["middle", "typed"], ["middle"], []]);
    const plain = await all(
      await remoteGraph("subgraphs").stream({ text: " a b " }, { streamMode: ["updates"] }),
    );
    expect(plain.map(([, chunk]) => Object.keys(chunk as object))).toEqual([["before"], ["middle"]]);
  });

  it("reads, changes and goes back in the state", async () => {
    const echo = remoteGraph("echo");
    const config = newThread();
    await echo.invoke({ text: "a" }, config);
    const state = await echo.getState(config);
    expect(state).toMatchObject({ values: { text: "a", seen: ["a"] }, next: [], config });
    const changed = await echo.updateState(config, { seen: ["b"] }, "echo");
    expect(changed.configurable?.["checkpoint_id"]).not.toBe(state.config.configurable?.["checkpoint_id"]);
    expect((await echo.getState(config)).values).toMatchObject({ seen: ["a", "b"] });
    expect((await echo.getState(state.config)).values).toMatchObject({ seen: ["a"] });

    const history = await all(echo.getStateHistory(config));
    expect(history.map(({ values }) => (values as { seen?: string[] }).seen)).toEqual([
      ["a", "b"],
      ["a"],
      [],
      [],
    ]);
    expect(history[1]?.config).toEqual(state.config);
    expect(history[0]?.parentConfig).toEqual(state.config);
    expect(await all(echo.getStateHistory(config, { before: state.config, limit: 1 }))).toEqual(
      history.slice(2, 3),
    );
  });

  it("is interrupted, and resumed with a command", async () => {
    const asks = remoteGraph("interrupts");
    const config = newThread();
    await expect(asks.invoke({ question: "well?" }, config)).rejects.toMatchObject({
      interrupts: [{ value: { question: "well?" } }],
    });
    const state = await asks.getState(config);
    expect(state).toMatchObject({
      next: ["ask"],
      tasks: [{ interrupts: [{ value: { question: "well?" } }] }],
    });
    expect(await asks.invoke(new Command({ resume: "fine" }), config)).toEqual({
      question: "well?",
      answer: "fine",
    });
  });

  it("is sent on to a node with an input of its own, and updated, with a command", async () => {
    const steps = remoteGraph("steps");
    const jump = new Command({ goto: new Send("three", { trail: [] }), update: { trail: ["updated"] } });
    expect(await steps.invoke(jump, newThread())).toEqual({ trail: ["updated", "three"] });
    const jumps = new Command({ goto: ["three", new Send("three", { trail: [] })] });
    expect(await steps.invoke(jumps, newThread())).toEqual({ trail: ["three", "three"] });
  });

  it("is drawn, with its subgraphs", async () => {
    const drawn = await remoteGraph("subgraphs").getGraphAsync();
    expect(Object.keys(drawn.nodes)).toEqual(["__start__", "before", "middle", "__end__"]);
    const found = await all(remoteGraph("subgraphs").getSubgraphsAsync(undefined, true));
    expect(found.map(([namespace]) => namespace)).toEqual(["middle", "middle|inner", "middle|typed"]);
  });
});

describe("RemoteGraph as a node of a local graph", () => {
  const Echo = Annotation.Root({ text: Annotation<string>(), reply: Annotation<string>() });

  it("gives its result to the parent, and its events to the parent's stream", async () => {
    const parent = new StateGraph(Echo)
      .addNode("remote", remoteGraph("echo"))
      .addEdge(START, "remote")
      .addEdge("remote", END)
      .compile();
    expect(await parent.invoke({ text: "a" })).toMatchObject({ reply: "You said: a" });
    const chunks = await all(await parent.stream({ text: "a" }, { streamMode: "updates", subgraphs: true }));
    const inner = chunks.find(([namespace]) => namespace.length > 0);
    expect(inner?.[1]).toEqual({ echo: { reply: "You said: a", seen: ["a"] } });
    expect(Object.keys(chunks.at(-1)?.[1] as object)).toEqual(["remote"]);
  });

  it("interrupts the parent", async () => {
    const State = Annotation.Root({ question: Annotation<string>(), answer: Annotation<string>() });
    const asks = remoteGraph("interrupts");
    const parent = new StateGraph(State)
      .addNode("remote", asks)
      .addEdge(START, "remote")
      .addEdge("remote", END)
      .compile({ checkpointer: new MemorySaver() });
    const config = newThread();
    await parent.invoke({ question: "well?" }, config);
    const { tasks, next } = await parent.getState(config);
    expect(next).toEqual(["remote"]);
    expect(tasks[0]?.interrupts).toMatchObject([{ value: { question: "well?" } }]);
    // LangGraph hands the parent's answer to no RemoteGraph; it is given to the thread itself, which has the same id.
    expect(await asks.invoke(new Command({ resume: "fine" }), config)).toMatchObject({ answer: "fine" });
  });
});

describe("RemoteGraph's events of version 3", () => {
  // RemoteGraph does not hand the client's `fetch` to the stream of a thread.
  beforeEach(() => vi.stubGlobal("fetch", edgeFetch));
  afterEach(() => vi.unstubAllGlobals());
  const talks = remoteGraph("talks");
  const say = (content: string) => ({ messages: [new HumanMessage(content)] });
  const textOf = (values: unknown): unknown => (values as { messages: Said[] }).messages.at(-1)?.content;

  it("tells messages, values, subgraphs and what it ends with", async () => {
    const run = await talks.streamEvents(say("help"), { version: "v3" });
    const [messages, values, lifecycle] = await Promise.all([
      all(run.messages),
      all(run.values),
      all(run.lifecycle),
    ]);
    expect(await Promise.all(messages.map(({ text }) => text))).toContain("You said: help");
    expect(values.at(-1)).toEqual(await run.output);
    expect(lifecycle.filter(({ namespace }) => namespace.length === 0).map(({ event }) => event)).toEqual([
      "running",
      "completed",
    ]);
    expect(lifecycle.some(({ namespace: [label] }) => label?.startsWith("helper:"))).toBe(true);
    expect([run.interrupted, run.interrupts]).toEqual([false, []]);
    await run.thread.close();
  });

  it("tells all events in order, also as server-sent events", async () => {
    const run = await talks.streamEvents(say("weather"), { version: "v3" });
    const methods = (await all(run)).map(({ method }) => method);
    expect(methods[0]).toBe("lifecycle");
    expect(methods).toEqual(
      expect.arrayContaining(["values", "updates", "messages", "tools", "checkpoints"]),
    );
    await run.thread.close();
    const encoded = await talks.streamEvents(say("hello"), { version: "v3", encoding: "text/event-stream" });
    const text = await new Response(encoded as ReadableStream<Uint8Array>).text();
    expect(text).toContain('"event":"content-block-delta"');
    expect(text).toContain('event: lifecycle\ndata: {"event":"completed"');
  });

  it("is asked, and goes on with a command", async () => {
    const config = newThread();
    const asked = await talks.streamEvents(say("ask me"), { version: "v3", ...config });
    await all(asked.values);
    expect([asked.interrupted, asked.interrupts]).toMatchObject([true, [{ payload: "sure?" }]]);
    await asked.thread.close();
    const answer = new Command({ resume: "yes", update: { messages: [new HumanMessage("so be it")] } });
    const answered = await talks.streamEvents(answer, { version: "v3", ...config });
    expect(await answered.output).toMatchObject({ answer: "yes" });
    expect(textOf(await answered.output)).toBe("so be it");
    await answered.thread.close();
  });

  it("is cancelled when its caller gives it up", async () => {
    const config = newThread();
    const threadId = config.configurable.thread_id;
    const run = await talks.streamEvents({ ...say("hello"), gate: threadId }, { version: "v3", ...config });
    await gateReached(threadId);
    const lifecycle = all(run.lifecycle);
    run.abort();
    await lifecycle;
    const [{ run_id: runId } = { run_id: "" }] = await client.runs.list(threadId);
    await client.runs.join(threadId, runId);
    expect(await client.runs.get(threadId, runId)).toMatchObject({ status: "interrupted" });
  });
});
