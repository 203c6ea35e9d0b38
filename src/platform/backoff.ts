/** How long to wait before something that failed is tried again. Every retry of the server uses one of these policies. */

/** Delays that grow by the same factor with each failure. */
export interface BackoffPolicy {
  /** The delay after the first failure, in ms. */
  firstMs: number;
  factor: number;
  /** No delay is longer than this, in ms; the spread comes on top. */
  longestMs: number;
  /** Up to this share of the delay is added, so that things that failed together are not retried together. */
  spread?: number;
}

/** The alarm of a cron's object, and the delivery of a slot to a thread's object. */
export const CRON_BACKOFF: BackoffPolicy = { firstMs: 1_000, factor: 2, longestMs: 120_000 };

/** The report to a cron of how its run ended. */
export const REPORT_BACKOFF: BackoffPolicy = { firstMs: 1_000, factor: 2, longestMs: 600_000 };

/** Index writes of a thread's object. When D1 is back after an outage, the index is right within a minute. */
export const INDEX_BACKOFF: BackoffPolicy = { firstMs: 1_000, factor: 2, longestMs: 30_000 };

/** Webhooks and alerts. The eighth attempt comes about 15 hours after the first, so a receiver may be down for a night. */
export const WEBHOOK_BACKOFF: BackoffPolicy = {
  firstMs: 10_000,
  factor: 4,
  longestMs: 48 * 3_600_000,
  spread: 0.2,
};

/** A failed run of a cron: the owner of the cron chooses the first delay. */
export const runBackoff = (firstMs: number): BackoffPolicy => ({
  firstMs,
  factor: 2,
  longestMs: 3_600_000,
});

/**
 * The delay in ms after `failures` failures in a row (1 or more).
 * @param id a UUID that decides the spread, so that the same thing always gets the same delay
 */
export function backoffMs(policy: BackoffPolicy, failures: number, id?: string): number {
  const { firstMs, factor, longestMs, spread = 0 } = policy;
  const delay = Math.min(firstMs * factor ** (failures - 1), longestMs);
  const share = id === undefined ? 0 : Number.parseInt(id.slice(0, 8), 16) / 2 ** 32;
  return Math.round(delay * (1 + share * spread));
}
