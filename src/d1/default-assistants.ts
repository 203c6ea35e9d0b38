/** The assistant that every graph has by itself: its id follows from the graph's, and its row is seen to. */
import { v5 } from "@langchain/core/utils/uuid";
import { z } from "zod";
import { graphIds, settings } from "../graphs/registry";
import { now } from "../platform/clock";
import type { JsonObject } from "../platform/json";
import { logError } from "../platform/log";
import { CONTENT } from "./assistant-row";

/** The namespace that LangGraph servers derive these ids in, so that an id holds from one server to another. */
const NAMESPACE = "6ba7b821-9dad-11d1-80b4-00c04fd430c8";

const idsByGraph = new Map(graphIds.map((graphId) => [graphId, v5(graphId, NAMESPACE)]));

/** The id of the default assistant for a graph id; any other string is an assistant's id, in lower case. */
export const assistantIdOf = (idOrGraphId: string): string =>
  idsByGraph.get(idOrGraphId) ?? idOrGraphId.toLowerCase();

const graphsById = new Map([...idsByGraph].map(([graphId, assistantId]) => [assistantId, graphId]));

/** The graph whose default assistant has this id; undefined for any other assistant. */
export const graphOfDefaultAssistant = (assistantId: string): string | undefined =>
  graphsById.get(assistantId);

/**
 * True once this isolate has seen to the rows. A flag and not a promise for all to await: when the request that
 * made the promise is cancelled, it never settles, and every later request would wait with it.
 */
let ensured = false;

/** Sees to it, once per isolate, that each graph's default assistant is in D1. */
export async function ensureDefaultAssistants(db: D1Database): Promise<void> {
  if (ensured) return;
  await insertDefaultAssistants(db);
  ensured = true;
}

/** What `LANGGRAPH_CONFIG` says of a graph's default assistant, as in other LangGraph servers. */
const defaultConfigs = z.record(z.string(), z.looseObject({ context: z.unknown().optional() }));

/** By graph id the config and context that default assistants begin with; none where the variable makes no sense. */
function configuredDefaults(): Record<string, JsonObject> {
  try {
    return defaultConfigs.parse(JSON.parse(process.env.LANGGRAPH_CONFIG ?? "{}"));
  } catch (error) {
    logError("LANGGRAPH_CONFIG is not read", error);
    return {};
  }
}

/** A default assistant's row, as JSON that the statement below takes apart. */
function rowValuesOf(
  [graphId, assistantId]: [string, string],
  configured: Record<string, JsonObject>,
): unknown[] {
  const { context = {}, ...config } = configured[graphId] ?? {};
  const description = settings.descriptions?.[graphId] ?? null;
  return [graphId, assistantId, description, JSON.stringify(config), JSON.stringify(context)];
}

/** Inserts the default assistants that are missing, with version 1; those that are there stay as they are. */
export async function insertDefaultAssistants(db: D1Database): Promise<void> {
  const configured = configuredDefaults();
  const rows = JSON.stringify([...idsByGraph].map((ids) => rowValuesOf(ids, configured)));
  const at = now();
  await db.batch([
    db
      .prepare(
        `INSERT INTO assistants (assistant_id, version, created_at, updated_at, ${CONTENT})
         SELECT value ->> 1, 1, ?, ?, value ->> 0, value ->> 0, value ->> 2, value ->> 3, value ->> 4, '{"created_by":"system"}'
         FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`,
      )
      .bind(at, at, rows),
    db
      .prepare(
        `INSERT INTO assistant_versions (assistant_id, version, created_at, ${CONTENT})
         SELECT assistant_id, version, created_at, ${CONTENT} FROM assistants
         WHERE assistant_id IN (SELECT value ->> 1 FROM json_each(?)) ON CONFLICT DO NOTHING`,
      )
      .bind(rows),
  ]);
}
