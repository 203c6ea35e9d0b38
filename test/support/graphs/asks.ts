/** Two nodes that ask at the same time, the second of them twice in a row, and one that puts the answers together. */
import { Annotation, END, START, StateGraph, interrupt } from "@langchain/langgraph";

const State = Annotation.Root({
  answers: Annotation<string[]>({ reducer: (answers, more) => [...answers, ...more], default: () => [] }),
  summary: Annotation<string>(),
});

const ask = (question: string): string => interrupt<string, string>(question);

export const graph = new StateGraph(State)
  .addNode("left", () => ({ answers: [`left: ${ask("left?")}`] }))
  .addNode("right", () => {
    const first = ask("right?");
    return { answers: [`right: ${first} ${ask("and then?")}`] };
  })
  .addNode("sum", ({ answers }) => ({ summary: [...answers].sort().join(", ") }))
  .addEdge(START, "left")
  .addEdge(START, "right")
  .addEdge(["left", "right"], "sum")
  .addEdge("sum", END)
  .compile();
