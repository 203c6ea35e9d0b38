/** Decides whether a run whose graph has failed is tried again, and when. */
import { getRetryable } from "@langchain/core/errors";
import { backoffMs, runBackoff } from "../../platform/backoff";
import type { Outcome } from "./outcome";
import type { StoredRun } from "./run-row";

/** Names of permanent errors. They are compared by name, because a graph may bring its own copy of LangGraph. */
const PERMANENT = new Set(["GraphNotFoundError", "GraphRecursionError", "EmptyInputError"]);

/**
 * Whether another attempt would fail with the same error: the graph does not exist, reached its recursion limit or got no
 * input, or LangChain marked the error as not retryable, as it does when a provider refuses a request.
 */
export const isPermanent = (error: unknown): boolean =>
  getRetryable(error) === false || (error instanceof Error && PERMANENT.has(error.name));

/** Ms until the next attempt at a run, after an attempt with this outcome; null when there is no further attempt. */
export function delayToNextAttempt(run: StoredRun, { status, permanent }: Outcome): number | null {
  if (run.cron === null || permanent === true) return null;
  if (status !== "error" && status !== "timeout") return null;
  const failures = run.failures + 1;
  if (failures >= run.cron.maxAttempts) return null;
  return backoffMs(runBackoff(run.cron.retryDelayMs), failures, run.runId);
}
