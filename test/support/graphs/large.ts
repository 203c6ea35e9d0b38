/** Makes a state much larger than any input may be. */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({
  megabytes: Annotation<number>(),
  parts: Annotation<string[]>({ reducer: (parts, more) => [...parts, ...more], default: () => [] }),
});

/** `parts` are strings of a million characters. */
export const graph = new StateGraph(State)
  .addNode("grow", ({ megabytes }) => ({
    parts: Array.from({ length: megabytes }, (_, n) => String(n % 10).repeat(1_000_000)),
  }))
  .addEdge(START, "grow")
  .addEdge("grow", END)
  .compile();
