/**
 * Makes content-block events of the messages that a graph streams in pieces. LangGraph does so itself unless the run streams messages
 * to a client of the older API too, or the project has an older LangGraph.
 */
import type { BaseMessage } from "@langchain/core/messages";
import { isPieceOfAnswer } from "../../graphs/message-kinds";
import type { JsonObject } from "../../platform/json";
import { namespaceOf } from "./graph-events";

/** What a graph streams in the mode `messages`: a message, or a piece of one, and where it comes from. */
export type MessagePiece = [message: BaseMessage, metadata: JsonObject];

/** A block of content that is being streamed. */
interface Block extends JsonObject {
  type: string;
}

/** A message whose end has not come yet. */
interface OpenMessage {
  /** The blocks so far, in order. Only the last can still grow. */
  blocks: Block[];
  usage: unknown;
  metadata: JsonObject;
}

/** An event, and the metadata of the message that it is about. */
export interface MessageEvent {
  data: JsonObject;
  metadata: JsonObject;
}

export class MessageBlocks {
  private readonly open = new Map<string, OpenMessage>();
  /** Ids of messages that have ended. */
  private readonly ended = new Set<string>();

  /** The events that a piece becomes. A message begins with its first piece, and ends with {@link end} or when it came whole. */
  *eventsOf([message, metadata]: MessagePiece): Generator<MessageEvent> {
    const id = message.id ?? `run-${namespaceOf(metadata).join("|")}`;
    if (this.ended.has(id)) return;
    const isPiece = isPieceOfAnswer(message);
    let open = this.open.get(id);
    if (open === undefined) {
      open = { blocks: [], usage: undefined, metadata };
      this.open.set(id, open);
      const toolCallId = "tool_call_id" in message ? { tool_call_id: message.tool_call_id } : {};
      yield { data: { event: "message-start", id, role: roleOf(message), ...toolCallId }, metadata };
    }
    const { usage_metadata: usage } = message as BaseMessage & { usage_metadata?: unknown };
    open.usage = usage ?? open.usage;
    for (const piece of piecesOf(message)) yield* this.grow(open, piece);
    if (!isPiece) yield* this.endOne(id, open);
  }

  /** The ends of the messages of a task of the graph, or of all messages. */
  *end(ofTask: (metadata: JsonObject) => boolean = () => true): Generator<MessageEvent> {
    for (const [id, open] of this.open) if (ofTask(open.metadata)) yield* this.endOne(id, open);
  }

  /** Adds to the last block what belongs to it, or begins the next one. */
  private *grow({ blocks, metadata }: OpenMessage, piece: Block): Generator<MessageEvent> {
    let index = blocks.length - 1;
    let block = blocks[index];
    if (block === undefined || !continues(block, piece)) {
      if (block !== undefined) yield { data: finishOf(index, block), metadata };
      block = beginningOf(piece);
      index = blocks.push(block) - 1;
      yield { data: { event: "content-block-start", index, content: { ...block } }, metadata };
    }
    const delta = addTo(block, piece);
    if (delta !== undefined) yield { data: { event: "content-block-delta", index, delta }, metadata };
  }

  private *endOne(id: string, { blocks, usage, metadata }: OpenMessage): Generator<MessageEvent> {
    this.open.delete(id);
    this.ended.add(id);
    const last = blocks.at(-1);
    if (last !== undefined) yield { data: finishOf(blocks.length - 1, last), metadata };
    yield { data: { event: "message-finish", ...(usage === undefined ? {} : { usage }) }, metadata };
  }
}

function roleOf({ type }: BaseMessage): string {
  return type === "human" || type === "system" || type === "tool" ? type : "ai";
}

/** The content of a message as blocks: its text, what else it holds, and the tools that it calls. */
function piecesOf(message: BaseMessage): Block[] {
  const { content } = message;
  const written: Block[] = typeof content === "string" ? [{ type: "text", text: content }] : content;
  const { tool_call_chunks: chunks, tool_calls: whole } = message as BaseMessage &
    Partial<Record<"tool_call_chunks" | "tool_calls", JsonObject[]>>;
  const calls = (isPieceOfAnswer(message) ? chunks : whole) ?? [];
  const called = calls.map((call): Block => ({
    ...call,
    type: "tool_call_chunk",
    args: typeof call.args === "string" ? call.args : JSON.stringify(call.args ?? {}),
  }));
  return [...written.filter(({ type, text }) => type !== "text" || text !== ""), ...called];
}

/** Whether the piece belongs to the block. */
function continues(block: Block, piece: Block): boolean {
  if (block.type !== piece.type) return false;
  if (piece.type === "text" || piece.type === "reasoning") return true;
  if (piece.type !== "tool_call_chunk") return false;
  const { id } = piece;
  return (id === undefined || id === null || id === block.id) && piece.index === block.index;
}

/** The block that a piece begins, as far as the piece's text is not counted. */
function beginningOf(piece: Block): Block {
  if (piece.type === "text") return { ...piece, text: "" };
  if (piece.type === "reasoning") return { ...piece, reasoning: "" };
  return piece.type === "tool_call_chunk" ? { ...piece, args: "" } : piece;
}

/** Adds the piece to its block. @returns what is sent of it; undefined when the block is sent whole */
function addTo(block: Block, piece: Block): JsonObject | undefined {
  switch (piece.type) {
    case "text":
      block.text = textOf(block.text) + textOf(piece.text);
      return { type: "text-delta", text: piece.text };
    case "reasoning":
      block.reasoning = textOf(block.reasoning) + textOf(piece.reasoning);
      return { type: "reasoning-delta", reasoning: piece.reasoning };
    case "tool_call_chunk":
      block.args = textOf(block.args) + textOf(piece.args);
      return { type: "block-delta", fields: { ...block } };
    default:
      return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** The end of a block. The arguments of a tool are JSON by then, unless the model has made a mistake. */
function finishOf(index: number, block: Block): JsonObject {
  return { event: "content-block-finish", index, content: finished(block) };
}

function finished(block: Block): Block {
  if (block.type !== "tool_call_chunk") return block;
  const { args, ...call } = block;
  try {
    return { ...call, type: "tool_call", args: JSON.parse(textOf(args) || "{}") as unknown };
  } catch {
    return { ...call, type: "invalid_tool_call", args, error: "the arguments are no JSON" };
  }
}
