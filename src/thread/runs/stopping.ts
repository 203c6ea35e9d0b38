/** How a run ends that was told to stop. */
import type { Outcome, StopReason } from "./run-executor";

/** A graph that was told to stop and does not within this is left behind. */
const STOP_LIMIT_MS = 2_000;

/** The outcome of a run that was stopped, and says nothing of its own. */
export const stopped = (reason: StopReason): Outcome => ({
  status: reason === "timeout" ? "timeout" : "interrupted",
  error: reason === "timeout" ? { error: "TimeoutError", message: "the run took too long" } : null,
  values: null,
  waiting: false,
});

/** Settles a while after `signal` has aborted: a graph that does not heed it must not hold the thread. */
export function stoppedAfterAbort(signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      setTimeout(() => {
        resolve(stopped(signal.reason as StopReason));
      }, STOP_LIMIT_MS);
    });
  });
}
