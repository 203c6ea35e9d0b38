/** How long items are kept: the section `store.ttl` of langgraph.json, and what follows from it. */
import { z } from "zod";
import { settings } from "../../graphs/registry";
import { check } from "../../platform/check";
import { optional } from "../../wire/fields";
import { ttlMinutes } from "../../wire/store/item";

const MS_PER_MINUTE = 60_000;

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
  /** For items that are put without a TTL of their own; null when these stay for good. */
  readonly defaultMinutes: number | null;
  readonly sweepIntervalMinutes: number;
  /** Whether reading an item gives it its full TTL again, unless the reader says otherwise. */
  readonly refreshOnRead: boolean;
}

/**
 * The TTL in the sections of langgraph.json, with LangGraph's defaults.
 * @throws request.invalid naming the field, when one has a value that it cannot have
 */
export function readStoreTtl(sections: { readonly store?: unknown }): StoreTtl {
  const ttl = check(section, { store: sections.store }, "langgraph.json").store?.ttl;
  return {
    defaultMinutes: ttl?.default_ttl ?? null,
    sweepIntervalMinutes: ttl?.sweep_interval_minutes ?? 5,
    refreshOnRead: ttl?.refresh_on_read ?? true,
  };
}

/** What langgraph.json says. Read when the Worker starts, so that a wrong value fails the deployment. */
export const storeTtl = readStoreTtl(settings);

/** When (ms) an item that was put or read at `at` expires. */
export const expiryOf = (at: number, minutes: number): number => Math.round(at + minutes * MS_PER_MINUTE);

/**
 * Whether a read at `at` is worth a write: when it prolongs the item by a minute, or a twentieth of a TTL that is
 * shorter than 20 minutes. An item that is read all the time is not written all the time.
 */
export function refreshIsDue(at: number, expiresAt: number, minutes: number): boolean {
  const step = Math.min(MS_PER_MINUTE, (minutes * MS_PER_MINUTE) / 20);
  return expiryOf(at, minutes) - expiresAt >= step;
}
