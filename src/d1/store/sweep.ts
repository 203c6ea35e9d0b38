/** Deletes what has expired. */
import { now } from "../../platform/clock";
import type { Env } from "../../platform/config";
import { storeTtl } from "./ttl";

/** Items deleted by one statement. */
const CHUNK = 500;
/** Statements of one sweep; what is left waits for the next one, invisible already. */
const MAX_CHUNKS = 10;

/**
 * Deletes expired items, at most 5,000 a call; it finds them by the index on their expiry and reads no others. To be
 * called every minute: it sweeps in those minutes that `store.ttl.sweep_interval_minutes` divides.
 * @param at the present instant, or when the present minute was due
 * @returns how many items were deleted
 */
export async function sweepExpiredItems(env: Pick<Env, "DB">, at = now()): Promise<number> {
  if (Math.floor(at / 60_000) % storeTtl.sweepIntervalMinutes !== 0) return 0;
  return deleteExpired(env.DB, at);
}

/** Deletes items that had expired at `at`, at most 5,000 of them. */
export async function deleteExpired(db: D1Database, at: number): Promise<number> {
  const statement = db
    .prepare(
      `DELETE FROM store_items WHERE (namespace, key) IN
         (SELECT namespace, key FROM store_items WHERE expires_at <= ? ORDER BY expires_at LIMIT ${CHUNK})`,
    )
    .bind(at);
  let deleted = 0;
  for (let chunk = 0; chunk < MAX_CHUNKS; chunk++) {
    const { meta } = await statement.run();
    deleted += meta.changes;
    if (meta.changes < CHUNK) break;
  }
  return deleted;
}
