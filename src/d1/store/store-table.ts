/** The statements that read, write, prolong and delete single items in D1. */
import { encodeNamespace } from "../../wire/store/namespace";
import type { ItemRow } from "./item";
import { expiryOf } from "./ttl";

/** How many items one statement prolongs at most. Their addresses are one parameter, which may take 2 MB. */
const PROLONG_CHUNK = 100;

/** The SQL condition that an item has not expired at the instant (ms) that is bound to `?`. */
export const ALIVE = "(expires_at IS NULL OR expires_at > ?)";

/** The namespace and the key that name one item. */
export interface Address {
  readonly namespace: readonly string[];
  readonly key: string;
}

/** Reads one item, unless it has expired at the instant `at` (ms). */
export const selectItem = (db: D1Database, { namespace, key }: Address, at: number): D1PreparedStatement =>
  db
    .prepare(`SELECT * FROM store_items WHERE namespace = ? AND key = ? AND ${ALIVE}`)
    .bind(encodeNamespace(namespace), key, at);

/**
 * Writes an item at the instant `at` (ms). An item that exists and has not expired keeps its creation time.
 * @param value the JSON of the value
 * @param ttlMinutes minutes until the item expires; null for never
 */
export const upsertItem = (
  db: D1Database,
  { namespace, key }: Address,
  value: string,
  ttlMinutes: number | null,
  at: number,
): D1PreparedStatement =>
  db
    .prepare(
      `INSERT INTO store_items (namespace, key, created_at, updated_at, expires_at, ttl_minutes, value)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (namespace, key) DO UPDATE SET
         created_at = iif(expires_at <= excluded.updated_at, excluded.created_at, created_at),
         updated_at = excluded.updated_at, expires_at = excluded.expires_at,
         ttl_minutes = excluded.ttl_minutes, value = excluded.value`,
    )
    .bind(
      encodeNamespace(namespace),
      key,
      at,
      at,
      ttlMinutes === null ? null : expiryOf(at, ttlMinutes),
      ttlMinutes,
      value,
    );

/** Deletes an item, if it exists. */
export const deleteItem = (db: D1Database, { namespace, key }: Address): D1PreparedStatement =>
  db.prepare("DELETE FROM store_items WHERE namespace = ? AND key = ?").bind(encodeNamespace(namespace), key);

/**
 * Gives items their full TTL again, counted from the instant `at` (ms). The TTL is the one that the row has when D1 carries this
 * out. An item that would live shorter than before is left alone.
 */
export function prolongItems(db: D1Database, rows: readonly ItemRow[], at: number): D1PreparedStatement[] {
  const statement = db.prepare(
    `UPDATE store_items SET expires_at = CAST(round(?1 + ttl_minutes * 60000) AS INTEGER)
     WHERE (namespace, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))
       AND expires_at > ?1 AND expires_at < ?1 + ttl_minutes * 60000`,
  );
  const statements: D1PreparedStatement[] = [];
  for (let start = 0; start < rows.length; start += PROLONG_CHUNK) {
    const addresses = rows.slice(start, start + PROLONG_CHUNK).map((row) => [row.namespace, row.key]);
    statements.push(statement.bind(at, JSON.stringify(addresses)));
  }
  return statements;
}
