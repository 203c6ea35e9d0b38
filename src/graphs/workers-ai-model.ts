/**
 * A LangChain chat model that calls Workers AI through its binding. It supports tool calls, and does not stream answers.
 */
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BaseChatModelParams,
  type BindToolsInput,
} from "@langchain/core/language_models/chat_models";
import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { z } from "zod";

/** The part of the Workers AI binding that is used. */
export interface WorkersAIBinding {
  run(model: string, inputs: Record<string, unknown>, options?: { signal?: AbortSignal }): Promise<unknown>;
}

interface WorkersAICallOptions extends BaseChatModelCallOptions {
  tools?: ReturnType<typeof convertToOpenAITool>[];
}

interface WorkersAIParams extends BaseChatModelParams {
  binding: WorkersAIBinding;
  /** For example `@cf/meta/llama-3.3-70b-instruct-fp8-fast`; it has to support function calling. */
  model: string;
}

const Arguments = z.union([z.string(), z.record(z.string(), z.unknown())]).nullish();
const Usage = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() });
// Older models answer in the native format of Workers AI, newer ones in OpenAI's format.
const NativeCall = z.object({ id: z.string().nullish(), name: z.string(), arguments: Arguments });
const OpenAICall = z.object({
  id: z.string().nullish(),
  function: z.object({ name: z.string(), arguments: Arguments }),
});
const OpenAIAnswer = z.object({
  choices: z.tuple(
    [
      z.object({
        message: z.object({ content: z.string().nullish(), tool_calls: z.array(OpenAICall).nullish() }),
      }),
    ],
    z.unknown(),
  ),
  usage: Usage.nullish().catch(null),
});
const NativeAnswer = z.object({
  response: z.unknown().optional(),
  tool_calls: z.array(z.union([OpenAICall, NativeCall])).nullish(),
  usage: Usage.nullish().catch(null),
});

export class ChatWorkersAI extends BaseChatModel<WorkersAICallOptions> {
  private readonly binding: WorkersAIBinding;
  readonly model: string;

  constructor({ binding, model, ...params }: WorkersAIParams) {
    super(params);
    this.binding = binding;
    this.model = model;
  }

  override _llmType(): string {
    return "workers-ai";
  }

  override bindTools(tools: BindToolsInput[], options?: Partial<WorkersAICallOptions>) {
    return this.withConfig({ ...options, tools: tools.map((tool) => convertToOpenAITool(tool)) });
  }

  /** @throws Error with the binding's message, or when the answer has no known form */
  override async _generate(messages: BaseMessage[], options: WorkersAICallOptions): Promise<ChatResult> {
    const inputs = {
      messages: messages.map(toWire),
      ...(options.tools !== undefined && options.tools.length > 0 ? { tools: options.tools } : {}),
    };
    const { signal } = options;
    const answer = await this.caller.callWithOptions({ signal }, () =>
      this.binding.run(this.model, inputs, signal === undefined ? {} : { signal }),
    );
    const message = fromWire(answer, messages.length);
    return { generations: [{ text: message.text, message }] };
  }
}

function toWire(message: BaseMessage): Record<string, unknown> {
  const content = message.text;
  if (ToolMessage.isInstance(message)) {
    return { role: "tool", content, name: message.name, tool_call_id: message.tool_call_id };
  }
  if (!AIMessage.isInstance(message)) return { role: message.type === "system" ? "system" : "user", content };
  const calls = message.tool_calls ?? [];
  if (calls.length === 0) return { role: "assistant", content };
  const tool_calls = calls.map(({ id, name, args }) => ({
    id,
    type: "function",
    function: { name, arguments: JSON.stringify(args) },
  }));
  return { role: "assistant", content, tool_calls };
}

function fromWire(answer: unknown, turn: number): AIMessage {
  const { text, calls, usage } = parseAnswer(answer);
  return new AIMessage({
    content: text,
    tool_calls: calls.map((call, index) => {
      const { name, arguments: given } = "function" in call ? call.function : call;
      // The native format has no ids, and a tool's result must name the call it answers.
      return {
        id: call.id ?? `call_${turn}_${index}`,
        name,
        args: parseArguments(name, given),
        type: "tool_call",
      };
    }),
    ...(usage ? { usage_metadata: usageMetadata(usage) } : {}),
  });
}

function parseAnswer(answer: unknown) {
  const openAI = OpenAIAnswer.safeParse(answer);
  if (openAI.success) {
    const [{ message }] = openAI.data.choices;
    return { text: message.content ?? "", calls: message.tool_calls ?? [], usage: openAI.data.usage };
  }
  const native = NativeAnswer.safeParse(answer);
  const calls = native.data?.tool_calls ?? [];
  const response = native.data?.response ?? null;
  if (!native.success || (response === null && calls.length === 0)) {
    const shown = answer === undefined ? "nothing" : JSON.stringify(answer).slice(0, 500);
    throw new Error(`Workers AI answered in an unknown form: ${shown}`);
  }
  const text = typeof response === "string" ? response : response === null ? "" : JSON.stringify(response);
  return { text, calls, usage: native.data.usage };
}

function parseArguments(tool: string, given: z.infer<typeof Arguments>): Record<string, unknown> {
  if (typeof given !== "string") return given ?? {};
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(given || "{}"));
  } catch {
    throw new Error(`Workers AI called the tool ${tool} with arguments that are no JSON object: ${given}`);
  }
}

function usageMetadata(usage: z.infer<typeof Usage>) {
  const { prompt_tokens: input_tokens, completion_tokens: output_tokens } = usage;
  return { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens };
}
