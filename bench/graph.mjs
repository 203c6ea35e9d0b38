/**
 * The graph of the benchmark: one node that does next to nothing, so that what is measured is the server. Where firings are
 * measured it notes that it has begun; see `firings/tally.mjs`.
 */
import { Annotation, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ text: Annotation(), answer: Annotation() });

export const echo = new StateGraph(State)
  .addNode("echo", ({ text }, config) => {
    const threadId = config.configurable?.thread_id;
    if (threadId !== undefined) globalThis.noteBegun?.(threadId);
    return { answer: `echo: ${text}` };
  })
  .addEdge("__start__", "echo")
  .addEdge("echo", "__end__")
  .compile();
