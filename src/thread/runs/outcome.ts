/** How a run ends that was told to stop. */
import type { RunError, RunStatus } from "../../wire/runs";

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
/** How a run ended. */
export interface Outcome {
  status: Exclude<RunStatus, "pending" | "running">;
  error: RunError | null;
  /** The last values of the state, as plain JSON; at an interrupt with what is asked, as `__interrupt__`. */
  values: unknown;
  /** The graph stopped at an interrupt and waits for an answer. */
  waiting: boolean;
  /** It failed before it touched anything: the thread is as it was. */
  refused?: true;
  /** Another attempt would end like this one. */
  permanent?: boolean;
}
/** Why a run was made to stop; the reason of its abort signal. */
export type StopReason = "interrupt" | "rollback" | "timeout";
