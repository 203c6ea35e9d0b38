/** The time to live of a thread. */
import { z } from "zod";
import { answeredInstant } from "../fields";

/** Minutes; at most a hundred years, so that the instant of expiry is one. */
export const minutes = z.number().positive().max(52_560_000);

/** What becomes of a thread at the end of its time to live: it is deleted, or only its latest state is kept. */
const strategy = z.enum(["delete", "keep_latest"]);

export const threadTtl = z
  .union(
    [minutes, z.strictObject({ strategy: strategy.default("delete"), ttl: minutes })],
    'expected minutes, or {"strategy": "delete" | "keep_latest", "ttl": minutes}',
  )
  .transform((given) => (typeof given === "number" ? { strategy: "delete" as const, ttl: given } : given));
/** How long a thread lives without being touched, in minutes, and what becomes of it then. */
export type ThreadTtl = z.output<typeof threadTtl>;

/** The time to live as a cron shows it: as it came, written out. */
export const shownThreadTtl = z.strictObject({ strategy, ttl: z.number() });

/** The time to live as a thread shows it. */
export const wireTtl = z.strictObject({
  strategy,
  ttl_minutes: z.number(),
  expires_at: answeredInstant.nullable().meta({
    description: "Null while a run is on the thread, and when only its latest state is left already.",
  }),
});
export type WireTtl = z.output<typeof wireTtl>;
