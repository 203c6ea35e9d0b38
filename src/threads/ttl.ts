/** The time to live that langgraph.json gives to threads without one of their own. */
import { z } from "zod";
import { settings } from "../graphs/registry";
import type { ThreadTtl } from "./thread";

const section = z
  .looseObject({
    ttl: z
      .looseObject({
        strategy: z.enum(["delete", "keep_latest"]).default("delete"),
        // Minutes.
        default_ttl: z.number().positive().optional(),
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
export const defaultTtl = defaultTtlOf(settings.checkpointer);
