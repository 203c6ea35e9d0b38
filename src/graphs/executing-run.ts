/** Which run the code that asks belongs to, as LangGraph's config says. For the log. */
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

/** The ids of the run that is being executed, its graph and its node. Empty outside the nodes of a graph. */
export function executingRun(): Record<string, unknown> {
  const config = AsyncLocalStorageProviderSingleton.getRunnableConfig() as
    { configurable?: Record<string, unknown>; metadata?: Record<string, unknown> } | undefined;
  const { run_id, thread_id, graph_id } = config?.configurable ?? {};
  const { cron_id, langgraph_node } = config?.metadata ?? {};
  return Object.fromEntries(
    Object.entries({ cron_id, run_id, thread_id, graph_id, node: langgraph_node }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
