/** The time to live (TTL) of items: what langgraph.json says in `store.ttl`, when an item expires, and the sweep of expired items. */
import { z } from "zod";
import { settings } from "../../graphs/registry";
import { check } from "../../platform/check";
import { now } from "../../platform/clock";
import type { Env } from "../../platform/config";
import { optional } from "../../wire/fields";
import { ttlMinutes } from "../../wire/store/item";

const MS_PER_MINUTE = 60_000;

/** How many items one statement of a sweep deletes at most. */
const SWEEP_CHUNK = 500;
/** How many statements one sweep sends at most. Items that are left over cannot be read any more, and wait for the next sweep. */
const MAX_SWEEP_CHUNKS = 10;

const section = z.object({
  store: optional(
    // Loose for what other servers configure here, such as `index`.
    z.looseObject({
      ttl: optional(
        z.strictObject({
          default_ttl: optional(ttlMinutes),
          sweep_interval_minutes: optional(z.number().int().min(1).max(1_000_000)),
          refresh_on_read: optional(z.boolean()),
        }),
      ),
    }),
  ),
});

/** How long items are kept. */
export interface StoreTtl {
  /** The TTL of items that are put without one, in minutes; null when these items stay for good. */
  readonly defaultMinutes: number | null;
  readonly sweepIntervalMinutes: number;
  /** Whether reading an item gives it its full TTL again, unless the reader says otherwise. */
  readonly refreshOnRead: boolean;
}

/**
 * Reads the TTL from langgraph.json. A field that is absent gets LangGraph's default.
 * @throws request.invalid naming the field that has an impossible value
 */
export function readStoreTtl(sections: { readonly store?: unknown }): StoreTtl {
  const ttl = check(section, { store: sections.store }, "langgraph.json").store?.ttl;
  return {
    defaultMinutes: ttl?.default_ttl ?? null,
    sweepIntervalMinutes: ttl?.sweep_interval_minutes ?? 5,
    refreshOnRead: ttl?.refresh_on_read ?? true,
  };
}

/** What langgraph.json says. It is read when the Worker starts, so that a wrong value makes the deployment fail. */
export const storeTtl = readStoreTtl(settings);

/** The instant (ms) at which an item expires that was put or read at the instant `at` (ms). */
export const expiryOf = (at: number, minutes: number): number => Math.round(at + minutes * MS_PER_MINUTE);

/**
 * Whether a read at the instant `at` (ms) prolongs the life of the item enough to be worth a write: by a minute, or by a
 * twentieth of the TTL when the TTL is shorter than 20 minutes. So an item that is read all the time is not written each time.
 */
export function refreshIsDue(at: number, expiresAt: number, minutes: number): boolean {
  const step = Math.min(MS_PER_MINUTE, (minutes * MS_PER_MINUTE) / 20);
  return expiryOf(at, minutes) - expiresAt >= step;
}

/**
 * Deletes expired items, at most 5,000 in one call. The index on `expires_at` finds them, so no other item is read. The cron
 * trigger calls this every minute. It sweeps only in the minutes that `store.ttl.sweep_interval_minutes` divides.
 * @param at the present instant, or the instant for which the cron trigger was scheduled (ms)
 * @returns how many items were deleted
 */
export async function sweepExpiredItems(env: Pick<Env, "DB">, at = now()): Promise<number> {
  if (Math.floor(at / MS_PER_MINUTE) % storeTtl.sweepIntervalMinutes !== 0) return 0;
  return deleteExpired(env.DB, at);
}

/** Deletes items that had expired at the instant `at` (ms), at most 5,000 of them. Returns how many were deleted. */
export async function deleteExpired(db: D1Database, at: number): Promise<number> {
  const statement = db
    .prepare(
      `DELETE FROM store_items WHERE (namespace, key) IN
         (SELECT namespace, key FROM store_items WHERE expires_at <= ? ORDER BY expires_at LIMIT ${SWEEP_CHUNK})`,
    )
    .bind(at);
  let deleted = 0;
  for (let chunk = 0; chunk < MAX_SWEEP_CHUNKS; chunk++) {
    const { meta } = await statement.run();
    deleted += meta.changes;
    if (meta.changes < SWEEP_CHUNK) break;
  }
  return deleted;
}
