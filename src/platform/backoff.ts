/** How long to wait before something that failed is tried again. Every retry of the server uses one of these policies. */
import { createHash } from "node:crypto";

/** Delays that grow by the same factor with each failure. */
export interface BackoffPolicy {
  /** The delay after the first failure, in ms. */
  firstMs: number;
  factor: number;
  /** No delay is longer than this, in ms; the spread comes on top. */
  longestMs: number;
  /** Up to this share of the delay is added, so that things that failed together are not retried together. */
  spread: number;
}

/** The alarm of a cron's object, and the delivery of a slot to a thread's object. */
export const CRON_BACKOFF: BackoffPolicy = { firstMs: 1_000, factor: 2, longestMs: 120_000, spread: 1 };

/** The question whether the run of a slot was enqueued, when neither its thread's object nor D1 has answered it. */
export const UNKNOWN_RUN_BACKOFF: BackoffPolicy = {
  firstMs: 15_000,
  factor: 1,
  longestMs: 15_000,
  spread: 1,
};

/** The report to a cron of how its run ended. */
export const REPORT_BACKOFF: BackoffPolicy = { firstMs: 1_000, factor: 2, longestMs: 600_000, spread: 1 };

/** Index writes of a thread's object. When D1 is back after an outage, the index is right within a minute. */
export const INDEX_BACKOFF: BackoffPolicy = { firstMs: 1_000, factor: 2, longestMs: 30_000, spread: 1 };

/** Webhooks and alerts. The eighth attempt comes about 15 hours after the first, so a receiver may be down for a night. */
export const WEBHOOK_BACKOFF: BackoffPolicy = {
  firstMs: 10_000,
  factor: 4,
  longestMs: 48 * 3_600_000,
  spread: 0.2,
};

/** A failed run of a cron: the owner of the cron chooses the delays, so nothing is added to them. */
export const runBackoff = (firstMs: number): BackoffPolicy => ({
  firstMs,
  factor: 2,
  longestMs: 3_600_000,
  spread: 0,
});

/**
 * The delay in ms after `failures` failures in a row (1 or more).
 * @param id names what failed. It decides the spread, so that the same thing always gets the same delays
 */
export function backoffMs(
  { firstMs, factor, longestMs, spread }: BackoffPolicy,
  failures: number,
  id: string,
): number {
  const delay = Math.min(firstMs * factor ** (failures - 1), longestMs);
  // Ids that were made within the same minute begin alike, so no part of the id itself will do.
  const share = createHash("sha256").update(`${id} ${failures}`).digest().readUInt32BE() / 2 ** 32;
  return Math.round(delay * (1 + share * spread));
}
