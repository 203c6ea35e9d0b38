/** Whether a run whose graph has failed is tried again, and when. */
import { getRetryable } from "@langchain/core/errors";
import { backoffMs, runBackoff } from "../../platform/backoff";
import type { Outcome } from "./outcome";
import type { StoredRun } from "./run-row";

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
  return backoffMs(runBackoff(run.cron.retryDelayMs), failures);
}
