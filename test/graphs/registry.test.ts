import { InMemoryStore, MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { graphIds, GraphNotFoundError, loadGraph } from "../../src/graphs/registry";
import { graphs } from "edgecron:graphs";
import { graph as echo } from "../support/graphs/echo";
import { graph as ownGraph, ownCheckpointer } from "../support/graphs/own-checkpointer";
import { executionsOf, gateReached, openGate } from "../support/graphs/steps";

const thread = (thread_id: string, more: Record<string, unknown> = {}) => ({
  configurable: { thread_id, ...more },
});

async function checkpointsIn(saver: BaseCheckpointSaver, threadId: string): Promise<number> {
  const found = [];
  for await (const checkpoint of saver.list(thread(threadId))) found.push(checkpoint);
  return found.length;
}

describe("loadGraph", () => {
  it("knows the graphs of langgraph.json, in its order", () => {
    expect(graphIds).toEqual(Object.keys(graphs));
    expect(graphIds).toContain("agent");
  });

  it("names an unknown graph and those there are", async () => {
    const load = loadGraph("constructor", {}, { checkpointer: new MemorySaver() });
    await expect(load).rejects.toBeInstanceOf(GraphNotFoundError);
    await expect(load).rejects.toThrow('There is no graph "constructor"; there are: agent, echo,');
  });

  it("runs a compiled graph on the checkpointer given, and leaves the module's graph alone", async () => {
    const checkpointer = new MemorySaver();
    const graph = await loadGraph("echo", {}, { checkpointer });
    expect(await graph.invoke({ text: "hi" }, thread("t1"))).toEqual({
      text: "hi",
      reply: "You said: hi",
      seen: ["hi"],
    });
    expect((await graph.getState(thread("t1"))).values).toMatchObject({ seen: ["hi"] });
    expect(graph).not.toBe(echo);
    expect(echo.checkpointer).toBeUndefined();
  });

  it("keeps the persistence of two loads apart", async () => {
    const [a, b] = [new MemorySaver(), new MemorySaver()];
    const graphA = await loadGraph("echo", {}, { checkpointer: a });
    const graphB = await loadGraph("echo", {}, { checkpointer: b });
    await graphA.invoke({ text: "only a" }, thread("t1"));
    expect(await checkpointsIn(a, "t1")).toBeGreaterThan(0);
    expect(await checkpointsIn(b, "t1")).toBe(0);
    expect((await graphB.getState(thread("t1"))).values).toEqual({});
  });

  it("gives a graph that has its own checkpointer ours", async () => {
    const checkpointer = new MemorySaver();
    const graph = await loadGraph("own-checkpointer", {}, { checkpointer });
    await graph.invoke({ text: "x" }, thread("own"));
    expect(await graph.invoke({ text: "y" }, thread("own"))).toEqual({ text: "y", count: 2 });
    expect(await checkpointsIn(checkpointer, "own")).toBeGreaterThan(0);
    expect(await checkpointsIn(ownCheckpointer, "own")).toBe(0);
    expect(ownGraph.checkpointer).toBe(ownCheckpointer);
  });

  it("compiles a StateGraph", async () => {
    const graph = await loadGraph("uncompiled", {}, { checkpointer: new MemorySaver() });
    expect(await graph.invoke({ text: "loud" }, thread("t"))).toEqual({ text: "loud", reply: "LOUD" });
  });

  it("calls a graph function with the configuration, at every load", async () => {
    const checkpointer = new MemorySaver();
    for (const greeting of ["Moin", "Servus"]) {
      const config = thread(greeting, { greeting });
      const graph = await loadGraph("factory", config, { checkpointer });
      expect(await graph.invoke({ text: "you" }, config)).toMatchObject({ reply: `${greeting}, you` });
    }
  });

  it("gives nodes the store given", async () => {
    const store = new InMemoryStore();
    const graph = await loadGraph("echo", {}, { checkpointer: new MemorySaver(), store });
    expect((graph as typeof echo).store).toBe(store);
    expect(echo.store).toBeUndefined();
  });
});

describe("the graphs of the tests", () => {
  it("steps waits at its gate and counts what ran", async () => {
    const graph = await loadGraph("steps", {}, { checkpointer: new MemorySaver() });
    const run = graph.invoke({ gate: "registry-gate" }, thread("steps-1"));
    await gateReached("registry-gate");
    expect([executionsOf("steps-1", "one"), executionsOf("steps-1", "three")]).toEqual([1, 0]);
    openGate("registry-gate");
    expect(await run).toMatchObject({ trail: ["one", "two", "three"] });
  });

  it("steps stops waiting when its run is aborted", async () => {
    const graph = await loadGraph("steps", {}, { checkpointer: new MemorySaver() });
    const abort = new AbortController();
    const run = graph.invoke({ gate: "never" }, { ...thread("steps-2"), signal: abort.signal });
    await gateReached("never");
    abort.abort();
    await expect(run).rejects.toThrow();
    expect(executionsOf("steps-2", "three")).toBe(0);
  });

  it("interrupts asks, and goes on with the answer", async () => {
    const graph = await loadGraph("interrupts", {}, { checkpointer: new MemorySaver() });
    expect(await graph.invoke({ question: "Really?" }, thread("i"))).toMatchObject({
      __interrupt__: [{ value: { question: "Really?" } }],
    });
    expect((await graph.getState(thread("i"))).next).toEqual(["ask"]);
  });

  it("fails with the message of its input", async () => {
    const graph = await loadGraph("fails", {}, { checkpointer: new MemorySaver() });
    await expect(graph.invoke({ message: "as told" }, thread("f"))).rejects.toThrow("as told");
  });
});
