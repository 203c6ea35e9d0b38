/**
 * Calls models in every way that a graph can, each for another power of ten of input tokens and one output token, so that a
 * sum tells which calls are in it. What comes after is as the input says: the end, a failure, or waiting at a gate.
 */
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import {
  Annotation,
  Command,
  END,
  MessagesAnnotation,
  START,
  StateGraph,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";
import { waitAt } from "./steps";

/** Input tokens by the way of the call. */
export const SPENT = {
  answer: 1,
  silent: 10,
  streamed: 100,
  raw: 1_000,
  subgraph: 10_000,
  nested: 100_000,
  command: 1_000_000,
} as const;
/** Of one execution of all nodes. */
export const TOTAL = {
  input_tokens: Object.values(SPENT).reduce((sum, tokens) => sum + tokens, 0),
  output_tokens: Object.keys(SPENT).length,
};

const usage = (input: number, output: number) => ({
  input_tokens: input,
  output_tokens: output,
  total_tokens: input + output,
});

/** Is paid what its prompt says. */
class PaidModel extends BaseChatModel {
  override _llmType(): string {
    return "paid";
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const message = new AIMessage({ content: "paid", usage_metadata: usage(costOf(messages), 1) });
    return { generations: [{ text: "paid", message }] };
  }

  /** As some providers do, it tells the input first and the output last. */
  override async *_streamResponseChunks(
    messages: BaseMessage[],
    _options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for (const [content, told] of [
      ["pa", usage(costOf(messages), 0)],
      ["id", undefined],
      ["", usage(0, 1)],
    ] as const) {
      const message = new AIMessageChunk({
        content,
        ...(told === undefined ? {} : { usage_metadata: told }),
      });
      const chunk = new ChatGenerationChunk({ text: content, message });
      yield chunk;
      await runManager?.handleLLMNewToken(content, undefined, undefined, undefined, undefined, { chunk });
    }
  }
}

const costOf = (messages: BaseMessage[]): number => Number(messages.at(-1)?.text);

const model = new PaidModel({});
const ask = (way: keyof typeof SPENT): Promise<AIMessageChunk> => model.invoke(String(SPENT[way]));

const inner = new StateGraph(MessagesAnnotation)
  .addNode("within", async () => ({ messages: [await ask("subgraph")] }))
  .addEdge(START, "within")
  .addEdge("within", END)
  .compile();

const hidden = new StateGraph(Annotation.Root({ seen: Annotation<string>() }))
  .addNode("deep", async () => ({ seen: (await ask("nested")).text }))
  .addEdge(START, "deep")
  .addEdge("deep", END)
  .compile();

const State = Annotation.Root({
  ...MessagesAnnotation.spec,
  last: Annotation<AIMessage>(),
  then: Annotation<"fail" | "wait" | undefined>(),
  key: Annotation<string>(),
});

export const graph = new StateGraph(State)
  .addNode("answer", async () => ({ messages: [await ask("answer")] }))
  .addNode("silent", async () => {
    await ask("silent");
    return {};
  })
  .addNode("streamed", async () => {
    let whole: AIMessageChunk | undefined;
    for await (const chunk of await model.stream(String(SPENT.streamed))) {
      whole = whole === undefined ? chunk : whole.concat(chunk);
    }
    return { messages: whole === undefined ? [] : [whole] };
  })
  // Of a model that LangChain does not know of.
  .addNode("raw", () => {
    const message = new AIMessage({ content: "raw", usage_metadata: usage(SPENT.raw, 1) });
    return { messages: [message], last: message };
  })
  .addNode(
    "commands",
    () => {
      const message = new AIMessage({ content: "raw", usage_metadata: usage(SPENT.command, 1) });
      return new Command({ update: { messages: message }, goto: "again" });
    },
    { ends: ["again"] },
  )
  .addNode("subgraph", inner)
  .addNode("nests", async () => {
    await hidden.invoke({});
    return {};
  })
  // What is in the state already costs nothing, also when it is returned once more.
  .addNode("again", ({ messages }) => ({ messages, last: messages.at(-1) as AIMessage }))
  .addNode("end", async ({ then, key }, config: LangGraphRunnableConfig) => {
    if (then === "wait") await waitAt(key, config.signal);
    if (then === "fail") throw new Error("out of money");
    return {};
  })
  .addEdge(START, "answer")
  .addEdge(START, "silent")
  .addEdge(START, "streamed")
  .addEdge(START, "raw")
  .addEdge(["answer", "silent", "streamed", "raw"], "subgraph")
  .addEdge("subgraph", "nests")
  .addEdge("nests", "commands")
  .addEdge("again", "end")
  .addEdge("end", END)
  .compile();
