/** Reads the values that an ended run had from the checkpoints of its thread. */
import type { StateSnapshot } from "@langchain/langgraph";
import type { ThreadRecord } from "../../calls/thread";
import type { JsonObject } from "../../platform/json";
import { logError } from "../../platform/log";
import type { Run } from "../../wire/runs/run";
import { findCheckpoints } from "../checkpoints/checkpoint-tables";
import { configOf, graphOf } from "../state/thread-state";
import { toWire, waitsForAnswer } from "../state/wire-state";

/** The values with which the run ended, as a caller that joined it would have got; null when they cannot be read. */
export async function readRunValues(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  run: Run,
): Promise<unknown> {
  const query = { threadId: thread.threadId, ns: "", runId: run.run_id, limit: 1 };
  const ownCheckpointId = findCheckpoints(storage.sql, query)[0]?.checkpointId;
  try {
    const graph = await graphOf(storage, atEndOf(thread, run));
    // A run that answered one of several questions wrote no checkpoint. It ended at the thread's latest state.
    const state = await graph?.getState(configOf(thread, ownCheckpointId));
    if (state === undefined) return null;
    const stoppedEarly = run.status === "success" && state.tasks.length > 0;
    return toWire(
      stoppedEarly
        ? withInterrupts(state.values, interruptsAt(state, ownCheckpointId !== undefined))
        : state.values,
    );
  } catch (error) {
    logError("the values of a run could not be read", error, {
      cron_id: run.metadata.cron_id,
      run_id: run.run_id,
      thread_id: run.thread_id,
    });
    return null;
  }
}

/**
 * The values in the shape that LangGraph's own `invoke` returns when the graph stops before its end.
 * @param interrupts the interrupts at which the graph stopped; empty at a breakpoint
 */
export const withInterrupts = (values: unknown, interrupts: unknown[]): JsonObject => ({
  ...(typeof values === "object" && !Array.isArray(values) ? values : {}),
  __interrupt__: interrupts,
});

/** The interrupts at a state. @param includeAnswered also returns the interrupts that were answered since */
const interruptsAt = ({ tasks }: StateSnapshot, includeAnswered: boolean): unknown[] =>
  tasks.filter((task) => includeAnswered || waitsForAnswer(task)).flatMap(({ interrupts }) => interrupts);

/** The thread with the graph of the run, because runs of other graphs may have continued the thread since. */
function atEndOf(thread: ThreadRecord, run: Run): ThreadRecord {
  const { configurable } = run.kwargs.config as { configurable: JsonObject };
  return { ...thread, metadata: { ...thread.metadata, graph_id: configurable.graph_id } };
}
