/** What an assistant's graph looks like: its nodes and edges, its subgraphs, the schemas of its state. */
import type { RunnableConfig } from "@langchain/core/runnables";
import type { AccessFilter } from "../calls/access-filter";
import { userKeys, withoutUserKeys, type User } from "../calls/user";
import { getAssistant } from "../d1/assistants-table";
import { schemasOf, type GraphSchemas, type JsonSchema } from "../graphs/graph-schemas";
import { extractedSchemas, graphIds, readGraph, type ReadableGraph } from "../graphs/registry";
import { within } from "../platform/deadline";
import { DomainError, messageOf } from "../platform/errors";
import { GRAPH_FACTORY_MS } from "../platform/time-limits";
import type { Assistant } from "../wire/assistants";

/** The message of an error that a graph's function throws is cut off after this many characters. */
const MAX_MESSAGE_LENGTH = 1_000;

/** Which graph is read, and by whom. */
export interface GraphRead {
  db: D1Database;
  idOrGraphId: string;
  /** An assistant that does not pass this filter counts as one that does not exist. */
  visible: AccessFilter | undefined;
  user: User | null;
}

/** The schemas on the wire. A graph that declares no configuration has no schemas of it. */
interface WireSchemas {
  input_schema: JsonSchema;
  output_schema: JsonSchema;
  state_schema: JsonSchema;
  config_schema: JsonSchema | undefined;
  context_schema: JsonSchema | undefined;
}

/**
 * The nodes and edges of the graph.
 * @param xray whether to draw subgraphs in place of their nodes, or down to which depth
 * @throws assistant.not_found, graph.not_found; graph.invalid when it cannot be loaded or drawn.
 */
export function drawGraph(read: GraphRead, xray: boolean | number): Promise<unknown> {
  const options: RunnableConfig & { xray: boolean | number } = { xray };
  return withGraph(read, async (graph) => (await graph.getGraphAsync(options)).toJSON());
}

/**
 * The schemas of the graph.
 * @throws assistant.not_found, graph.not_found; graph.invalid when it cannot be loaded.
 */
export function describeSchemas(read: GraphRead): Promise<unknown> {
  return withGraph(read, async (graph, { graph_id: graphId }) => ({
    graph_id: graphId,
    ...toWire(schemasOf(graph, extractedSchemas[graphId]?.[""])),
  }));
}

/**
 * The schemas of the graph's subgraphs, by their paths.
 * @param namespace the path of the only subgraph to describe, as `outer|inner`; a nested subgraph is found only with `recurse`
 * @throws assistant.not_found, graph.not_found; graph.invalid when it cannot be loaded.
 */
export function describeSubgraphs(
  read: GraphRead,
  namespace: string | undefined,
  recurse: boolean,
): Promise<unknown> {
  return withGraph(read, async (graph, { graph_id: graphId }) => {
    const subgraphs: [string, WireSchemas][] = [];
    for await (const [path, subgraph] of graph.getSubgraphsAsync(namespace, recurse)) {
      subgraphs.push([path, toWire(schemasOf(subgraph, extractedSchemas[graphId]?.[path]))]);
    }
    return Object.fromEntries(subgraphs);
  });
}

/** Loads the graph of the assistant with the assistant's configuration, and returns what `look` returns as plain JSON. */
async function withGraph(
  { db, idOrGraphId, visible, user }: GraphRead,
  look: (graph: ReadableGraph, assistant: Assistant) => Promise<unknown>,
): Promise<unknown> {
  const assistant = await getAssistant(db, idOrGraphId, visible);
  const { graph_id: graphId, config, context } = assistant;
  if (!graphIds.includes(graphId)) {
    throw new DomainError(
      "graph.not_found",
      `assistant ${assistant.assistant_id} is of graph ${JSON.stringify(graphId)}, which this server no longer ` +
        `has; there are: ${graphIds.join(", ")}`,
    );
  }
  // A run always has a `configurable`, so functions that make graphs may rely on it.
  const loaded = readGraph(graphId, {
    ...config,
    configurable: { ...withoutUserKeys({ ...asObject(config["configurable"]) }), ...userKeys(user) },
    context,
  });
  try {
    const graph = await within(GRAPH_FACTORY_MS, "the function that makes it", loaded);
    const seen: unknown = JSON.parse(JSON.stringify(await look(graph, assistant)));
    return seen;
  } catch (error) {
    const reason = messageOf(error).slice(0, MAX_MESSAGE_LENGTH);
    throw new DomainError("graph.invalid", `graph ${JSON.stringify(graphId)} cannot be read: ${reason}`);
  }
}

const asObject = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

/** A graph has one schema for its configuration, which clients send as `config` or as `context`. */
const toWire = ({ input, output, state, config }: GraphSchemas): WireSchemas => ({
  input_schema: inDraft07(input),
  output_schema: inDraft07(output),
  state_schema: inDraft07(state),
  config_schema: config && inDraft07(config),
  context_schema: config && inDraft07(config),
});

/** The schema with the name of its draft, as LangGraph's own server answers. An empty schema stays empty. */
const inDraft07 = (schema: JsonSchema): JsonSchema =>
  Object.keys(schema).length === 0
    ? schema
    : { ...schema, $schema: "http://json-schema.org/draft-07/schema#" };
