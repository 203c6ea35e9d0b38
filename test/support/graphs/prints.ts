/** Prints what the input says, in each way in which code prints. */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ text: Annotation<string>() });

export const graph = new StateGraph(State)
  .addNode("print", ({ text }) => {
    console.log(text);
    console.info("%s is %d", text, 7);
    console.warn({ topic: text, size: 3 });
    console.error(new Error(text));
    console.debug(JSON.stringify({ level: "debug", message: text }));
    return {};
  })
  .addEdge(START, "print")
  .addEdge("print", END)
  .compile();
