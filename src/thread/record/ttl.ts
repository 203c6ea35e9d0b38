/** The time to live of threads: the default in langgraph.json, and the form in which the API returns it. */
import { z } from "zod";
import { settings } from "../../graphs/registry";
import { toIso } from "../../platform/clock";
import { minutes, type ThreadTtl, type WireTtl } from "../../wire/threads/ttl";

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
 * objects, so its `sweep_interval_minutes` has no effect.
 * @throws when the section is invalid
 */
export function defaultTtlOf(checkpointer: unknown): ThreadTtl | null {
  const parsed = section.safeParse(checkpointer);
  if (!parsed.success) throw new Error(`langgraph.json: checkpointer.ttl: ${z.prettifyError(parsed.error)}`);
  const ttl = parsed.data?.ttl;
  return ttl?.default_ttl === undefined ? null : { strategy: ttl.strategy, ttl: ttl.default_ttl };
}

/** The default time to live of threads in this deployment; null when it has none. */
export const defaultTtl = (): ThreadTtl | null => defaultTtlOf(settings.checkpointer);

// An invalid section stops the Worker when it starts, and not only when the first thread is made.
defaultTtl();

/** @param expiresAt when the thread expires (ms); undefined while its time is not running */
export const toWireTtl = ({ strategy, ttl }: ThreadTtl, expiresAt: number | undefined): WireTtl => ({
  strategy,
  ttl_minutes: ttl,
  expires_at: expiresAt === undefined ? null : toIso(expiresAt),
});
