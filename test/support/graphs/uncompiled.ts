/** A StateGraph that nobody compiled. */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ text: Annotation<string>(), reply: Annotation<string>() });

export const graph = new StateGraph(State)
  .addNode("shout", ({ text }) => ({ reply: text.toUpperCase() }))
  .addEdge(START, "shout")
  .addEdge("shout", END);
