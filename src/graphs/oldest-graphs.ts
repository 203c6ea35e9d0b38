/**
 * Compiled graphs of LangGraph before version 0.2.19, which do not say that they are graphs and lack methods that the server
 * calls. A copy of such a graph is given them, so that it can be used like any other.
 */

type Stream = (input: unknown, options?: Options) => AsyncGenerator;

interface Options {
  readonly streamMode?: string | readonly string[];
  readonly subgraphs?: boolean;
}

interface OldestGraph {
  readonly _streamIterator: Stream;
  readonly getGraph: (config?: unknown) => unknown;
}

/** Whether it is a compiled graph of such a version. */
export function isOldestGraph(value: unknown): value is OldestGraph {
  if (typeof value !== "object" || value === null || "lg_is_pregel" in value) return false;
  return ["_streamIterator", "getState", "updateState", "getGraph", "prepareSpecs"].every(
    (name) => typeof (value as Record<string, unknown>)[name] === "function",
  );
}

/** A copy of the graph with what is missing. */
export function completed(graph: OldestGraph): OldestGraph {
  const copy = copyOf(graph);
  return Object.assign(copy, {
    lg_is_pregel: true,
    withConfig: () => copyOf(copy),
    getGraphAsync: async (config?: unknown) => graph.getGraph(config),
    async *getSubgraphsAsync() {
      // These versions do not tell what the nodes are.
    },
    async *_streamIterator(this: OldestGraph, input: unknown, options: Options = {}) {
      const stream = graph._streamIterator.call(this, input, options);
      const modes = options.streamMode;
      // One mode in a list is streamed without its name, and none with the namespace of a subgraph.
      const [mode] = Array.isArray(modes) && modes.length === 1 ? (modes as string[]) : [];
      for await (const chunk of stream) {
        const named = mode === undefined ? chunk : [mode, chunk];
        yield options.subgraphs === true ? [[], ...(named as unknown[])] : named;
      }
    },
  });
}

const copyOf = <G extends object>(graph: G): G =>
  Object.assign(Object.create(Object.getPrototypeOf(graph) as object) as G, graph);
