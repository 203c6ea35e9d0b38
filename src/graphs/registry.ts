/**
 * Loads the graphs that langgraph.json names. Each loaded graph uses the checkpointer and the store of the caller. The order of the
 * imports matters: graphs may use the async context and the logger while they are loaded.
 */
import "./async-context";
import "./run-console";
import "./sdk-logger";
import type { LangGraphRunnableConfig, Pregel } from "@langchain/langgraph";
import type { BaseCheckpointSaver, BaseStore } from "@langchain/langgraph-checkpoint";
import {
  graphs as generatedGraphs,
  schemas as generatedSchemas,
  settings as generatedSettings,
} from "edgecron:graphs";
import { completed, isOldestGraph } from "./oldest-graphs";

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

/** A compiled graph whose structure is read and which is not run. */
export type ReadableGraph = Pick<AnyGraph, "getGraphAsync" | "getSubgraphsAsync">;

export interface GraphPersistence {
  readonly checkpointer: BaseCheckpointSaver;
  readonly store?: BaseStore;
}

/** The error that langgraph.json names no graph of this id. */
export class GraphNotFoundError extends Error {
  override readonly name = "GraphNotFoundError";
}

export interface GraphRegistry {
  /** The ids of all graphs, in the order of langgraph.json. */
  readonly graphIds: readonly string[];
  /**
   * The graph of this id, to be run. It uses the given persistence, even when it was compiled with another. Every call returns
   * a new copy, because Durable Objects that share an isolate must not share a checkpointer.
   * @param config the argument for a graph that is exported as a function. The function is called at every load. Its second
   *   argument says that the graph is loaded for a run and not to be read, as in other LangGraph servers.
   * @throws GraphNotFoundError, and whatever a graph's function throws
   */
  readonly loadGraph: (
    graphId: string,
    config: LangGraphRunnableConfig,
    persistence: GraphPersistence,
  ) => Promise<RunnableGraph>;
  /**
   * The graph of this id, to read its structure and not to run it. A graph that is exported as a function is told so.
   * @throws GraphNotFoundError, and whatever a graph's function throws
   */
  readonly readGraph: (graphId: string, config: LangGraphRunnableConfig) => Promise<ReadableGraph>;
}

/**
 * Makes a registry of graphs.
 * @param graphs by graph id, what a module exports: a compiled graph, a StateGraph, a function that returns one, or a promise
 *   of one of these
 */
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

/** The schemas that the build read from types: by graph id, then by the path of the subgraph (`""` for the graph itself). */
export const extractedSchemas = generatedSchemas;

/** The sections of langgraph.json that configure the server: times to live, the request headers that graphs see, and auth. */
export const settings = generatedSettings;

/**
 * The compiled graph that an export stands for: a compiled graph, a StateGraph, or the agent of `createAgent`.
 * @throws TypeError when the export is none of these
 */
function compiled(graphId: string, value: unknown): AnyGraph {
  if (isCompiled(value)) return value;
  if (isOldestGraph(value)) return compiled(graphId, completed(value));
  if (hasKey(value, "graph") && isCompiled(value.graph)) return value.graph;
  if (isCompilable(value)) {
    const graph = value.compile();
    if (isCompiled(graph) || isOldestGraph(graph)) return compiled(graphId, graph);
  }
  throw new TypeError(`What langgraph.json names as graph "${graphId}" is not, or did not return, a graph`);
}

const templates = new WeakMap<AnyGraph, AnyGraph>();

/**
 * A copy of the graph from which all further copies are made, so that they do not change the original. A graph of the functional
 * API validates itself whenever it is copied, and each time adds to a list that all copies share. The template does not.
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

/** Tells a graph's function why it is called, in the form of other LangGraph servers. */
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
