/** Answers a message without a model. "ask …" has it ask back first, "fail …" fails, and "wait …" waits at the gate of that name. */
import { AIMessage } from "@langchain/core/messages";
import {
  END,
  MessagesAnnotation,
  START,
  StateGraph,
  interrupt,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { waitAt } from "./steps";

export const graph = new StateGraph(MessagesAnnotation)
  .addNode("confer", async ({ messages }, { signal }: LangGraphRunnableConfig) => {
    const text = messages.at(-1)?.text ?? "";
    const [word = "", ...rest] = text.split(" ");
    if (word === "ask")
      return { messages: [new AIMessage(`then ${JSON.stringify(interrupt<string>(rest.join(" ")))}`)] };
    if (word === "fail") throw new Error(rest.join(" "));
    if (word === "wait") await waitAt(rest.join(" "), signal);
    return { messages: [new AIMessage(`heard: ${text} (${messages.length})`)] };
  })
  .addEdge(START, "confer")
  .addEdge("confer", END)
  .compile();
