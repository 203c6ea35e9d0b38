/** A function that makes one node named after what it is told, or throws when `configurable.fail` says with what. */
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";

const State = Annotation.Root({ text: Annotation<string>() });

export function graph(
  { configurable, context }: LangGraphRunnableConfig,
  runtime: { accessContext: string; executionRuntime: unknown },
) {
  if (configurable?.["fail"] !== undefined) throw new Error(String(configurable["fail"]));
  const name = [
    runtime.accessContext,
    JSON.stringify(runtime.executionRuntime),
    String(configurable?.["x"]),
    String(context?.["y"]),
  ].join(" ");
  return new StateGraph(State)
    .addNode(name, () => ({}))
    .addEdge(START, name)
    .addEdge(name, END);
}
