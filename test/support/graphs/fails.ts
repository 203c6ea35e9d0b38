/** Throws in its only node, with the message that the input gives. */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ message: Annotation<string>() });

export const graph = new StateGraph(State)
  .addNode("fail", ({ message }): Partial<typeof State.State> => {
    throw new Error(message);
  })
  .addEdge(START, "fail")
  .addEdge("fail", END)
  .compile();
