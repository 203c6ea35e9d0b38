/**
 * The default graph: an agent that answers `messages` with the model that is configured, and may call
 * tools on the way. Copy it to begin a graph of your own, and name the copy in langgraph.json.
 */
import { SystemMessage, type BaseMessage } from "@langchain/core/messages";
import {
  Annotation,
  END,
  MessagesAnnotation,
  START,
  StateGraph,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { callModel, chooseChatModel } from "./chat-model";
import { currentTime } from "./current-time";

const tools = [currentTime];

/** What an assistant or a run may configure, all of it optional. */
const Configuration = Annotation.Root({
  /** In place of OPENAI_MODEL or WORKERS_AI_MODEL. */
  model: Annotation<string | undefined>(),
  system_prompt: Annotation<string | undefined>(),
});

type State = typeof MessagesAnnotation.State;
type Config = LangGraphRunnableConfig<typeof Configuration.State>;

/** @throws Error with the provider's message when the model cannot be reached or refuses */
async function callAgent({ messages }: State, config: Config) {
  const model = chooseChatModel(setting(config, "model"));
  const answer = await callModel({
    model,
    tools,
    messages: withSystemPrompt(messages, setting(config, "system_prompt")),
    signal: config.signal,
  });
  return { messages: [answer] };
}

/** From the run's context or, as older clients send it, its `configurable`. */
function setting(config: Config, name: keyof typeof Configuration.State): string | undefined {
  const value: unknown = config.context?.[name] ?? config.configurable?.[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The prompt leads every call but is not kept in the thread, so that changing it takes effect there too. */
function withSystemPrompt(messages: BaseMessage[], prompt: string | undefined): BaseMessage[] {
  return prompt === undefined ? messages : [new SystemMessage(prompt), ...messages];
}

function toolsOrEnd({ messages }: State): "tools" | typeof END {
  const last = messages.at(-1);
  const calls = last !== undefined && "tool_calls" in last ? last.tool_calls : undefined;
  return Array.isArray(calls) && calls.length > 0 ? "tools" : END;
}

export const agent = new StateGraph(MessagesAnnotation, Configuration)
  .addNode("agent", callAgent)
  .addNode("tools", new ToolNode(tools))
  .addEdge(START, "agent")
  .addConditionalEdges("agent", toolsOrEnd, ["tools", END])
  .addEdge("tools", "agent")
  .compile();
