/** Searching items in D1. */
import type { SearchOperation } from "@langchain/langgraph-checkpoint";
import { DomainError } from "../../platform/errors";
import type { JsonObject } from "../../platform/json";
import { allOf } from "../json-filter";
import { passes } from "./item-filter";
import type { ItemRow } from "./item";
import { rangeOf } from "../../wire/store/namespace";
import { ALIVE } from "./store-table";
import { visibleItemConditions, type Visibility } from "./visible-items";

/** The bytes of the values of one page. An object has 128 MB of memory, and a page may have 1,000 items of 1.8 MB each. */
const MAX_PAGE_BYTES = 16_000_000;

/** A row that was found. Its value is null when the page is too large. */
export type FoundRow = Omit<ItemRow, "value"> & { value: string | null };

/** The items under a prefix are sorted when they are at most so many. */
const MAX_SORTED_ITEMS = 1_000;

/**
 * The statement that reads one page of the items under a prefix that pass the filter. As in LangGraph's stores in databases, the
 * last written comes first. When there are many items under the prefix, the statement walks along the index of updates, and stops
 * when the page is full. `query` is ignored: this store has no embeddings, and LangGraph's stores rank nothing without them.
 * @param at items that have expired at this instant (ms) are left out
 * @throws request.invalid when the filter cannot be used
 */
export function selectItems(
  db: D1Database,
  { namespacePrefix, filter, limit = 10, offset = 0, visible }: SearchOperation & Visibility,
  at: number,
): D1PreparedStatement {
  const condition = allOf([
    passes((filter as JsonObject | undefined) ?? {}),
    ...visibleItemConditions(visible),
  ]);
  // The first parameters have numbers. Those of the filter are numbered here, because it stands in the statement twice.
  let parameter = FIRST_PARAMS;
  const filterSql = condition.sql.replaceAll("?", () => `?${++parameter}`);
  const alive = ALIVE.replace("?", "?3");
  const found = (indexed: boolean, isUsed: string): string => {
    // The `+` keeps SQLite from the primary key, whose order is another, or from the index of updates.
    const [namespace, updatedAt] = indexed ? ["+namespace", "updated_at"] : ["namespace", "+updated_at"];
    return `SELECT * FROM (
      SELECT namespace, key, ${updatedAt} AS updated, octet_length(value) AS bytes FROM store_items
      WHERE ${namespace} >= ?1 AND ${namespace} < ?2 AND ${alive} AND ${filterSql}
      ORDER BY updated DESC, namespace, key LIMIT iif(${isUsed}, ?4 + ?5, 0))`;
  };
  return db
    .prepare(
      `WITH few AS MATERIALIZED (
         SELECT count(*) <= ${MAX_SORTED_ITEMS} AS are_few FROM (
           SELECT 1 FROM store_items WHERE namespace >= ?1 AND namespace < ?2 LIMIT ${MAX_SORTED_ITEMS + 1})
       ),
       page AS MATERIALIZED (
         ${found(false, "(SELECT are_few FROM few)")} UNION ALL ${found(true, "NOT (SELECT are_few FROM few)")}
         ORDER BY updated DESC, namespace, key LIMIT ?4 OFFSET ?5
       )
       SELECT namespace, key, created_at, updated_at, expires_at, ttl_minutes,
         iif((SELECT sum(bytes) FROM page) <= ${MAX_PAGE_BYTES}, value, NULL) AS value
       FROM page CROSS JOIN store_items USING (namespace, key) ORDER BY updated_at DESC, namespace, key`,
    )
    .bind(...rangeOf(namespacePrefix), at, limit, offset, ...condition.params);
}

/** How many parameters come before those of the filter. */
const FIRST_PARAMS = 5;

/** The rows with their values. @throws request.too_large when the values were too large to be read together */
export function requireValues(rows: readonly FoundRow[]): ItemRow[] {
  return rows.map((row) => {
    const { value } = row;
    if (value !== null) return { ...row, value };
    throw new DomainError(
      "request.too_large",
      `limit: the values of these ${rows.length} items take more than ${MAX_PAGE_BYTES} bytes; ask for fewer`,
    );
  });
}
