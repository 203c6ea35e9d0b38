/** Filters by metadata. Some keys have an SQL index each; see migrations/0007_search_indexes.sql. */
import { asContained, type AccessFilter } from "../calls/access-filter";
import type { JsonObject } from "../platform/json";
import { jsonContains, type Alternative, type Condition } from "./json-filter";

/** The keys that have an SQL index, with the {@link IndexedCondition.rank} of each. Usually the fewest rows share a cron. */
const RANKS: Record<string, number> = { cron_id: 1, owner: 2, user_id: 2, assistant_id: 4, graph_id: 5 };

/** The value of a key as SQL: the text, or NULL for a value of another type. The indexes are of exactly this expression. */
export const metadataText = (key: string): string =>
  `CASE json_type(metadata, '$.${key}') WHEN 'text' THEN metadata ->> '$.${key}' END`;

/**
 * The conditions that the column `metadata` contains all pairs of the filter.
 * @param alternativesOf makes the {@link IndexedCondition.alternatives} of the SQL condition that a key has a value
 * @throws request.invalid when the filter nests too deep or holds too many values
 */
export function metadataConditions(
  filter: JsonObject,
  alternativesOf = (equals: string): Alternative[] => [{ sql: equals }],
): Condition[] {
  const conditions: Condition[] = [];
  const others: JsonObject = {};
  for (const [key, value] of Object.entries(filter)) {
    const rank = Object.hasOwn(RANKS, key) ? RANKS[key] : undefined;
    if (rank === undefined || typeof value !== "string") {
      others[key] = value;
      continue;
    }
    conditions.push({
      ...jsonContains("metadata", { [key]: value }),
      indexed: { rank, alternatives: alternativesOf(`${metadataText(key)} = ?`), params: [value] },
    });
  }
  if (Object.keys(others).length > 0) conditions.push(jsonContains("metadata", others));
  return conditions;
}

/**
 * The conditions that the column `metadata` passes a filter of what the caller may see.
 * @param haveMetadata makes the conditions that rows contain these pairs
 */
export function visibleConditions(
  filter: AccessFilter | undefined,
  haveMetadata: (pairs: JsonObject) => Condition[] = metadataConditions,
): Condition[] {
  if (filter === undefined) return [];
  const contained = asContained(filter);
  return contained === undefined ? [{ sql: "0", params: [] }] : haveMetadata(contained);
}
