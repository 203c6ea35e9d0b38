/**
 * Tells what is a message of LangChain. A graph may bring a copy of LangChain of its own, or an older LangChain. The classes of the server do not know
 * the messages of that copy, so they are known by what they have.
 */
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";

/** Whether the value is a message. */
export const isMessage = (value: unknown): value is BaseMessage =>
  typeof value === "object" && value !== null && "lc_kwargs" in value && has(value, "toDict");

/** Whether the message is a piece of what a model is writing. */
export const isPieceOfAnswer = (message: BaseMessage): message is AIMessageChunk =>
  "tool_call_chunks" in message && has(message, "concat");

const has = (value: object, method: string): boolean =>
  typeof (value as Record<string, unknown>)[method] === "function";
