/** How a run ends, and what becomes of a graph that is told to stop. */
import type { JoinResult } from "../../calls/thread-calls";
import { messageOf } from "../../platform/errors";
import type { RunError, RunStatus } from "../../wire/runs/run";

/** How a run ended. */
export interface Outcome {
  status: Exclude<RunStatus, "pending" | "running">;
  error: RunError | null;
  /**
   * The last values of the state, as plain JSON. At an interrupt, `__interrupt__` has the questions. Most runs have nobody who reads
   * them, and to make them takes long when the state is large.
   * @throws thread.too_large; a TypeError when the values cannot be JSON
   */
  values: () => unknown;
  /** The graph stopped at an interrupt and waits for an answer. */
  waiting: boolean;
  /** The graph refused the input before it changed anything. The thread is as it was before the run. */
  refused?: true;
  /** Another attempt would fail with the same error. */
  permanent?: boolean;
}

/** Why a run was told to stop. It is the `reason` of the run's abort signal. */
export type StopReason = "interrupt" | "rollback" | "timeout";

/** A graph that was told to stop has this long to do so. After that its run ends without it. */
const STOP_LIMIT_MS = 2_000;

/** The values of a run that left none. */
export const noValues = (): null => null;

/** The outcome of a run that was stopped and whose graph gave no outcome. */
export const stopped = (reason: StopReason): Outcome => ({
  status: reason === "timeout" ? "timeout" : "interrupted",
  error: reason === "timeout" ? { error: "TimeoutError", message: "the run took too long" } : null,
  values: noValues,
  waiting: false,
});

/** Settles {@link STOP_LIMIT_MS} after `signal` aborts, so that a graph that ignores the signal does not block its thread. */
export function stoppedAfterAbort(signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      setTimeout(() => {
        resolve(stopped(signal.reason as StopReason));
      }, STOP_LIMIT_MS);
    });
  });
}

/** Characters of an error's message that are stored. A model provider may put its whole answer into a message. */
const MAX_MESSAGE_LENGTH = 10_000;

/** An error in the form that the SDKs raise. */
export const toRunError = (error: unknown): RunError => ({
  error: error instanceof Error ? error.name : "Error",
  message: messageOf(error).slice(0, MAX_MESSAGE_LENGTH),
});

/** What a caller gets that has joined the run. */
export function joinResultOf({ error, values }: Outcome): JoinResult {
  if (error !== null) return { error };
  try {
    return { values: values() };
  } catch (failure) {
    return { error: toRunError(failure) };
  }
}
