/**
 * The graphs that the crons run. Each node says in the state that it has done its work, which is to be there once whatever
 * happens; those of the slow one also note in the store that they were executed, which may be more often.
 */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

/** The nodes of the slow graph, in their order. */
export const STEPS = ["begin", "work", "end"];

const State = Annotation.Root({
  /** How long the work takes. */
  ms: Annotation(),
  trail: Annotation({ reducer: (trail, more) => [...trail, ...more], default: () => [] }),
});

const entry = (node, { metadata }) => `${metadata.scheduled_for} ${node}`;

/** Ends before it first waits for anything. */
export const fast = new StateGraph(State)
  .addNode("only", (_state, config) => ({ trail: [entry("only", config)] }))
  .addEdge(START, "only")
  .addEdge("only", END)
  .compile();

/** Takes its time, so that it is cut off at its work. */
export const slow = STEPS.reduce(
  (graph, node, index) => graph.addNode(node, stepOf(node)).addEdge(STEPS[index - 1] ?? START, node),
  new StateGraph(State),
)
  .addEdge(STEPS.at(-1), END)
  .compile();

function stepOf(node) {
  return async ({ ms }, config) => {
    const { cron_id: cronId, scheduled_for: scheduledFor, run_attempt: attempt } = config.metadata;
    // Before the work: what is cut off was executed too.
    await config.store.put(["chaos", cronId], crypto.randomUUID(), { scheduledFor, node, attempt });
    if (node === "work") await new Promise((resolve) => setTimeout(resolve, ms));
    return { trail: [entry(node, config)] };
  };
}
