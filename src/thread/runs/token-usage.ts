/**
 * Counts the tokens that a run uses. It hears every model call, whether or not its message gets into the state; and it looks
 * at what nodes return, for messages of models that LangChain does not know of.
 */
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { ModelAbortError } from "@langchain/core/errors";
import type { Serialized } from "@langchain/core/load/serializable";
import { BaseMessage } from "@langchain/core/messages";
import type { LLMResult } from "@langchain/core/outputs";
import type { ChainValues } from "@langchain/core/utils/types";
import { isCommand } from "@langchain/langgraph";
import type { TokenUsage } from "../../wire/runs/run";

/** Hears one attempt at a run; to be given to its graph as a callback. */
export class UsageMeter extends BaseCallbackHandler {
  override name = "UsageMeter";
  private readonly seenIds = new Set<string>();
  private readonly seenMessages = new WeakSet<BaseMessage>();
  /** The executions of nodes that are under way. */
  private readonly nodes = new Set<string>();
  private unsaved = false;

  /** @param total what earlier attempts used; null: no model has told of any */
  constructor(private total: TokenUsage | null) {
    // What is counted is in the total when the model's caller goes on.
    super({ _awaitHandler: true });
  }

  /** All that the run has used so far; null when no model has told. */
  read(): TokenUsage | null {
    return this.total;
  }

  /** Like {@link read}, for the caller to save; null when nothing has come in since the last time. */
  takeUnsaved(): TokenUsage | null {
    if (!this.unsaved) return null;
    this.unsaved = false;
    return this.total;
  }

  override handleLLMEnd(
    { generations, llmOutput }: LLMResult,
    _runId: string,
    _parentRunId?: string,
    _tags?: string[],
    extra?: Record<string, unknown>,
  ): void {
    const messages = generations.flat().map((generation) => messageOf(generation));
    const told = messages.map((message) => usageOf(message)).filter((usage) => usage !== undefined);
    // Each message was paid for, also one that looks like another; but not what a cache had.
    if (extra?.cached !== true) {
      const all = told.length === 0 ? [tokenUsageOf(llmOutput?.tokenUsage)] : told;
      for (const usage of all) this.add(usage);
    }
    for (const message of messages) if (message !== undefined) this.see(message);
  }

  /** A call that was broken off costs what had come until then. */
  override handleLLMError(error: unknown): void {
    if (ModelAbortError.isInstance(error)) this.add(usageOf(error.partialOutput));
  }

  override handleChainStart(
    _chain: Serialized,
    inputs: ChainValues,
    runId: string,
    _parentRunId?: string,
    _tags?: string[],
    metadata?: Record<string, unknown>,
    _runType?: string,
    name?: string,
  ): void {
    if (name === undefined || name !== metadata?.langgraph_node) return;
    this.nodes.add(runId);
    for (const message of messagesIn(inputs)) this.see(message);
  }

  override handleChainEnd(outputs: unknown, runId: string): void {
    if (!this.nodes.delete(runId)) return;
    for (const message of messagesIn(outputs)) if (this.see(message)) this.add(usageOf(message));
  }

  override handleChainError(_error: unknown, runId: string): void {
    this.nodes.delete(runId);
  }

  /** @returns whether it is new */
  private see(message: BaseMessage): boolean {
    const known =
      this.seenMessages.has(message) || (message.id !== undefined && this.seenIds.has(message.id));
    this.seenMessages.add(message);
    if (message.id !== undefined) this.seenIds.add(message.id);
    return !known;
  }

  private add(usage: TokenUsage | undefined): void {
    if (usage === undefined) return;
    this.total = {
      inputTokens: (this.total?.inputTokens ?? 0) + usage.inputTokens,
      outputTokens: (this.total?.outputTokens ?? 0) + usage.outputTokens,
    };
    this.unsaved = true;
  }
}

/** The messages that lie open in a state, an update or a command: as values, or in lists of one. */
function* messagesIn(value: unknown, isPart = false): Generator<BaseMessage> {
  if (BaseMessage.isInstance(value)) yield value;
  else if (isCommand(value)) yield* messagesIn(value.update);
  else if (Array.isArray(value)) {
    for (const part of value as unknown[]) {
      if (BaseMessage.isInstance(part) || isCommand(part)) yield* messagesIn(part, true);
    }
  } else if (isObject(value) && !isPart && !ArrayBuffer.isView(value)) {
    for (const part of Object.values(value)) yield* messagesIn(part, true);
  }
}

const messageOf = (generation: object): BaseMessage | undefined =>
  "message" in generation && BaseMessage.isInstance(generation.message) ? generation.message : undefined;

/** What a message says that it has cost. */
function usageOf(message: BaseMessage | undefined): TokenUsage | undefined {
  const usage = message !== undefined && "usage_metadata" in message ? message.usage_metadata : undefined;
  if (!isObject(usage)) return undefined;
  return { inputTokens: count(usage.input_tokens), outputTokens: count(usage.output_tokens) };
}

/** What a model says that makes no messages, or several at a time. */
function tokenUsageOf(usage: unknown): TokenUsage | undefined {
  if (!isObject(usage) || (usage.promptTokens === undefined && usage.completionTokens === undefined)) {
    return undefined;
  }
  return { inputTokens: count(usage.promptTokens), outputTokens: count(usage.completionTokens) };
}

const count = (tokens: unknown): number =>
  typeof tokens === "number" && Number.isFinite(tokens) ? Math.max(0, Math.round(tokens)) : 0;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
