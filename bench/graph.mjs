/** The graph of the benchmark: one node that does next to nothing, so that what is measured is the server. */
import { Annotation, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ text: Annotation(), answer: Annotation() });

export const echo = new StateGraph(State)
  .addNode("echo", ({ text }) => ({ answer: `echo: ${text}` }))
  .addEdge("__start__", "echo")
  .addEdge("echo", "__end__")
  .compile();
