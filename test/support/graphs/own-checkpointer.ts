/** Compiled with a checkpointer of its own, which the server must not use. */
import { Annotation, END, MemorySaver, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({
  text: Annotation<string>(),
  count: Annotation<number>({ reducer: (count, more) => count + more, default: () => 0 }),
});

export const ownCheckpointer = new MemorySaver();

/** Counts the runs of its thread. */
export const graph = new StateGraph(State)
  .addNode("counted", () => ({ count: 1 }))
  .addEdge(START, "counted")
  .addEdge("counted", END)
  .compile({ checkpointer: ownCheckpointer });
