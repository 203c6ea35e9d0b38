/** Assistants as tools of MCP: their names, what they take, and what a call of one comes to. */
import { assistantIdOf, getAssistant } from "../../d1/assistants-table";
import type { JsonSchema } from "../../graphs/graph-schemas";
import { graphIds } from "../../graphs/registry";
import { asDomainError } from "../../platform/errors";
import { isJsonObject } from "../../platform/json";
import { logWarning } from "../../platform/log";
import { CRON_TOOLS } from "../../tools/definitions";
import type { Assistant } from "../../wire/assistants";
import { describeSchemas } from "../assistant-graph";
import { userOf, type EdgeContext } from "../caller";
import { bodyOf, type CallRoute } from "../inner-routes";

/** An assistant as a search shows it, with the name that it has as a tool. */
export interface NamedAssistant extends Listed {
  toolName: string;
}

type Listed = Pick<Assistant, "assistant_id" | "graph_id" | "name" | "description">;

export interface AssistantTool {
  name: string;
  title: string;
  description: string;
  inputSchema: JsonSchema & { type: "object" };
}

/** So many assistants are tools at most, the oldest first: the default ones are the oldest. */
const MAX_ASSISTANTS = 1_000;
/** Models take names of at most 64 characters, and clients put the name of the server in front. */
const MAX_NAME = 40;

const FIELDS = ["assistant_id", "graph_id", "name", "description"] as const;

/** The assistants that the caller may run, with their names as tools. */
export async function namedAssistants(c: EdgeContext, call: CallRoute): Promise<NamedAssistant[]> {
  const taken = new Set<string>(CRON_TOOLS.map(({ name }) => name));
  return (await runnableAssistants(c, call)).map((assistant) => {
    const toolName = freeName(assistant, taken);
    taken.add(toolName);
    return { ...assistant, toolName };
  });
}

/** The tools of assistants: of those whose input is an object. */
export async function assistantTools(c: EdgeContext, assistants: NamedAssistant[]): Promise<AssistantTool[]> {
  const graphs = [...new Set(assistants.map((assistant) => assistant.graph_id))];
  const known = graphs.filter((graphId) => graphIds.includes(graphId));
  const inputs = await Promise.all(known.map((graphId) => inputOf(c, graphId)));
  return assistants.flatMap(({ graph_id: graphId, toolName, name, description }) => {
    const inputSchema = inputs[known.indexOf(graphId)];
    if (!isObjectSchema(inputSchema)) return [];
    const told =
      description ?? `Runs the assistant "${name}" (graph ${graphId}) and answers with its output.`;
    return { name: toolName, title: name, description: told, inputSchema };
  });
}

/** A caller can run the default assistant of each graph, and what a search shows. Nothing, when the caller may not search. */
async function runnableAssistants(c: EdgeContext, call: CallRoute): Promise<Listed[]> {
  const body = { limit: MAX_ASSISTANTS, sort_by: "created_at", sort_order: "asc", select: FIELDS };
  const response = await call({ method: "POST", path: "/assistants/search", body });
  if (response.status === 403) return [];
  const found = await bodyOf<Listed[]>(response);
  const seen = new Set(found.map((assistant) => assistant.assistant_id));
  const unseen = graphIds.filter((id) => !seen.has(assistantIdOf(id)));
  const defaults = await Promise.all(unseen.map((id) => defaultAssistant(c, id)));
  return [...defaults.filter((one) => one !== undefined), ...found];
}

/** The default assistant of a graph; undefined when it was deleted. */
async function defaultAssistant(c: EdgeContext, graphId: string): Promise<Listed | undefined> {
  try {
    return await getAssistant(c.env.DB, graphId);
  } catch (error) {
    if (asDomainError(error)?.code === "assistant.not_found") return undefined;
    throw error;
  }
}

/** The schema of the input of a graph; undefined when the graph cannot be read, which must not hide the other tools. */
async function inputOf(c: EdgeContext, graphId: string): Promise<JsonSchema | undefined> {
  const read = { db: c.env.DB, idOrGraphId: graphId, visible: undefined, user: userOf(c) };
  try {
    const { input_schema: schema } = (await describeSchemas(read)) as { input_schema: JsonSchema };
    return toolInput(schema);
  } catch (error) {
    if (asDomainError(error) === undefined) throw error;
    logWarning("the assistants of a graph are no tools: its schemas cannot be read", { graph_id: graphId });
    return undefined;
  }
}

const isObjectSchema = (schema: JsonSchema | undefined): schema is AssistantTool["inputSchema"] =>
  schema?.type === "object";

/** How a model writes messages. The schema of a graph has the classes of LangChain there. */
const MESSAGES: JsonSchema = {
  type: "array",
  description: 'The messages, in order. Mostly one: {"role": "user", "content": "…"}.',
  items: {
    type: "object",
    properties: {
      role: { type: "string", enum: ["user", "assistant", "system"] },
      content: { type: "string" },
    },
    required: ["role", "content"],
  },
};

/** The schema of a graph's input for a model. A graph that says nothing of its input may take any object. */
function toolInput(given: JsonSchema): JsonSchema {
  const schema = Object.fromEntries(Object.entries(given).filter(([key]) => key !== "$schema"));
  if (Object.keys(schema).length === 0) return { type: "object" };
  const { properties } = schema;
  if (!isJsonObject(properties) || !isJsonObject(properties.messages)) return schema;
  return { ...schema, properties: { ...properties, messages: MESSAGES } };
}

/**
 * A name that MCP and the models behind its clients take, and that no tool has yet. An assistant whose name is taken has digits of its id
 * behind it.
 */
function freeName({ name, assistant_id: id }: Listed, taken: ReadonlySet<string>): string {
  const plain =
    name
      .normalize("NFKD")
      .replace(/[^A-Za-z0-9_-]+/g, "_")
      .replace(/^_+|_+$/g, "")
      .slice(0, MAX_NAME) || "assistant";
  const names = [plain, `${plain}_${id.slice(0, 8)}`, `${plain.slice(0, 3)}_${id}`];
  return names.find((one) => !taken.has(one)) ?? id;
}
