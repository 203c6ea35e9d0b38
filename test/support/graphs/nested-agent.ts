/** A graph whose node is the default agent: its model is called in a subgraph. */
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { agent } from "../../../src/graphs/agent";

export const graph = new StateGraph(MessagesAnnotation)
  .addNode("inner", agent)
  .addEdge(START, "inner")
  .addEdge("inner", END)
  .compile();
