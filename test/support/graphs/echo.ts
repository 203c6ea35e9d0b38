/** One node, no messages: the smallest graph that can be run. */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({
  text: Annotation<string>(),
  reply: Annotation<string>(),
  seen: Annotation<string[]>({ reducer: (seen, more) => [...seen, ...more], default: () => [] }),
});

/** `reply` repeats `text`, and `seen` remembers every text the thread was given. */
export const graph = new StateGraph(State)
  .addNode("echo", ({ text }) => ({ reply: `You said: ${text}`, seen: [text] }))
  .addEdge(START, "echo")
  .addEdge("echo", END)
  .compile();
