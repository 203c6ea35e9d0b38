/**
 * The model that takes the place of a language model when none is configured. It is deterministic and needs no network and no key.
 * Every answer says that it is the offline model. It can call the tool `current_time`, and repeat what it was asked.
 */
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from "@langchain/core/language_models/chat_models";
import {
  AIMessage,
  AIMessageChunk,
  HumanMessage,
  ToolMessage,
  type BaseMessage,
} from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";

const LABEL = "[offline model]";
const TIME_TOOL = "current_time";
const ASKS_FOR_TIME = /\b(time|date|day|today|clock|o'clock)\b/i;
const TIME_ZONE = /\b[A-Z][A-Za-z]+(?:\/[A-Z][A-Za-z_+-]+){1,2}/;
const CHARACTERS_PER_TOKEN = 4;

interface OfflineCallOptions extends BaseChatModelCallOptions {
  toolNames?: string[];
}

interface Answer {
  text: string;
  toolCalls: { id: string; name: string; args: Record<string, string>; type: "tool_call" }[];
}

export class OfflineChatModel extends BaseChatModel<OfflineCallOptions> {
  override _llmType(): string {
    return "offline";
  }

  override bindTools(tools: BindToolsInput[], options?: Partial<OfflineCallOptions>) {
    const toolNames = tools.map((tool) => convertToOpenAITool(tool).function.name);
    return this.withConfig({ ...options, toolNames });
  }

  override async _generate(messages: BaseMessage[], options: OfflineCallOptions): Promise<ChatResult> {
    const { text, toolCalls } = answerTo(messages, options.toolNames ?? []);
    const usage_metadata = usageOf(messages, text, toolCalls);
    const message = new AIMessage({ content: text, tool_calls: toolCalls, usage_metadata });
    return { generations: [{ text, message }] };
  }

  /** Streams the answer word by word, so that token streaming can be tried without a real model. */
  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: OfflineCallOptions,
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const { text, toolCalls } = answerTo(messages, options.toolNames ?? []);
    for (const word of text.match(/\S+\s*/g) ?? []) {
      const chunk = new ChatGenerationChunk({ text: word, message: new AIMessageChunk(word) });
      yield chunk;
      await runManager?.handleLLMNewToken(word, undefined, undefined, undefined, undefined, { chunk });
    }
    const usage_metadata = usageOf(messages, text, toolCalls);
    const tool_call_chunks = toolCalls.map(({ id, name, args }, index) => ({
      id,
      name,
      index,
      args: JSON.stringify(args),
      type: "tool_call_chunk" as const,
    }));
    const message = new AIMessageChunk({ content: "", tool_call_chunks, usage_metadata });
    const chunk = new ChatGenerationChunk({ text: "", message });
    yield chunk;
    await runManager?.handleLLMNewToken("", undefined, undefined, undefined, undefined, { chunk });
  }
}

function answerTo(messages: BaseMessage[], toolNames: string[]): Answer {
  const last = messages.at(-1);
  if (last !== undefined && ToolMessage.isInstance(last)) {
    return { text: `${LABEL} ${last.name ?? "The tool"} says: ${last.text}`, toolCalls: [] };
  }
  const question = messages.findLast((message) => HumanMessage.isInstance(message))?.text ?? "";
  if (toolNames.includes(TIME_TOOL) && ASKS_FOR_TIME.test(question)) {
    const zone = TIME_ZONE.exec(question)?.[0];
    const args: Record<string, string> = zone === undefined ? {} : { time_zone: zone };
    // The id is unique within the thread. A run on the same messages gets the same id again.
    const id = `call_offline_${messages.length}`;
    return { text: "", toolCalls: [{ id, name: TIME_TOOL, args, type: "tool_call" }] };
  }
  const heard = question === "" ? "I was sent no question." : `I was asked: "${question}".`;
  const hint = `No language model is configured, so I can only repeat that, or tell the time. Set OPENAI_API_KEY, OPENAI_BASE_URL or an AI binding for real answers.`;
  return { text: `${LABEL} ${heard} ${hint}`, toolCalls: [] };
}

function usageOf(messages: BaseMessage[], text: string, toolCalls: Answer["toolCalls"]) {
  const written = text + (toolCalls.length > 0 ? JSON.stringify(toolCalls) : "");
  const input_tokens = tokens(messages.map(textOf).join("\n"));
  const output_tokens = tokens(written);
  return { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens };
}

/** The text of a message. The getter `text` looks at each message's blocks, which takes long in a thread of thousands. */
const textOf = (message: BaseMessage): string =>
  typeof message.content === "string" ? message.content : message.text;

function tokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}
