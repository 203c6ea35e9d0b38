/** Streams as many pieces of its own as the input says, each of so many characters. */
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";

const State = Annotation.Root({ pieces: Annotation<number>(), length: Annotation<number>() });

export const graph = new StateGraph(State)
  .addNode("stream", ({ pieces, length }, { writer }: LangGraphRunnableConfig) => {
    for (let n = 0; n < pieces; n++) writer?.({ n, text: "x".repeat(length) });
    return {};
  })
  .addEdge(START, "stream")
  .addEdge("stream", END)
  .compile();
