/** The one clock of the server. No other file reads the time. Tests set the clock by faking `Date`. */

/** The present instant, in milliseconds since the Unix epoch. */
export const now = (): number => Date.now();

/** An instant (ms) as the API writes it: ISO 8601 in UTC. */
export const toIso = (instantMs: number): string => new Date(instantMs).toISOString();

/** Like {@link toIso}; null when there is no instant. */
export const toIsoOrNull = (instantMs: number | null): string | null =>
  instantMs === null ? null : toIso(instantMs);
