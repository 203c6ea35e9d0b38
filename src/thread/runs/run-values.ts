/** The values that a run ended with, read from its thread after the fact. */
import type { StateSnapshot } from "@langchain/langgraph";
import type { ThreadRecord } from "../../calls/thread";
import type { JsonObject } from "../../platform/json";
import { logError } from "../../platform/log";
import type { Run } from "../../wire/runs";
import { findCheckpoints } from "../checkpoints/checkpoint-tables";
import { configOf, graphOf } from "../state/thread-state";
import { asks, toWire } from "../state/wire-state";

/** What those were told who waited for the run; null when nothing is left of it that can be read. */
export async function readRunValues(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  run: Run,
): Promise<unknown> {
  const query = { threadId: thread.threadId, ns: "", runId: run.run_id, limit: 1 };
  const own = findCheckpoints(storage.sql, query)[0]?.checkpointId;
  try {
    const graph = await graphOf(storage, atEndOf(thread, run));
    // A run that left no checkpoint, an answer to one question of several, ended where its thread was.
    const state = await graph?.getState(configOf(thread, own));
    if (state === undefined) return null;
    const stopped = run.status === "success" && state.tasks.length > 0;
    return toWire(stopped ? withInterrupts(state.values, askedAt(state, own !== undefined)) : state.values);
  } catch (error) {
    logError("the values of a run could not be read", error, { run_id: run.run_id });
    return null;
  }
}

/** Values as LangGraph's own `invoke` returns them when the graph stops before its end: at a breakpoint nothing is asked. */
export const withInterrupts = (values: unknown, asked: unknown[]): JsonObject => ({
  ...(typeof values === "object" && !Array.isArray(values) ? values : {}),
  __interrupt__: asked,
});

/** What is asked at a state; `ever`: also what has been answered since. */
const askedAt = ({ tasks }: StateSnapshot, ever: boolean): unknown[] =>
  tasks.filter((task) => ever || asks(task)).flatMap(({ interrupts }) => interrupts);

/** The thread as the run left it: it may have gone on since, with other runs of other graphs. */
function atEndOf(thread: ThreadRecord, run: Run): ThreadRecord {
  const { configurable } = run.kwargs.config as { configurable: JsonObject };
  return { ...thread, metadata: { ...thread.metadata, graph_id: configurable.graph_id } };
}
