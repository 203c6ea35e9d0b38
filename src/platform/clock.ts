/** The one clock of the server: tests set it by faking `Date`, and nothing else here reads the time. */

/** The present instant, in milliseconds since the Unix epoch. */
export const now = (): number => Date.now();

/** An instant (ms) as the API writes it: ISO 8601 in UTC. */
export const toIso = (instantMs: number): string => new Date(instantMs).toISOString();

/** Like {@link toIso}, with null for no instant. */
export const toIsoOrNull = (instantMs: number | null): string | null =>
  instantMs === null ? null : toIso(instantMs);
