/** Graphs of LangGraph before 0.2.19, by a stand-in with what such a graph has. */
import { expect, it } from "vitest";
import { completed, isOldestGraph } from "../../src/graphs/oldest-graphs";
import { collect } from "../support/collect";

class OldGraph {
  checkpointer: unknown = undefined;
  getState = () => undefined;
  updateState = () => undefined;
  prepareSpecs = () => undefined;
  getGraph = () => "drawn";
  async *_streamIterator(_input: unknown, { streamMode }: { streamMode: string[] }) {
    yield streamMode.length === 1 ? this.checkpointer : [streamMode[0], this.checkpointer];
  }
}

interface Completed {
  lg_is_pregel: boolean;
  checkpointer: unknown;
  withConfig: () => Completed;
  getGraphAsync: () => Promise<unknown>;
  _streamIterator: (input: unknown, options: object) => AsyncIterable<unknown>;
}

const complete = (): Completed => {
  const graph: unknown = new OldGraph();
  if (!isOldestGraph(graph)) throw new Error("it is not taken for a graph");
  return completed(graph) as unknown as Completed;
};

it("takes no other object for such a graph", () => {
  expect(
    [null, {}, "graph", Object.assign(new OldGraph(), { lg_is_pregel: true })].map(isOldestGraph),
  ).toEqual(Array(4).fill(false));
});

it("names the mode of a chunk when one mode is asked for in a list, and gives each copy its own checkpointer", async () => {
  const graph = complete();
  const copy = graph.withConfig();
  copy.checkpointer = "own";
  const chunks = (options: object) => collect(copy._streamIterator({}, options));
  expect(await chunks({ streamMode: ["values"] })).toEqual([["values", "own"]]);
  expect(await chunks({ streamMode: ["values", "updates"] })).toEqual([["values", "own"]]);
  expect(await chunks({ streamMode: ["values"], subgraphs: true })).toEqual([[[], "values", "own"]]);
  expect(graph.checkpointer).toBeUndefined();
  expect(await graph.getGraphAsync()).toBe("drawn");
});
