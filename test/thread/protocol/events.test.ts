/** What the thread protocol tells of a run: which events there are, in which order, and who gets which. */
import { describe, expect, it, vi } from "vitest";
import { brief, dataOf, Events, say, succeed, type WireEvent, someText } from "../../support/protocol";

/** The events of a run of the graph "talks". */
async function eventsOf(content: string, filter: object = {}): Promise<WireEvent[]> {
  const threadId = crypto.randomUUID();
  const events = await Events.of(threadId, filter);
  await say(threadId, content);
  return events.until();
}

const named = (events: WireEvent[], method: string): WireEvent[] =>
  events.filter((event) => event.method === method);

/** The text that a model has streamed. */
const textOf = (events: WireEvent[]): string =>
  named(events, "messages")
    .map((event) => (dataOf(event).delta as { text?: string } | undefined)?.text ?? "")
    .join("");

describe("the events of a run", () => {
  it("tell it from its begin to its end", async () => {
    const events = await eventsOf("hello");
    expect(events.map(brief)).toEqual([
      "lifecycle running",
      "checkpoints",
      "values",
      "tasks agent",
      "custom",
      "agent lifecycle started",
      "agent messages message-start",
      "agent messages content-block-start",
      ...["YOU ", "SAID: ", "HELLO"].flatMap(() => [
        "agent custom shouts",
        "agent messages content-block-delta",
      ]),
      "agent messages content-block-finish",
      "agent messages message-finish",
      "updates",
      "tasks agent",
      "agent lifecycle completed",
      "checkpoints",
      "values",
      "tasks ask",
      "updates",
      "tasks ask",
      "tasks finish",
      "updates",
      "tasks finish",
      "custom toolCount",
      "lifecycle completed",
    ]);
    const seqs = events.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].toSorted((one, other) => one - other));
    expect(textOf(events)).toBe("You said: hello");
    expect(events[0]).toMatchObject({
      type: "event",
      params: { namespace: [], data: { graph_name: "talks" } },
    });
    const [start] = named(events, "messages");
    expect(start).toMatchObject({
      params: { node: "agent", data: { role: "ai", id: someText, run_id: someText } },
    });
    const [checkpoint] = named(events, "checkpoints");
    expect(Object.keys(dataOf(checkpoint as WireEvent)).toSorted()).toEqual([
      "id",
      "parent_id",
      "source",
      "step",
    ]);
    expect(named(events, "updates")[0]?.params).toMatchObject({
      node: "agent",
      data: { node: "agent", values: { messages: [{ type: "ai" }] } },
    });
    expect(named(events, "values").at(-1)?.params.data).toMatchObject({
      messages: [{ type: "human" }, { type: "ai" }],
    });
    const customs = named(events, "custom").map(dataOf);
    expect(customs[0]).toEqual({ payload: { step: "agent" } });
    expect(customs[1]).toEqual({ name: "shouts", payload: "YOU " });
    expect(customs.at(-1)).toEqual({ name: "toolCount", payload: 0 });
  });

  it("tell of tools and of the graphs in the graph", async () => {
    const events = await eventsOf("weather and help");
    expect(named(events, "tools").map(dataOf)).toEqual([
      { event: "tool-started", tool_call_id: "call-1", tool_name: "weather", input: '{"city":"Oslo"}' },
      {
        event: "tool-finished",
        tool_call_id: "call-1",
        output: expect.objectContaining({ content: "rain in Oslo" }) as object,
      },
    ]);
    const blocks = named(events, "messages")
      .map(dataOf)
      .filter(({ event }) => event === "content-block-finish");
    expect(blocks[0]?.content).toEqual({
      type: "tool_call",
      id: "call-1",
      name: "weather",
      args: { city: "Oslo" },
    });
    expect(named(events, "lifecycle").map(brief)).toEqual([
      "lifecycle running",
      ...["agent", "tools", "agent"].flatMap((name) => [
        `${name} lifecycle started`,
        `${name} lifecycle completed`,
      ]),
      "helper lifecycle started",
      "helper/think lifecycle started",
      "helper/think lifecycle completed",
      "helper lifecycle completed",
      "lifecycle completed",
    ]);
    expect(named(events, "custom").map(dataOf)).toContainEqual({ name: "thought", payload: "deep" });
    expect(named(events, "custom").map(dataOf)).toContainEqual({ name: "toolCount", payload: 1 });
  });

  it("tell what the run asks, once, and that it waits", async () => {
    const events = await eventsOf("ask me");
    expect(events.slice(-2).map(brief)).toEqual(["custom toolCount", "lifecycle interrupted"]);
    expect(named(events, "input.requested").map((event) => event.params)).toMatchObject([
      { namespace: [], data: { interrupt_id: someText, payload: "sure?" } },
    ]);
    for (const { params } of named(events, "values")) expect(params.data).not.toHaveProperty("__interrupt__");
    expect(named(events, "updates").map(brief)).not.toContain("__interrupt__");
  });

  it("tell why a run has failed", async () => {
    const events = await eventsOf("please fail");
    expect(events.at(-1)?.params).toMatchObject({
      namespace: [],
      data: { event: "failed", error: "as it was told" },
    });
  });
});

