/** What a graph with `messages` has answered. */
import { isJsonObject, type JsonObject } from "../platform/json";

/** The text of the last message, if a model or a node of the graph wrote it; undefined for other states. */
export function answerIn({ messages }: JsonObject): string | undefined {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (!isJsonObject(last) || last.type !== "ai") return undefined;
  const text = textOf(last.content);
  return text === "" ? undefined : text;
}

/** The text in the content of a message, which is a text or a list of blocks. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((block) => (isJsonObject(block) && typeof block.text === "string" ? block.text : ""))
    .join("");
}
