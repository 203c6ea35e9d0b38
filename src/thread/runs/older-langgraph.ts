/**
 * What LangGraph before version 0.4 does not tell by itself. The graphs of a project run with the LangGraph that the project has,
 * and the server with its own, which is newer.
 */
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { loadGraph } from "../../graphs/registry";
import type { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import type { StoredRun } from "./run-row";

export interface EndedGraph {
  readonly run: StoredRun;
  readonly saver: CheckpointSaver;
  readonly store: BaseStore;
}

/**
 * The interrupts at which the graph of an older LangGraph has stopped: empty at a breakpoint, and undefined when it ran to its end.
 * A newer LangGraph says so in its stream.
 */
export async function interruptsOfOlderGraph({
  run,
  saver,
  store,
}: EndedGraph): Promise<unknown[] | undefined> {
  if (!saver.hasOldFormat) return undefined;
  const { config, context } = run.kwargs;
  const graph = await loadGraph(run.graphId, { ...config, context }, { checkpointer: saver, store });
  const { thread_id, checkpoint_ns = "" } = config.configurable;
  const { next, tasks } = await graph.getState({ configurable: { thread_id, checkpoint_ns } });
  return next.length === 0 ? undefined : tasks.flatMap(({ interrupts }) => interrupts);
}
