/** What a client sends on a WebSocket, before it is known to be a command. */
import { nestsDeeperThan } from "../../platform/json";

/** As much as the body of a request. */
const MAX_MESSAGE_LENGTH = 1_000_000;
const MAX_DEPTH = 100;

/** The command in a message; undefined when it is not JSON, or too much of it. */
export function commandOf(message: string | ArrayBuffer): unknown {
  const text = typeof message === "string" ? message : new TextDecoder().decode(message);
  if (text.length > MAX_MESSAGE_LENGTH) return undefined;
  try {
    const command: unknown = JSON.parse(text);
    return nestsDeeperThan(command, MAX_DEPTH) ? undefined : command;
  } catch {
    return undefined;
  }
}

/** The id of a command that may be malformed. */
export function idOf(command: unknown): number | null {
  const id = typeof command === "object" && command !== null && "id" in command ? command.id : null;
  return typeof id === "number" ? id : null;
}