describe("a filter", () => {
  it.each([
    [{ channels: ["lifecycle"] }, ["lifecycle running", "lifecycle completed"]],
    [{ channels: ["custom"] }, ["custom", "custom shouts", "custom thought", "custom toolCount"]],
    [{ channels: ["custom:shouts"] }, ["custom shouts"]],
  ])("lets the events of its channels pass: %j", async ({ channels }, expected) => {
    const filter = { channels: [...channels, "lifecycle"] };
    const events = await eventsOf("help", filter);
    const kinds = new Set(
      events
        .filter(({ method, params }) =>
          channels.includes("lifecycle") ? params.namespace.length === 0 : method !== "lifecycle",
        )
        .map((event) => brief({ ...event, params: { ...event.params, namespace: [] } })),
    );
    expect([...kinds].toSorted()).toEqual(expected.toSorted());
  });

  it("lets the events of subgraphs pass, whatever the ids of their tasks", async () => {
    const helper = await eventsOf("help", {
      namespaces: [["helper"], []],
      channels: ["lifecycle", "values"],
      depth: 0,
    });
    expect([...new Set(helper.map(({ params }) => params.namespace.join().replace(/:.*/, "")))]).toEqual([
      "",
      "helper",
    ]);
  });

  it("lets the events down to a depth pass", async () => {
    const depths = async (depth: number): Promise<number[]> => {
      const events = await eventsOf("help", { namespaces: [[]], depth });
      return [...new Set(events.map(({ params }) => params.namespace.length))].toSorted();
    };
    expect([await depths(0), await depths(1), await depths(2)]).toEqual([[0], [0, 1], [0, 1, 2]]);
  });
});

it("Python's SDK finds messages and tools where it looks for them, and no graph where there is none", async () => {
  const threadId = crypto.randomUUID();
  const python = { "user-agent": "langgraph-sdk-py/0.4.0" };
  const root = { channels: ["messages", "tools", "lifecycle", "input"], namespaces: [[]], depth: 0 };
  const streams = [
    await Events.of(threadId, root, python),
    await Events.of(threadId, { channels: ["lifecycle"] }, python),
  ];
  await say(threadId, "weather, help and ask");
  const [events = [], lifecycle = []] = await Promise.all(streams.map((stream) => stream.until()));
  expect(textOf(events)).toBe("You said: rain in Oslo");
  expect(named(events, "tools").map(brief)).toEqual(["tools tool-started", "tools tool-finished"]);
  expect(dataOf(named(events, "input.requested")[0] as WireEvent)).toMatchObject({
    payload: "sure?",
    value: "sure?",
  });
  const expected = [
    "lifecycle running",
    "helper lifecycle started",
    "helper lifecycle completed",
    "lifecycle interrupted",
  ];
  expect(lifecycle.map(brief)).toEqual(expected);
  const late = await Events.of(threadId, { channels: ["lifecycle"] }, python);
  expect((await late.until()).map(brief)).toEqual(expected);
});

it("the tree shows the graphs in the graph", async () => {
  const threadId = crypto.randomUUID();
  const events = await Events.of(threadId);
  await say(threadId, "help");
  await events.until();
  const { tree } = await succeed<{ tree: object }>(threadId, "agent.getTree");
  expect(tree).toMatchObject({
    namespace: [],
    graph_name: "talks",
    status: "completed",
    children: [
      { graph_name: "agent" },
      { graph_name: "helper", status: "completed", children: [{ graph_name: "think", status: "completed" }] },
    ],
  });
});

it("asks Python's SDK a moment after the question came up, when it knows that the run has begun", async () => {
  const at = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: at });
  const threadId = crypto.randomUUID();
  const inPython = await Events.of(threadId, {}, { "user-agent": "langgraph-sdk-py/0.4.0" });
  const others = await Events.of(threadId);
  await say(threadId, "ask me");
  let isAsked = false;
  const asked = inPython
    .until(({ method }) => method === "input.requested")
    .then(() => {
      isAsked = true;
    });
  await others.until();
  await eventsOf("hello");
  expect(isAsked).toBe(false);
  vi.setSystemTime(at + 1_000);
  await asked;
  vi.useRealTimers();
});
