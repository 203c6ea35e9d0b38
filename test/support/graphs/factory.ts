/** A graph made for each load from its configuration, as an async function. */
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";

const State = Annotation.Root({ text: Annotation<string>(), reply: Annotation<string>() });

/** `configurable.greeting`, and what its node is called, are chosen when the graph is made, not when it runs. */
export async function graph(config: LangGraphRunnableConfig) {
  const greeting = String(config.configurable?.["greeting"] ?? "Hello");
  const node = String(config.configurable?.["node"] ?? "greet");
  return new StateGraph(State)
    .addNode(node, ({ text }) => ({ reply: `${greeting}, ${text}` }))
    .addEdge(START, node)
    .addEdge(node, END);
}
