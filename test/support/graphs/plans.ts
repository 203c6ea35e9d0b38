/**
 * An agent with the tools for crons, whose model is scripted: the last message of the user is JSON with the tools that it calls, one after
 * the other. What it hears of them is in the messages.
 */
import { AIMessage, HumanMessage, type BaseMessage } from "@langchain/core/messages";
import {
  END,
  MessagesAnnotation,
  START,
  StateGraph,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { cronTools } from "edgecron/tools";

export interface PlannedCall {
  name: string;
  args: Record<string, unknown>;
}

/** The input with which the graph makes these calls. */
export const planning = (...calls: PlannedCall[]): { messages: { role: string; content: string }[] } => ({
  messages: [{ role: "user", content: JSON.stringify(calls) }],
});

function answer(
  { messages }: typeof MessagesAnnotation.State,
  { configurable }: LangGraphRunnableConfig,
): { messages: BaseMessage[] } {
  const asked = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const script = JSON.parse(messages[asked]?.text ?? "[]") as PlannedCall[];
  const said = messages.slice(asked + 1).filter((message) => AIMessage.isInstance(message)).length;
  const next = script[said];
  if (next === undefined) return { messages: [new AIMessage("done")] };
  const id = `${String(configurable?.run_id)}-${said}`;
  return { messages: [new AIMessage({ content: "", tool_calls: [{ ...next, id }] })] };
}

export const graph = new StateGraph(MessagesAnnotation)
  .addNode("model", answer)
  .addNode("tools", new ToolNode(cronTools()))
  .addEdge(START, "model")
  .addConditionalEdges("model", ({ messages }) => (messages.at(-1)?.content === "done" ? END : "tools"))
  .addEdge("tools", "model")
  .compile();
