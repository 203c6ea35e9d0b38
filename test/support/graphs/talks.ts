/**
 * An agent with all that streams: a model that speaks word for word and calls a tool, a subgraph, a question to its user, what it
 * writes itself, and transformers of its stream. The words of its input say what it does.
 */
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import { tool } from "@langchain/core/tools";
import {
  Annotation,
  END,
  MessagesAnnotation,
  START,
  StateGraph,
  StreamChannel,
  interrupt,
  type LangGraphRunnableConfig,
  type StreamTransformer,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { z } from "zod";
import { waitAt } from "./steps";

/** Calls the tool when it is asked about the weather, and says what it was told. */
class Speaker extends BaseChatModel {
  constructor() {
    super({});
  }

  override _llmType(): string {
    return "speaker";
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const message = new AIMessage({ content: words(messages).join("") });
    return { generations: [{ text: message.text, message }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    _options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const id = `answer-${messages.length}-${crypto.randomUUID()}`;
    const asksForTool =
      messages.at(-1)?.text.includes("weather") === true && !ToolMessage.isInstance(messages.at(-1));
    const pieces = asksForTool
      ? ['{"city":', '"Oslo"}'].map(
          (args, index) =>
            new AIMessageChunk({
              id,
              content: "",
              tool_call_chunks: [
                { index: 0, args, ...(index === 0 ? { id: "call-1", name: "weather" } : {}) },
              ],
            }),
        )
      : words(messages).map((content) => new AIMessageChunk({ id, content }));
    for (const message of pieces) {
      yield new ChatGenerationChunk({ message, text: message.text });
      await runManager?.handleLLMNewToken(message.text, undefined, undefined, undefined, undefined, {
        chunk: new ChatGenerationChunk({ message, text: message.text }),
      });
    }
  }
}

const words = (messages: BaseMessage[]): string[] => ["You ", "said: ", messages.at(-1)?.text ?? ""];

const weather = tool(({ city }: { city: string }) => `rain in ${city}`, {
  name: "weather",
  description: "The weather.",
  schema: z.object({ city: z.string() }),
});

const State = Annotation.Root({
  ...MessagesAnnotation.spec,
  /** Where the agent waits before it ends. */
  gate: Annotation<string | undefined>(),
  answer: Annotation<string | undefined>(),
});
type State = typeof State.State;

const model = new Speaker();
const asks = ({ messages }: State, word: string): boolean =>
  messages.some((message) => message.type === "human" && message.text.includes(word));

const helper = new StateGraph(MessagesAnnotation)
  .addNode("think", async ({ messages }, { writer }: LangGraphRunnableConfig) => {
    writer?.({ name: "thought", payload: "deep" });
    return { messages: [await model.invoke([messages[0] as BaseMessage])] };
  })
  .addEdge(START, "think")
  .addEdge("think", END)
  .compile();

/** Counts what the tools did, and shows each word of the models on a channel of its own. */
const transformer = (): StreamTransformer<{ toolCount: Promise<number>; shouts: StreamChannel<string> }> => {
  let count = 0;
  const { promise, resolve } = Promise.withResolvers<number>();
  const shouts = StreamChannel.remote<string>("shouts");
  return {
    init: () => ({ toolCount: promise, shouts }),
    process({ method, params }) {
      const data = params.data as { event?: string; delta?: { text?: string } };
      if (method === "tools" && data.event === "tool-finished") count += 1;
      if (method === "messages" && data.delta?.text !== undefined) shouts.push(data.delta.text.toUpperCase());
      return true;
    },
    finalize() {
      resolve(count);
    },
  };
};

export const graph = new StateGraph(State)
  .addNode("agent", async ({ messages }: State, { writer }: LangGraphRunnableConfig) => {
    writer?.({ step: "agent" });
    return { messages: [await model.invoke(messages)] };
  })
  .addNode("tools", new ToolNode([weather]))
  .addNode("helper", helper)
  .addNode("ask", (state: State) =>
    asks(state, "ask") ? { answer: interrupt<string, string>("sure?") } : {},
  )
  .addNode("finish", async (state: State, { signal }: LangGraphRunnableConfig) => {
    if (state.gate !== undefined) await waitAt(state.gate, signal);
    if (asks(state, "fail")) throw new Error("as it was told");
    return {};
  })
  .addEdge(START, "agent")
  .addConditionalEdges("agent", ({ messages }: State) => {
    const last = messages.at(-1);
    if (AIMessage.isInstance(last) && (last.tool_calls ?? []).length > 0) return "tools";
    return messages.some((message) => message.text.includes("help")) ? "helper" : "ask";
  })
  .addEdge("tools", "agent")
  .addEdge("helper", "ask")
  .addEdge("ask", "finish")
  .addEdge("finish", END)
  .compile({ transformers: [transformer] });
