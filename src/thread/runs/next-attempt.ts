/** Whether a run whose graph has failed is tried again, and when. */
import { getRetryable } from "@langchain/core/errors";
import type { Outcome } from "./run-executor";
import type { StoredRun } from "./run-row";

const LONGEST_DELAY_MS = 60 * 60_000;

/** By name, since a graph may bring a LangGraph of its own. */
const PERMANENT = new Set(["GraphNotFoundError", "GraphRecursionError", "EmptyInputError"]);

/**
 * Whether another attempt would end like this one: there is no such graph, it goes round in circles, or the error is marked
 * so, as LangChain marks what providers refuse.
 */
export const isPermanent = (error: unknown): boolean =>
  getRetryable(error) === false || (error instanceof Error && PERMANENT.has(error.name));

/** Ms until the next attempt at a run of which one has ended like this; null when it has ended for good. */
export function delayToNextAttempt(run: StoredRun, { status, permanent }: Outcome): number | null {
  if (run.cron === null || permanent === true) return null;
  if (status !== "error" && status !== "timeout") return null;
  const failures = run.failures + 1;
  if (failures >= run.cron.maxAttempts) return null;
  return Math.min(run.cron.retryDelayMs * 2 ** (failures - 1), LONGEST_DELAY_MS);
}
