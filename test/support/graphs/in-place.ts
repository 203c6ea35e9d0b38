/** A node that changes a message of the thread in place, as careless graphs do, on a list that is long enough to be kept in memory. */
import { HumanMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";

/** Adds a long message, and a mark to the first one. */
function mark({ messages }: typeof MessagesAnnotation.State) {
  const [first] = messages;
  if (first !== undefined) first.content = `${first.text}+`;
  return { messages: [new HumanMessage("long ".repeat(4_000))] };
}

export const graph = new StateGraph(MessagesAnnotation)
  .addNode("mark", mark)
  .addEdge(START, "mark")
  .addEdge("mark", END)
  .compile();
