/** Graphs in graphs, two deep: `outer` has `middle`, which has `inner` (annotated) and `typed` (in zod). */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { z } from "zod";

const Shared = Annotation.Root({ text: Annotation<string>() });

const inner = new StateGraph(Annotation.Root({ text: Annotation<string>(), depth: Annotation<number>() }))
  .addNode("deepest", () => ({ depth: 2 }))
  .addEdge(START, "deepest")
  .addEdge("deepest", END)
  .compile();

const typed = new StateGraph(z.object({ text: z.string(), words: z.array(z.string()) }))
  .addNode("split", ({ text }) => ({ words: text.split(" ") }))
  .addEdge(START, "split")
  .addEdge("split", END)
  .compile();

/** Its nodes are added by statements of their own, in a function. */
function makeMiddle() {
  const Middle = Annotation.Root({ text: Annotation<string>(), kind: Annotation<"a" | "b">() });
  const builder = new StateGraph(Middle).addNode("inner", inner).addNode({ typed });
  builder.addEdge(START, "inner").addEdge("inner", "typed").addEdge("typed", END);
  return builder.compile();
}

export const outer = new StateGraph(Shared)
  .addNode("before", ({ text }) => ({ text: text.trim() }))
  .addNode("middle", makeMiddle())
  .addEdge(START, "before")
  .addEdge("before", "middle")
  .addEdge("middle", END)
  .compile();
