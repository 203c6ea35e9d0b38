/** `client.threads.stream()` of the JavaScript SDK, over server-sent events and over a WebSocket. */
import { Client } from "@langchain/langgraph-sdk";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HOLD_MS } from "../../src/thread/protocol/sockets";
import type { Run } from "../../src/wire/runs/run";
import { call, edgeFetch } from "../support/edge";
import { EdgeSocket } from "../support/edge-socket";
import { gateReached, openGate } from "../support/graphs/steps";
import { someText } from "../support/protocol";
import { createThread, waitRun } from "../support/threads";
import { stretchTimers } from "../support/timers";

interface State {
  messages: { type?: string; content: unknown }[];
  answer?: string;
}

const client = new Client({ apiUrl: "http://edge", callerOptions: { fetch: edgeFetch } });
const hello = (content: string, more: object = {}) => ({
  input: { messages: [{ role: "user", content }], ...more },
});

/** Collects what is iterated over. */
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe.each(["sse", "websocket"] as const)("a thread stream by %s", (transport) => {
  // On a busy machine the SDK subscribes later to what it wants to hear of a run that has ended.
  beforeEach(() => {
    stretchTimers(HOLD_MS, 300);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  /** Break the connections that were opened. */
  const breaks: (() => void)[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await edgeFetch(input, init);
    if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) return response;
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => undefined);
    breaks.push(() => {
      broken.reject(new Error("broken"));
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await Promise.race([reader.read(), broken.promise]);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => reader.cancel(),
    });
    return new Response(body, response);
  };
  const open = (threadId: string = crypto.randomUUID(), assistantId = "talks") =>
    client.threads.stream(threadId, {
      assistantId,
      transport,
      fetch,
      reconnectDelayMs: () => 1,
      webSocketFactory: (url) => {
        const socket = new EdgeSocket(url);
        breaks.push(() => {
          socket.break();
        });
        return socket as unknown as WebSocket;
      },
    });
  const textOf = ({ messages }: State): string => JSON.stringify(messages.at(-1)?.content);

  it("streams states, messages and tools, and ends with the output", async () => {
    const thread = open();
    const values = all(thread.values);
    const calls = all(thread.toolCalls);
    const messages = all(thread.messages);
    await thread.run.start(hello("weather"));
    const output = (await thread.output) as State;
    expect(textOf(output)).toContain("You said: rain in Oslo");
    expect((await values).at(-1)).toEqual(output);
    const [tool] = await calls;
    expect([tool?.name, tool?.callId, tool?.input]).toEqual(["weather", "call-1", { city: "Oslo" }]);
    expect(await tool?.output).toBe("rain in Oslo");
    const texts = await Promise.all((await messages).map(async ({ text }) => text));
    expect(texts.at(-1)).toBe("You said: rain in Oslo");
    await thread.close();
  });

  it("has the graphs in the graph, and what its transformers made, also afterwards", async () => {
    const thread = open();
    const subgraphs = all(thread.subgraphs);
    await thread.run.start(hello("help"));
    await thread.output;
    const names = (await subgraphs).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["agent", "helper"]));
    expect(await thread.extensions.toolCount).toBe(0);
    expect(await all(thread.extensions.shouts as AsyncIterable<string>)).toContain("YOU ");
    await thread.close();
  });

  it("asks, and goes on with the answer", async () => {
    const thread = open();
    await thread.run.start(hello("ask me"));
    await all(thread.values);
    expect(thread.interrupted).toBe(true);
    const [interrupt, ...others] = thread.interrupts;
    expect([interrupt, others]).toEqual([{ interruptId: someText, payload: "sure?", namespace: [] }, []]);
    const after = all(await thread.subscribe("values"));
    await thread.input.respond({
      namespace: [],
      interrupt_id: interrupt?.interruptId ?? "",
      response: "yes",
    });
    expect(JSON.stringify((await after).at(-1))).toContain('"answer":"yes"');
    await expect(
      thread.input.respond({ namespace: [], interrupt_id: interrupt?.interruptId ?? "", response: "again" }),
    ).rejects.toThrow(/waits for no answer/);
    await thread.close();
  });

  it("has a turn for each handle, and is told of the last one without starting any", async () => {
    const threadId = crypto.randomUUID();
    for (const word of ["one", "two"]) {
      const thread = open(threadId);
      await thread.run.start(hello(word));
      expect(textOf((await thread.output) as State)).toContain(word);
      await thread.close();
    }
    const late = open(threadId);
    expect(textOf((await late.output) as State)).toContain("two");
    await late.close();
  });

  it("is told of runs that something else has started, and how they have ended", async () => {
    const { thread_id: threadId } = await createThread();
    const early = open(threadId);
    const output = early.output;
    // A command after it says that the subscription is there.
    await early.subscribe("lifecycle");
    await waitRun(threadId, { assistant_id: "talks", ...hello("from afar") });
    expect(textOf((await output) as State)).toContain("from afar");
    await early.close();
    const late = open(threadId);
    expect(textOf((await late.output) as State)).toContain("from afar");
    await late.close();
  });

  it("reads the state and its checkpoints, and forks", async () => {
    const thread = open();
    await thread.run.start(hello("one"));
    await thread.output;
    expect(await thread.agent.getTree()).toMatchObject({ tree: { graph_name: "talks" } });
    const { checkpoints } = await thread.state.listCheckpoints({});
    const { checkpoint } = await thread.state.get({ namespace: [] });
    expect(checkpoint?.id).toBe(checkpoints[0]?.id);
    const first = checkpoints.at(-1)?.id ?? "";
    const forked = open(thread.threadId);
    await forked.run.start({ ...hello("two"), forkFrom: first });
    expect(((await forked.output) as State).messages).toHaveLength(2);
    await forked.close();
    await thread.close();
  });

  it("goes on where its connection broke, without loss or repetition", async () => {
    const thread = open();
    const seen = all(await thread.subscribe({ channels: ["messages", "custom", "lifecycle"] }));
    await thread.run.start(hello("hello", { gate: thread.threadId }));
    await gateReached(thread.threadId);
    for (const breakOne of breaks.splice(0)) breakOne();
    openGate(thread.threadId);
    const events = await seen;
    expect(new Set(events.map(({ seq }) => seq)).size).toBe(events.length);
    const words = events.flatMap(
      ({ params }) => (params.data as { delta?: { text: string } }).delta?.text ?? [],
    );
    expect(words.join("")).toBe("You said: hello");
    expect(events.slice(-2).map(({ params }): unknown => params.data)).toMatchObject([
      { name: "toolCount" },
      { event: "completed" },
    ]);
    await thread.close();
  });

  it("leaves a run that the older API lists, joins and cancels", async () => {
    const thread = open();
    const { run_id: runId = "" } = await thread.run.start(hello("hello", { gate: thread.threadId }));
    await gateReached(thread.threadId);
    expect(await client.runs.get(thread.threadId, runId)).toMatchObject({ status: "running" });
    const values = all(thread.values);
    await client.runs.cancel(thread.threadId, runId, true);
    await values;
    expect(thread.interrupted).toBe(true);
    const { body: runs } = await call<Run[]>("GET", `/threads/${thread.threadId}/runs`);
    expect(runs.map(({ run_id, status }) => [run_id, status])).toEqual([[runId, "interrupted"]]);
    await thread.close();
  });

  it("says what is wrong", async () => {
    await expect(open(crypto.randomUUID(), "nobody").run.start(hello("x"))).rejects.toThrow(/nobody/);
    const thread = open();
    const ends: string[] = [];
    thread.onEvent(({ method, params }) => {
      const data = params.data as { event?: string; error?: string };
      if (method === "lifecycle" && params.namespace.length === 0)
        ends.push(`${data.event} ${data.error ?? ""}`);
    });
    await thread.run.start(hello("please fail"));
    await thread.output;
    expect(ends.at(-1)).toBe("failed as it was told");
    await thread.close();
  });
});
