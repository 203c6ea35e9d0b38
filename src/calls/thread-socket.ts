/**
 * The WebSocket of a client to the object of a thread. The edge knows who the client is when it connects, and the object hands what the
 * client asks for to the edge, which acts for that client.
 */
import type { Env } from "../platform/config";
import { DomainError } from "../platform/errors";
import { parseJsonOrNull } from "../platform/json";
import type { CommandAnswer } from "../wire/protocol/commands";
import type { AccessFilter } from "./access-filter";
import { threadObjectName } from "./thread-id";
import type { User } from "./user";

/** What is known of a client from the request with which it connected. */
export interface SocketClient {
  threadId: string;
  /** Null for somebody who may do everything and has no name. */
  user: User | null;
  /** The client sees the thread while the thread passes this filter. */
  visible: AccessFilter | undefined;
  /** The headers that graphs see. */
  headers: Record<string, string>;
  /** Whether the client is in Python. */
  isPython: boolean;
}

/** The commands of a client, as the edge answers them. */
export interface SocketCommandCalls {
  answer(client: SocketClient, command: unknown): Promise<CommandAnswer>;
}

/** The platform keeps at most 16,384 bytes with each WebSocket, and the subscriptions are among them. */
const MAX_CLIENT_LENGTH = 6_000;
const HEADER = "x-edgecron-client";

/** Connects the client to the object of its thread. @throws request.too_large */
export function connect(env: Env, client: SocketClient): Promise<Response> {
  const text = encodeURIComponent(JSON.stringify(client));
  if (text.length > MAX_CLIENT_LENGTH) {
    throw new DomainError(
      "request.too_large",
      `a WebSocket keeps what is known of its user and the headers that graphs see: ${text.length} bytes, and at most ` +
        `${MAX_CLIENT_LENGTH} fit; use POST for commands and events`,
    );
  }
  const object = env.THREAD.get(env.THREAD.idFromName(threadObjectName(client.threadId)));
  return object.fetch("http://thread/", { headers: { upgrade: "websocket", [HEADER]: text } });
}

/** The client that connects by a request from {@link connect}. */
export function clientOf(request: Request): SocketClient {
  const client = parseJsonOrNull<SocketClient>(decodeURIComponent(request.headers.get(HEADER) ?? "null"));
  if (client === null) throw new Error("a WebSocket of nobody");
  return client;
}

/** The edge, as the objects see it. */
export const socketCommands = (state: DurableObjectState): SocketCommandCalls =>
  (state.exports as unknown as { SocketCommands: SocketCommandCalls }).SocketCommands;
