/**
 * The plug-in place: hands out the graphs that langgraph.json names, ready to run on the persistence
 * of whoever runs them.
 */
import "./async-context";
import "./sdk-logger";
import type { LangGraphRunnableConfig, Pregel } from "@langchain/langgraph";
import type { BaseCheckpointSaver, BaseStore } from "@langchain/langgraph-checkpoint";
import {
  graphs as generatedGraphs,
  schemas as generatedSchemas,
  settings as generatedSettings,
} from "../../.edgecron/graphs";
import type { ExtractedSchemas } from "./graph-schemas";

type AnyGraph = Pregel<Record<string, never>, Record<string, never>>;

/** A compiled graph, as far as the server uses one. */
export type RunnableGraph = Pick<
  AnyGraph,
  | "invoke"
  | "stream"
  | "streamEvents"
  | "getState"
  | "getStateHistory"
  | "updateState"
  | "bulkUpdateState"
  | "getGraphAsync"
  | "getSubgraphsAsync"
>;

/** A compiled graph that is only looked at. */
export type ReadableGraph = Pick<AnyGraph, "getGraphAsync" | "getSubgraphsAsync">;

export interface GraphPersistence {
  readonly checkpointer: BaseCheckpointSaver;
  readonly store?: BaseStore;
}

/** No graph of that id is in langgraph.json. */
export class GraphNotFoundError extends Error {
  override readonly name = "GraphNotFoundError";
}

export interface GraphRegistry {
  /** In the order of langgraph.json. */
  readonly graphIds: readonly string[];
  /**
   * The graph of this id, on the persistence given, whatever the graph was compiled with. Every call
   * returns an object of its own: Durable Objects that share an isolate must not share a checkpointer.
   * @param config given to a graph that is exported as a function: it is called at every load, and its
   *   second argument says that a run (and not a listing) is the reason, as in other LangGraph servers.
   * @throws GraphNotFoundError, and whatever a graph's function throws
   */
  readonly loadGraph: (
    graphId: string,
    config: LangGraphRunnableConfig,
    persistence: GraphPersistence,
  ) => Promise<RunnableGraph>;
  /**
   * The graph of this id, to be looked at and not run; a graph that is exported as a function is told so.
   * @throws GraphNotFoundError, and whatever a graph's function throws
   */
  readonly readGraph: (graphId: string, config: LangGraphRunnableConfig) => Promise<ReadableGraph>;
}

/** A registry of these exports: compiled graphs, StateGraphs, functions of these, promises of these. */
export function createRegistry(graphs: Readonly<Record<string, unknown>>): GraphRegistry {
  const exportsById = new Map(Object.entries(graphs));
  const compiledById = new Map<string, AnyGraph>();
  const graphIds = [...exportsById.keys()];

  async function graphOf(
    graphId: string,
    config: LangGraphRunnableConfig,
    runtime: FactoryRuntime,
  ): Promise<AnyGraph> {
    if (!exportsById.has(graphId)) {
      throw new GraphNotFoundError(`There is no graph "${graphId}"; there are: ${graphIds.join(", ")}`);
    }
    const known = compiledById.get(graphId);
    if (known !== undefined) return known;
    const exported = await exportsById.get(graphId);
    if (isFactory(exported)) return compiled(graphId, await exported(config, runtime));
    const graph = compiled(graphId, exported);
    compiledById.set(graphId, graph);
    return graph;
  }

  return {
    graphIds,
    async loadGraph(graphId, config, { checkpointer, store }) {
      const runtime: FactoryRuntime = {
        accessContext: "threads.create_run",
        executionRuntime: { context: config.context },
      };
      const copy = templateOf(await graphOf(graphId, config, runtime)).withConfig({});
      copy.checkpointer = checkpointer;
      if (store !== undefined) copy.store = store;
      return copy;
    },
    readGraph: (graphId, config) =>
      graphOf(graphId, config, { accessContext: "assistants.read", executionRuntime: null }),
  };
}

/** The graphs that langgraph.json names. */
export const { graphIds, loadGraph, readGraph } = createRegistry(generatedGraphs);

/** What the types of graphs told when the server was built: by graph id, by path of the subgraph (`""`: itself). */
export const extractedSchemas: Readonly<Record<string, Readonly<Record<string, ExtractedSchemas>>>> =
  generatedSchemas;

/** The sections of langgraph.json that are about the server: how long it keeps what, and what of requests it passes on. */
export const settings: {
  readonly checkpointer?: unknown;
  readonly store?: unknown;
  readonly http?: unknown;
  /** By graph id, what its default assistant is described as. */
  readonly descriptions?: Readonly<Record<string, string>>;
} = generatedSettings;

/** Unwraps what may stand for a graph: a compiled one, a StateGraph, or the agent of `createAgent`. */
function compiled(graphId: string, value: unknown): AnyGraph {
  if (isCompiled(value)) return value;
  if (hasKey(value, "graph") && isCompiled(value.graph)) return value.graph;
  if (isCompilable(value)) {
    const graph = value.compile();
    if (isCompiled(graph)) return graph;
  }
  throw new TypeError(`What langgraph.json names as graph "${graphId}" is not, or did not return, a graph`);
}

const templates = new WeakMap<AnyGraph, AnyGraph>();

/**
 * A copy of the graph that can itself be copied without touching the original: a graph of the
 * functional API checks itself whenever it is copied, and thereby lengthens a list the copies share.
 */
function templateOf(graph: AnyGraph): AnyGraph {
  let template = templates.get(graph);
  if (template === undefined) {
    template = graph.withConfig({});
    template.autoValidate = false;
    templates.set(graph, template);
  }
  return template;
}

/** Why a graph's function is called, as other LangGraph servers tell it. */
interface FactoryRuntime {
  accessContext: "threads.create_run" | "assistants.read";
  executionRuntime: { context: unknown } | null;
}

type Factory = (config: LangGraphRunnableConfig, runtime: FactoryRuntime) => unknown;

function isFactory(value: unknown): value is Factory {
  return typeof value === "function";
}

function isCompiled(value: unknown): value is AnyGraph {
  return hasKey(value, "lg_is_pregel") && value.lg_is_pregel === true;
}

function isCompilable(value: unknown): value is { compile: () => unknown } {
  return hasKey(value, "compile") && typeof value.compile === "function";
}

function hasKey<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === "object" && value !== null && key in value;
}
