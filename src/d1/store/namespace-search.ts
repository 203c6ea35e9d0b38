/** Listing the namespaces that have items, in D1. */
import type { ListNamespacesOperation, MatchCondition } from "@langchain/langgraph-checkpoint";
import { rangeOf } from "../../wire/store/namespace";
import { ALIVE } from "./store-table";

/** A label that stands for any. */
const ANY = "*";

/** The labels of a namespace as stored, as a JSON array: no escape of JSON has a period. */
const LABELS = `'[' || replace(json_quote(substr(namespace, 1, length(namespace) - 1)), '.', '","') || ']'`;

/** That the labels from the position in `first` on are those in the JSON array bound to `?`. */
const matches = (first: string): string =>
  `NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted
     WHERE wanted.value <> '${ANY}' AND wanted.value IS NOT labels ->> (wanted.key + ${first}))`;

/**
 * Reads one page of the namespaces that match, cut off after `maxDepth` labels and each given once, in the order of
 * their dotted paths. It leaps from one namespace to the next, and does not read the items in between.
 */
export function selectNamespaces(
  db: D1Database,
  { matchConditions = [], maxDepth, limit = -1, offset = 0 }: Partial<ListNamespacesOperation>,
  at: number,
): D1PreparedStatement {
  const [from, to] = rangeOf(literalPrefix(matchConditions));
  const conditions = matchConditions.map(({ matchType, path }) => ({
    sql: `depth >= ? AND ${matches(matchType === "prefix" ? "0" : "depth - CAST(? AS INTEGER)")}`,
    params: [path.length, JSON.stringify(path), ...(matchType === "prefix" ? [] : [path.length])],
  }));
  const cut = maxDepth === undefined ? "namespace" : CUT;
  const next = (start: string): string =>
    `SELECT (SELECT namespace FROM store_items WHERE namespace ${start} AND namespace < ? AND ${ALIVE}
             ORDER BY namespace LIMIT 1)`;
  return db
    .prepare(
      `WITH RECURSIVE spaces (namespace) AS (
         ${next(">= ?")}
         UNION ALL
         ${next("> spaces.namespace")} FROM spaces WHERE spaces.namespace IS NOT NULL
       ),
       labelled AS (SELECT namespace, ${LABELS} AS labels FROM spaces WHERE namespace IS NOT NULL),
       measured AS (SELECT namespace, labels, json_array_length(labels) AS depth FROM labelled)
       SELECT DISTINCT ${cut} AS namespace FROM measured
       WHERE ${["1", ...conditions.map(({ sql }) => sql)].join(" AND ")} ORDER BY 1 LIMIT ? OFFSET ?`,
    )
    .bind(
      ...[from, to, at],
      ...[to, at],
      ...(maxDepth === undefined ? [] : [maxDepth]),
      ...conditions.flatMap(({ params }) => params),
      ...[limit, offset],
    );
}

/** The first labels of a namespace, as stored. */
const CUT = `(SELECT group_concat(value || '.', '' ORDER BY key) FROM json_each(labels) WHERE key < ?)`;

/** The labels that a namespace must begin with: those of a prefix before its first wildcard. */
function literalPrefix(conditions: readonly MatchCondition[]): string[] {
  const prefix = conditions.find(({ matchType }) => matchType === "prefix")?.path ?? [];
  const any = prefix.indexOf(ANY);
  return any === -1 ? prefix : prefix.slice(0, any);
}
