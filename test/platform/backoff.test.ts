/** Delays before something is tried again. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { describe, expect, it } from "vitest";
import {
  backoffMs,
  CRON_BACKOFF,
  INDEX_BACKOFF,
  REPORT_BACKOFF,
  UNKNOWN_RUN_BACKOFF,
  WEBHOOK_BACKOFF,
  type BackoffPolicy,
} from "../../src/platform/backoff";

/** The delays of many things that were made together, in order. */
const delays = (policy: BackoffPolicy, failures: number): number[] =>
  Array.from({ length: 1000 }, () => backoffMs(policy, failures, uuid7())).sort((a, b) => a - b);

describe.each(
  Object.entries({ CRON_BACKOFF, INDEX_BACKOFF, REPORT_BACKOFF, UNKNOWN_RUN_BACKOFF, WEBHOOK_BACKOFF }),
)("%s", (_name, policy) => {
  it("spreads evenly what was made and has failed together", () => {
    const { firstMs, spread } = policy;
    const found = delays(policy, 1);
    expect(spread).toBeGreaterThan(0);
    expect(found[0]).toBeGreaterThanOrEqual(firstMs);
    expect(found.at(-1)).toBeLessThanOrEqual(firstMs * (1 + spread));
    for (const [rank, share] of [
      [250, 0.25],
      [500, 0.5],
      [750, 0.75],
    ] as const) {
      expect(Math.abs((found[rank] ?? 0) - firstMs * (1 + spread * share))).toBeLessThan(
        firstMs * spread * 0.1,
      );
    }
  });

  it("gives the same thing the same delay, and no longer one than its limit", () => {
    const id = uuid7();
    expect(backoffMs(policy, 3, id)).toBe(backoffMs(policy, 3, id));
    expect(delays(policy, 100).at(-1)).toBeLessThanOrEqual(policy.longestMs * (1 + policy.spread));
  });
});
