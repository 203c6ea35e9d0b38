/** The default assistants: every graph has one. Its id is derived from the graph's id, and the server inserts its row. */
import { z } from "zod";
import { graphIds, settings } from "../graphs/registry";
import { now } from "../platform/clock";
import type { JsonObject } from "../platform/json";
import { logError } from "../platform/log";
import { defaultAssistantId } from "../wire/default-assistant-id";
import { CONTENT } from "./assistant-row";

const idsByGraph = new Map(graphIds.map((graphId) => [graphId, defaultAssistantId(graphId)]));

/** The assistant's id: for the id of a graph, that of its default assistant; any other text is an assistant's id, in lower case. */
export const assistantIdOf = (idOrGraphId: string): string =>
  idsByGraph.get(idOrGraphId) ?? idOrGraphId.toLowerCase();

const graphsById = new Map([...idsByGraph].map(([graphId, assistantId]) => [assistantId, graphId]));

/** The graph whose default assistant has this id; undefined for any other assistant. */
export const graphOfDefaultAssistant = (assistantId: string): string | undefined =>
  graphsById.get(assistantId);

/**
 * True once this isolate knows that the rows exist. It is a flag and not a promise that all requests await: when the request
 * that made a promise is cancelled, the promise never settles, and every later request would wait for ever.
 */
let ensured = false;

/** Makes sure that the default assistant of each graph is in D1. Each isolate does this once. */
export async function ensureDefaultAssistants(db: D1Database): Promise<void> {
  if (ensured) return;
  await insertDefaultAssistants(db);
  ensured = true;
}

/** The variable `LANGGRAPH_CONFIG`: by graph id, the config and context of its default assistant, as in other LangGraph servers. */
const defaultConfigs = z.record(z.string(), z.looseObject({ context: z.unknown().optional() }));

/** The parsed `LANGGRAPH_CONFIG`. When the variable cannot be parsed, this is logged, and no graph has a configured default. */
function configuredDefaults(): Record<string, JsonObject> {
  try {
    return defaultConfigs.parse(JSON.parse(process.env.LANGGRAPH_CONFIG ?? "{}"));
  } catch (error) {
    logError("LANGGRAPH_CONFIG is not read", error);
    return {};
  }
}

/** The values of one default assistant's row, in the order in which the statement of {@link insertDefaultAssistants} reads them. */
function rowValuesOf(
  [graphId, assistantId]: [string, string],
  configured: Record<string, JsonObject>,
): unknown[] {
  const { context = {}, ...config } = configured[graphId] ?? {};
  const description = settings.descriptions?.[graphId] ?? null;
  return [graphId, assistantId, description, JSON.stringify(config), JSON.stringify(context)];
}

/** The columns that langgraph.json and `LANGGRAPH_CONFIG` decide, as an update of the row that is there. */
const DECIDED = ["description", "config", "context"];
const TAKEN_OVER =
  `DO UPDATE SET ${DECIDED.map((column) => `${column} = excluded.${column}`).join(", ")} ` +
  `WHERE version = 1 AND (${DECIDED.map((column) => `${column} IS NOT excluded.${column}`).join(" OR ")})`;

/**
 * Inserts the missing default assistants, with version 1. One that is there gets the description of langgraph.json and the config of
 * `LANGGRAPH_CONFIG` as they are now, until its owner changes it and so makes version 2.
 */
export async function insertDefaultAssistants(db: D1Database): Promise<void> {
  const configured = configuredDefaults();
  const rows = JSON.stringify([...idsByGraph].map((ids) => rowValuesOf(ids, configured)));
  const at = now();
  await db.batch([
    db
      .prepare(
        `INSERT INTO assistants (assistant_id, version, created_at, updated_at, ${CONTENT})
         SELECT value ->> 1, 1, ?, ?, value ->> 0, value ->> 0, value ->> 2, value ->> 3, value ->> 4, '{"created_by":"system"}'
         FROM json_each(?) WHERE true ON CONFLICT (assistant_id) ${TAKEN_OVER}`,
      )
      .bind(at, at, rows),
    db
      .prepare(
        `INSERT INTO assistant_versions (assistant_id, version, created_at, ${CONTENT})
         SELECT assistant_id, version, created_at, ${CONTENT} FROM assistants
         WHERE assistant_id IN (SELECT value ->> 1 FROM json_each(?)) ON CONFLICT (assistant_id, version) ${TAKEN_OVER}`,
      )
      .bind(rows),
  ]);
}
