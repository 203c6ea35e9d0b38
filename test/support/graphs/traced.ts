/** Calls in its node a function that LangSmith traces, and a graph. */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { traceable } from "langsmith/traceable";
import { graph as echo } from "./echo";

const State = Annotation.Root({ text: Annotation<string>(), reply: Annotation<string>() });

const shout = traceable((text: string) => Promise.resolve(text.toUpperCase()), { name: "shout" });

export const graph = new StateGraph(State)
  .addNode("speak", async ({ text }) => {
    const { reply } = (await echo.invoke({ text: await shout(text) })) as { reply: string };
    return { reply };
  })
  .addEdge(START, "speak")
  .addEdge("speak", END)
  .compile();
