/** A graph whose node is a graph that asks a question: its state lies in the other's. */
import { Annotation, END, START, StateGraph, interrupt } from "@langchain/langgraph";

const State = Annotation.Root({ question: Annotation<string>(), answer: Annotation<string>() });

const inner = new StateGraph(State)
  .addNode("ask", ({ question }) => ({ answer: interrupt<string, string>(question) }))
  .addEdge(START, "ask")
  .addEdge("ask", END)
  .compile();

export const graph = new StateGraph(State)
  .addNode("inner", inner)
  .addEdge(START, "inner")
  .addEdge("inner", END)
  .compile();
