/** Searching items in D1. */
import type { SearchOperation } from "@langchain/langgraph-checkpoint";
import { DomainError } from "../../platform/errors";
import type { JsonObject } from "../../platform/json";
import { passes } from "./item-filter";
import type { ItemRow } from "./item";
import { rangeOf } from "../../wire/store/namespace";
import { ALIVE } from "./store-table";

/** The bytes of the values of one page. An object has 128 MB of memory, and a page may have 1,000 items of 1.8 MB each. */
const MAX_PAGE_BYTES = 16_000_000;

/** A row that was found. Its value is null when the page is too large. */
export type FoundRow = Omit<ItemRow, "value"> & { value: string | null };

/**
 * The statement that reads one page of the items under a prefix that pass the filter. As in LangGraph's stores in databases, the
 * last written comes first. `query` is ignored: this store has no embeddings, and LangGraph's stores rank nothing without them.
 * @param at items that have expired at this instant (ms) are left out
 * @throws request.invalid when the filter cannot be used
 */
export function selectItems(
  db: D1Database,
  { namespacePrefix, filter, limit = 10, offset = 0 }: SearchOperation,
  at: number,
): D1PreparedStatement {
  const condition = passes((filter as JsonObject | undefined) ?? {});
  return db
    .prepare(
      `WITH page AS MATERIALIZED (
         SELECT namespace, key, octet_length(value) AS bytes FROM store_items
         WHERE namespace >= ? AND namespace < ? AND ${ALIVE} AND ${condition.sql}
         ORDER BY updated_at DESC, namespace, key LIMIT ? OFFSET ?
       )
       SELECT namespace, key, created_at, updated_at, expires_at, ttl_minutes,
         iif((SELECT sum(bytes) FROM page) <= ${MAX_PAGE_BYTES}, value, NULL) AS value
       FROM page JOIN store_items USING (namespace, key) ORDER BY updated_at DESC, namespace, key`,
    )
    .bind(...rangeOf(namespacePrefix), at, ...condition.params, limit, offset);
}

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
