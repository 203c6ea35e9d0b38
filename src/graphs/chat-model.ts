/**
 * Chooses the chat model of the agent when the agent runs, and calls it. An OpenAI-compatible endpoint comes first, then the
 * Workers AI binding, and without either the offline model.
 */
import { env as bindings } from "cloudflare:workers";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { ChatOpenAICompletions } from "@langchain/openai";
import { OfflineChatModel } from "./offline-model";
import { ChatWorkersAI, type WorkersAIBinding } from "./workers-ai-model";

const DEFAULT_OPENAI_MODEL = "gpt-5-mini";
const DEFAULT_WORKERS_AI_MODEL = "@cf/meta/llama-3.3-70b-instruct-fp8-fast";
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_RETRIES = 2;

export type Variables = Readonly<Record<string, string | undefined>>;
export type ToolCallingModel = BaseChatModel & Required<Pick<BaseChatModel, "bindTools">>;

export interface ModelSources {
  /** Default: `process.env`, which the Worker's variables and secrets fill. */
  readonly variables?: Variables;
  /** Default: the binding `AI`, if the Worker has one. */
  readonly ai?: WorkersAIBinding | undefined;
}

/**
 * The chat model that is configured.
 * @param modelName overrides OPENAI_MODEL or WORKERS_AI_MODEL.
 * @throws Error when a variable that has to be a number is not one
 */
export function chooseChatModel(modelName?: string, sources: ModelSources = {}): ToolCallingModel {
  const { variables = process.env } = sources;
  const ai = "ai" in sources ? sources.ai : (bindings as { AI?: WorkersAIBinding }).AI;
  const maxRetries = wholeNumber(variables, "MODEL_MAX_RETRIES", DEFAULT_MAX_RETRIES);
  // A local endpoint often wants no key, so a base URL alone is enough.
  if (variables["OPENAI_API_KEY"] || variables["OPENAI_BASE_URL"]) {
    return new ChatOpenAICompletions({
      model: modelName ?? (variables["OPENAI_MODEL"] || DEFAULT_OPENAI_MODEL),
      apiKey: variables["OPENAI_API_KEY"] || "none",
      maxRetries,
      configuration: {
        baseURL: variables["OPENAI_BASE_URL"] || undefined,
        // workerd's fetch must not be called as the method of another object.
        fetch: (input, init) => fetch(input, init),
      },
    });
  }
  if (ai !== undefined) {
    const model = modelName ?? (variables["WORKERS_AI_MODEL"] || DEFAULT_WORKERS_AI_MODEL);
    return new ChatWorkersAI({ binding: ai, model, maxRetries });
  }
  return new OfflineChatModel({});
}

export interface ModelCall {
  readonly model: ToolCallingModel;
  readonly tools: readonly StructuredToolInterface[];
  readonly messages: readonly BaseMessage[];
  /** The signal of the run. When it aborts, the call is aborted too. */
  readonly signal?: AbortSignal | undefined;
  readonly variables?: Variables;
}

/**
 * Asks the model for one answer. MODEL_TIMEOUT_MS limits the whole call, with its retries and the reading of a streamed answer.
 * @throws Error with the provider's message, or saying that the time was over
 */
export async function callModel(call: ModelCall): Promise<AIMessageChunk> {
  const { model, tools, messages, signal, variables = process.env } = call;
  const timeoutMs = wholeNumber(variables, "MODEL_TIMEOUT_MS", DEFAULT_TIMEOUT_MS);
  signal?.throwIfAborted();
  const ended = new AbortController();
  const stopped = Promise.withResolvers<never>();
  const stop = (reason: unknown) => {
    ended.abort(reason);
    stopped.reject(reason instanceof Error ? reason : new Error("The model call was aborted"));
  };
  // Not AbortSignal.timeout: its timer would outlive the call and keep a Durable Object awake.
  const timer = setTimeout(() => {
    stop(new Error(`The model did not answer within ${timeoutMs} ms (MODEL_TIMEOUT_MS)`));
  }, timeoutMs);
  const onAbort = () => {
    stop(signal?.reason);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const answer = model.bindTools([...tools]).invoke([...messages], { signal: ended.signal });
    // A provider may ignore the signal. So the call ends here even when the provider goes on.
    return await Promise.race([answer, stopped.promise]);
  } catch (error) {
    // The client of each provider reports an abort by its own message. The reason of the abort says more.
    throw ended.signal.aborted && ended.signal.reason instanceof Error ? ended.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function wholeNumber(variables: Variables, name: string, fallback: number): number {
  const text = variables[name]?.trim();
  if (!text) return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} must be a whole number, not "${text}"`);
  return Number(text);
}
