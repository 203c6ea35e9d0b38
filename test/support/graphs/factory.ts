/** A graph made for each load from its configuration, as an async function. */
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";

const State = Annotation.Root({ text: Annotation<string>(), reply: Annotation<string>() });

/** `configurable.greeting` is chosen when the graph is made, not when it runs. */
export async function graph(config: LangGraphRunnableConfig) {
  const greeting = String(config.configurable?.["greeting"] ?? "Hello");
  return new StateGraph(State)
    .addNode("greet", ({ text }) => ({ reply: `${greeting}, ${text}` }))
    .addEdge(START, "greet")
    .addEdge("greet", END);
}
