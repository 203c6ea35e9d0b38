/** Asks a question through `interrupt()`, and keeps what it is resumed with as `answer`. */
import { Annotation, END, START, StateGraph, interrupt } from "@langchain/langgraph";

const State = Annotation.Root({ question: Annotation<string>(), answer: Annotation<string>() });

export const graph = new StateGraph(State)
  .addNode("ask", ({ question }) => ({ answer: interrupt<{ question: string }, string>({ question }) }))
  .addEdge(START, "ask")
  .addEdge("ask", END)
  .compile();
