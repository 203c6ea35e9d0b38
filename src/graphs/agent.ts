/**
 * The default graph: an agent that answers `messages` with the configured model. The model may call tools before it answers.
 * To begin a graph of your own, copy this file and name the copy in langgraph.json.
 */
import { SystemMessage, type BaseMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import {
  Annotation,
  END,
  MessagesAnnotation,
  START,
  StateGraph,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { z } from "zod";
import { callModel, chooseChatModel } from "./chat-model";

const currentTimeArguments = z.object({
  time_zone: z
    .string()
    .optional()
    .describe("IANA time zone of the answer, for example Europe/Berlin. Default: UTC."),
});

/**
 * The tool with which the model learns what time it is. It answers an ISO 8601 instant. An unknown time zone becomes the tool's
 * error.
 */
export const currentTime = tool(
  ({ time_zone }: z.infer<typeof currentTimeArguments>) => {
    const now = new Date();
    return time_zone === undefined ? now.toISOString() : inTimeZone(now, time_zone);
  },
  { name: "current_time", description: "The current date and time.", schema: currentTimeArguments },
);

/** The instant as the clocks of the time zone show it, for example `2026-11-22T10:57:00+01:00 (Europe/Berlin)`. */
function inTimeZone(instant: Date, timeZone: string): string {
  let format: Intl.DateTimeFormat;
  try {
    // The Swedish locale writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat("sv-SE", {
      timeZone,
      dateStyle: "short",
      timeStyle: "medium",
    });
  } catch {
    throw new Error(`"${timeZone}" is no IANA time zone; use a name like Europe/Berlin`);
  }
  const offset = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" })
    .formatToParts(instant)
    .find(({ type }) => type === "timeZoneName")
    ?.value.replace("GMT", "");
  return `${format.format(instant).replace(" ", "T")}${offset || "+00:00"} (${timeZone})`;
}

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

/** A setting from the run's context. Older clients send it in `configurable`. Undefined when it is absent or empty. */
function setting(config: Config, name: keyof typeof Configuration.State): string | undefined {
  const value: unknown = config.context?.[name] ?? config.configurable?.[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Puts the prompt before the messages of one call. The thread does not keep it, so a changed prompt holds for old threads too. */
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
