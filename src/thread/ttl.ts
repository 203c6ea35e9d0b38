/** How long threads live: what langgraph.json gives to those without a time of their own, and how it is told. */
import { z } from "zod";
import { settings } from "../graphs/registry";
import { toIso } from "../platform/clock";
import type { ThreadTtl } from "../wire/threads";
import { minutes, type WireTtl } from "../wire/threads";

const section = z
  .looseObject({
    ttl: z
      .looseObject({
        strategy: z.enum(["delete", "keep_latest"]).default("delete"),
        default_ttl: minutes.optional(),
      })
      .optional(),
  })
  .optional();

/**
 * The default in the `checkpointer` section of langgraph.json; null when it has none. Threads expire by the alarms of their
 * objects, so its `sweep_interval_minutes` says nothing here.
 * @throws when the section is not as it should be
 */
export function defaultTtlOf(checkpointer: unknown): ThreadTtl | null {
  const parsed = section.safeParse(checkpointer);
  if (!parsed.success) throw new Error(`langgraph.json: checkpointer.ttl: ${z.prettifyError(parsed.error)}`);
  const ttl = parsed.data?.ttl;
  return ttl?.default_ttl === undefined ? null : { strategy: ttl.strategy, ttl: ttl.default_ttl };
}

/** Of this deployment. */
export let defaultTtl = defaultTtlOf(settings.checkpointer);

/** Makes another `checkpointer` section that of this deployment; threads that are there keep what they have. */
export function applyDefaultTtl(checkpointer: unknown): void {
  defaultTtl = defaultTtlOf(checkpointer);
}

/** @param expiresAt ms since the epoch, when the time is running */
export const toWireTtl = ({ strategy, ttl }: ThreadTtl, expiresAt: number | undefined): WireTtl => ({
  strategy,
  ttl_minutes: ttl,
  expires_at: expiresAt === undefined ? null : toIso(expiresAt),
});
