/** Messages of A2A as messages of LangChain, and the other way about. */
import { Role, type Message, type Part } from "@a2a-js/sdk";
import { ContentTypeNotSupportedError, RequestMalformedError } from "@a2a-js/sdk/errors";
import { isJsonObject, type JsonObject } from "../../platform/json";
import { textOf } from "../last-message";

export const textPart = (value: string): Part => ({
  content: { $case: "text", value },
  metadata: undefined,
  filename: "",
  mediaType: "text/plain",
});

const dataPart = (value: unknown): Part => ({
  content: { $case: "data", value },
  metadata: undefined,
  filename: "",
  mediaType: "application/json",
});

/** What a message says: its text, with data as JSON. @throws ContentTypeNotSupportedError for files */
export function textOfMessage({ parts }: Message): string {
  if (parts.length === 0)
    throw new RequestMalformedError({ message: "message.parts: expected at least one part" });
  return parts.map(textOfPart).join("\n");
}

function textOfPart({ content }: Part): string {
  if (content?.$case === "text") return content.value;
  if (content?.$case === "data") return JSON.stringify(content.value);
  throw new ContentTypeNotSupportedError({
    message: "message.parts: expected text or data; files are not taken",
  });
}

/** With what an interrupt is answered: the data of a message that is nothing else, or its text. */
export function answerOf(message: Message): unknown {
  const [first, ...more] = message.parts;
  return first?.content?.$case === "data" && more.length === 0 ? first.content.value : textOfMessage(message);
}

/** A question of the graph, as a message of the agent. */
export const questionOf = (interrupts: readonly unknown[], ids: Ids): Message => {
  const values = interrupts.map((interrupt) => (isJsonObject(interrupt) ? interrupt.value : interrupt));
  const parts = values.map((value) => (typeof value === "string" ? textPart(value) : dataPart(value)));
  return messageOf(Role.ROLE_AGENT, parts, ids);
};

interface Ids {
  messageId: string;
  contextId: string;
  taskId: string;
}

export const messageOf = (role: Role, parts: Part[], ids: Ids): Message => ({
  ...ids,
  role,
  parts,
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
});

/** The messages of a state that people and agents wrote. Calls of tools and their answers are the agent's own affair. */
export function historyOf(values: JsonObject, ids: Omit<Ids, "messageId">): Message[] {
  const messages = Array.isArray(values.messages) ? values.messages.filter(isJsonObject) : [];
  return messages.flatMap((message, index) => {
    const text = textOf(message.content);
    const role =
      message.type === "human" ? Role.ROLE_USER : message.type === "ai" ? Role.ROLE_AGENT : undefined;
    if (role === undefined || text === "") return [];
    const messageId = typeof message.id === "string" ? message.id : `${ids.taskId}-${index}`;
    return messageOf(role, [textPart(text)], { ...ids, messageId });
  });
}
