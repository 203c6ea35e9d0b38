/**
 * Counts the tokens that a run uses. LangChain reports every model call, whether or not its message gets into the state. The
 * messages that nodes return are looked at as well, because they may come from models that LangChain does not know.
 */
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { ModelAbortError } from "@langchain/core/errors";
import type { Serialized } from "@langchain/core/load/serializable";
import type { BaseMessage } from "@langchain/core/messages";
import type { LLMResult } from "@langchain/core/outputs";
import type { ChainValues } from "@langchain/core/utils/types";
import { isCommand } from "@langchain/langgraph";
import { isMessage } from "../../graphs/message-kinds";
import type { TokenUsage } from "../../wire/runs/run";

/** So many lists of messages are kept to be looked at later. */
const MAX_UNREAD = 16;

/** Counts the tokens of one attempt at a run. The graph is executed with it as a callback handler. */
export class UsageMeter extends BaseCallbackHandler {
  override name = "UsageMeter";
  /** Ids of the messages that are counted already, or were in the state before. */
  private readonly seenIds = new Set<string>();
  /** The same messages as objects, because a message may have no id. */
  private readonly seenMessages = new WeakSet<BaseMessage>();
  /**
   * Lists of messages in the inputs of nodes, which were not looked at yet. They are copies, because a node may change its input. They
   * are looked at only when it has to be known whether a message is new: a thread may have thousands.
   */
  private unread: (readonly unknown[])[] = [];
  /** Callback ids of the executions of nodes that are under way. */
  private readonly nodes = new Set<string>();
  /** Whether tokens were counted since {@link takeUnsaved} was called last. */
  private unsaved = false;

  /** @param total the tokens that earlier attempts used; null when no model has reported any */
  constructor(private total: TokenUsage | null) {
    // LangChain awaits the handler, so the tokens of a model call are counted before the graph goes on.
    super({ _awaitHandler: true });
  }

  /** The tokens that the run has used so far, in all attempts; null when no model has reported any. */
  read(): TokenUsage | null {
    return this.total;
  }

  /** Like {@link read}, for a caller that saves the result; null when no tokens were counted since the last call. */
  takeUnsaved(): TokenUsage | null {
    if (!this.unsaved) return null;
    this.unsaved = false;
    return this.total;
  }

  /** A model call has ended. */
  override handleLLMEnd(
    { generations, llmOutput }: LLMResult,
    _runId: string,
    _parentRunId?: string,
    _tags?: string[],
    extra?: Record<string, unknown>,
  ): void {
    const messages = generations.flat().map((generation) => messageOf(generation));
    const reported = messages.map((message) => usageOf(message)).filter((usage) => usage !== undefined);
    // Every answer of a model costs tokens, also one with the id of an earlier message. An answer from a cache costs none.
    if (extra?.cached !== true) {
      const usages = reported.length === 0 ? [tokenUsageOf(llmOutput?.tokenUsage)] : reported;
      for (const usage of usages) this.add(usage);
    }
    for (const message of messages) if (message !== undefined) this.markSeen(message);
  }

  /** A model call has failed. A call that was aborted has used the tokens of the partial answer. */
  override handleLLMError(error: unknown): void {
    if (ModelAbortError.isInstance(error)) this.add(usageOf(error.partialOutput));
  }

  /** A node begins. The messages in its input were counted before, or were in the thread before the run. */
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
    for (const list of listsIn(inputs)) this.readLater(list);
  }

  /** A node has ended. The new messages in its output come from models that LangChain does not know. */
  override handleChainEnd(outputs: unknown, runId: string): void {
    if (!this.nodes.delete(runId)) return;
    for (const message of messagesIn(outputs)) {
      if (!this.isSeen(message)) {
        const usage = usageOf(message);
        if (usage !== undefined) this.readInputs();
        if (!this.isSeen(message)) this.add(usage);
      }
      this.markSeen(message);
    }
  }

  override handleChainError(_error: unknown, runId: string): void {
    this.nodes.delete(runId);
  }

  /** Notes a list in the input of a node. A list that has only grown since takes the place of the earlier one. */
  private readLater(list: readonly unknown[]): void {
    const earlier = this.unread.findIndex((other) => other.every((item, i) => item === list[i]));
    if (earlier >= 0) this.unread[earlier] = list.slice();
    else if (this.unread.push(list.slice()) >= MAX_UNREAD) this.readInputs();
  }

  private readInputs(): void {
    for (const list of this.unread) for (const message of messagesOf(list)) this.markSeen(message);
    this.unread = [];
  }

  /** Notes that the message needs no further counting. */
  private markSeen(message: BaseMessage): void {
    this.seenMessages.add(message);
    if (message.id !== undefined) this.seenIds.add(message.id);
  }

  private isSeen(message: BaseMessage): boolean {
    return this.seenMessages.has(message) || (message.id !== undefined && this.seenIds.has(message.id));
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

/** The messages in the input or output of a node, see {@link listsIn}. */
function* messagesIn(value: unknown): Generator<BaseMessage> {
  for (const list of listsIn(value)) yield* messagesOf(list);
}

/**
 * The lists in the input or output of a node that have messages: in a state or an update the values of keys, and what is in the
 * update of a command. A value that is no list counts as a list of one. Messages deeper down are not found.
 * @param isPart whether `value` is itself inside a state, an update or a list
 */
function* listsIn(value: unknown, isPart = false): Generator<readonly unknown[]> {
  if (isMessage(value)) yield [value];
  else if (isCommand(value)) yield* listsIn(value.update);
  else if (Array.isArray(value)) {
    if ((value as unknown[]).some((part) => isMessage(part) || isCommand(part))) yield value;
  } else if (isObject(value) && !isPart && !ArrayBuffer.isView(value)) {
    for (const part of Object.values(value)) yield* listsIn(part, true);
  }
}

/** The messages of one list, also those in the updates of commands. */
function* messagesOf(list: readonly unknown[]): Generator<BaseMessage> {
  for (const part of list) {
    if (isMessage(part)) yield part;
    else if (isCommand(part)) yield* messagesIn(part);
  }
}

/** The message of an answer; undefined when the model answers with text only. */
const messageOf = (generation: object): BaseMessage | undefined =>
  "message" in generation && isMessage(generation.message) ? generation.message : undefined;

/** The tokens that a message reports in its `usage_metadata`; undefined when it reports none. */
function usageOf(message: BaseMessage | undefined): TokenUsage | undefined {
  const usage = message !== undefined && "usage_metadata" in message ? message.usage_metadata : undefined;
  if (!isObject(usage)) return undefined;
  return { inputTokens: count(usage.input_tokens), outputTokens: count(usage.output_tokens) };
}

/** The tokens that a model reports for a whole call: a model that makes no messages, or several in one call. */
function tokenUsageOf(usage: unknown): TokenUsage | undefined {
  if (!isObject(usage) || (usage.promptTokens === undefined && usage.completionTokens === undefined)) {
    return undefined;
  }
  return { inputTokens: count(usage.promptTokens), outputTokens: count(usage.completionTokens) };
}

/** A number of tokens as a model reports it, as an integer from 0 up. */
const count = (tokens: unknown): number =>
  typeof tokens === "number" && Number.isFinite(tokens) ? Math.max(0, Math.round(tokens)) : 0;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
