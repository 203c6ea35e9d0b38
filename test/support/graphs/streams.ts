/** Streams as many pieces of its own as the input says, each of so many characters, and then fails if it is to. */
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";

const State = Annotation.Root({
  pieces: Annotation<number>(),
  length: Annotation<number>(),
  fails: Annotation<boolean>(),
});

export const graph = new StateGraph(State)
  .addNode("stream", ({ pieces, length, fails }, { writer }: LangGraphRunnableConfig) => {
    for (let n = 0; n < pieces; n++) writer?.({ n, text: "x".repeat(length) });
    if (fails) throw new Error("after the last piece");
    return {};
  })
  .addEdge(START, "stream")
  .addEdge("stream", END)
  .compile();
