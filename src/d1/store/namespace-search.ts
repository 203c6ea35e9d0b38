/** Lists the namespaces in D1 that have items. */
import type { ListNamespacesOperation, MatchCondition } from "@langchain/langgraph-checkpoint";
import { rangeOf } from "../../wire/store/namespace";
import { allOf } from "../json-filter";
import { ALIVE } from "./store-table";
import { visibleNamespaceConditions, type Visibility } from "./visible-items";

/** In a condition, this label matches any label. */
const WILDCARD = "*";

/** SQL for the labels of a stored namespace as a JSON array. Every period separates labels, because no escape in JSON has one. */
const LABELS = `'[' || replace(json_quote(substr(namespace, 1, length(namespace) - 1)), '.', '","') || ']'`;

/**
 * The condition that the labels, from a position on, match those in the JSON array that is bound to `?`.
 * @param firstPosition SQL for the position of the first label to compare, from 0
 */
const matches = (firstPosition: string): string =>
  `NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted
     WHERE wanted.value <> '${WILDCARD}' AND wanted.value IS NOT labels ->> (wanted.key + ${firstPosition}))`;

/**
 * The statement that reads one page of the namespaces that match, in the order of their dotted paths. Each is cut off after
 * `maxDepth` labels and listed once. The recursion finds each next namespace by the primary key, and reads no items in between.
 * @param at items that have expired at this instant (ms) do not count
 */
export function selectNamespaces(
  db: D1Database,
  {
    matchConditions = [],
    maxDepth,
    limit = -1,
    offset = 0,
    visible,
  }: Partial<ListNamespacesOperation> & Visibility,
  at: number,
): D1PreparedStatement {
  const prefix = literalPrefix(matchConditions);
  const [from, to] = rangeOf(prefix);
  // When each namespace of the range is listed, the recursion ends with the page. One row more is the NULL after the last.
  const seen = allOf(visibleNamespaceConditions(visible));
  const isRange =
    maxDepth === undefined && visible === undefined && matchConditions.every(({ path }) => path === prefix);
  const mostSpaces = isRange && limit >= 0 ? limit + offset + 1 : -1;
  const conditions = matchConditions.map(({ matchType, path }) => ({
    sql: `depth >= ? AND ${matches(matchType === "prefix" ? "0" : "depth - CAST(? AS INTEGER)")}`,
    params: [path.length, JSON.stringify(path), ...(matchType === "prefix" ? [] : [path.length])],
  }));
  const listed = maxDepth === undefined ? "namespace" : FIRST_LABELS;
  const next = (start: string): string =>
    `SELECT (SELECT namespace FROM store_items WHERE namespace ${start} AND namespace < ? AND ${ALIVE}
             ORDER BY namespace LIMIT 1)`;
  return db
    .prepare(
      `WITH RECURSIVE spaces (namespace) AS (
         ${next(">= ?")}
         UNION ALL
         ${next("> spaces.namespace")} FROM spaces WHERE spaces.namespace IS NOT NULL
         LIMIT ?
       ),
       labelled AS (SELECT namespace, ${LABELS} AS labels FROM spaces WHERE namespace IS NOT NULL),
       measured AS (SELECT namespace, labels, json_array_length(labels) AS depth FROM labelled)
       SELECT DISTINCT ${listed} AS namespace FROM measured
       WHERE ${[seen.sql, ...conditions.map(({ sql }) => sql)].join(" AND ")} ORDER BY 1 LIMIT ? OFFSET ?`,
    )
    .bind(
      ...[from, to, at],
      ...[to, at, mostSpaces],
      ...(maxDepth === undefined ? [] : [maxDepth]),
      ...seen.params,
      ...conditions.flatMap(({ params }) => params),
      ...[limit, offset],
    );
}

/** SQL for the stored form of the first labels of a namespace; their number is bound to `?`. */
const FIRST_LABELS = `(SELECT group_concat(value || '.', '' ORDER BY key) FROM json_each(labels) WHERE key < ?)`;

/** The labels that a namespace must begin with: those of a prefix before its first wildcard. */
function literalPrefix(conditions: readonly MatchCondition[]): string[] {
  const prefix = conditions.find(({ matchType }) => matchType === "prefix")?.path ?? [];
  const wildcard = prefix.indexOf(WILDCARD);
  return wildcard === -1 ? prefix : prefix.slice(0, wildcard);
}
