/** The kinds of export that may stand for a graph, beside those of the test graphs. */
import {
  Annotation,
  Command,
  entrypoint,
  InMemoryStore,
  interrupt,
  MemorySaver,
  START,
  StateGraph,
  task,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { expect, it, vi } from "vitest";
import { createRegistry } from "../../src/graphs/registry";

const State = Annotation.Root({ text: Annotation<string>() });
const builder = new StateGraph(State)
  .addNode("copy", ({ text }, config: LangGraphRunnableConfig) => ({
    text: config.store === undefined ? `${text}, no store` : text,
  }))
  .addEdge(START, "copy");
const upper = task("upper", async (text: string) => text.toUpperCase());
const functional = entrypoint("shout", async (text: string) => {
  const loud = await upper(text);
  return `${loud}${interrupt<string, string>("How loud?")}`;
});
const factory = vi.fn<(...given: unknown[]) => unknown>(() => builder);

const { loadGraph } = createRegistry({
  promised: Promise.resolve(builder.compile()),
  wrapped: { graph: builder.compile(), builder },
  "no-checkpointer": builder.compile({ checkpointer: false }),
  functional,
  "sync-factory": factory,
  broken: () => "a string",
});

const persistence = () => ({ checkpointer: new MemorySaver(), store: new InMemoryStore() });
const config = { configurable: { thread_id: "t" } };

it.each(["promised", "wrapped", "no-checkpointer", "sync-factory"])("runs a graph that is %s", async (id) => {
  const graph = await loadGraph(id, config, persistence());
  expect(await graph.invoke({ text: id }, config)).toEqual({ text: id });
  expect((await graph.getState(config)).values).toEqual({ text: id });
});

it("runs a graph of the functional API, task, interrupt and all", async () => {
  const graph = await loadGraph("functional", config, persistence());
  expect(await graph.invoke("hey", config)).toMatchObject({ __interrupt__: [{ value: "How loud?" }] });
  expect(await graph.invoke(new Command({ resume: "!!" }), config)).toBe("HEY!!");
});

it("does not lengthen a graph's own lists at every load", async () => {
  const original = functional as unknown as { triggerToNodes: Record<string, string[]> };
  await loadGraph("functional", config, persistence());
  const before = structuredClone(original.triggerToNodes);
  await loadGraph("functional", config, persistence());
  expect(original.triggerToNodes).toEqual(before);
});

it("tells a graph function why it is called", async () => {
  const withContext = { ...config, context: { user: "u" } };
  await loadGraph("sync-factory", withContext, persistence());
  expect(factory).toHaveBeenLastCalledWith(withContext, {
    accessContext: "threads.create_run",
    executionRuntime: { context: { user: "u" } },
  });
});

it("names a graph whose function returns something else", async () => {
  await expect(loadGraph("broken", config, persistence())).rejects.toThrow('graph "broken"');
});
