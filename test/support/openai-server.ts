/**
 * A local OpenAI-compatible server, run by Vitest in Node. The model name selects how it behaves, and
 * `GET /requests` answers what it was sent with the same API key, so that tests do not see each other.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    openaiUrl: string;
  }
}

export interface ChatRequest {
  model: string;
  stream?: boolean;
  messages: { role: string; content?: unknown; tool_calls?: unknown[]; tool_call_id?: string }[];
  tools?: { type: string; function: { name: string; parameters: unknown } }[];
}

const received = new Map<string, ChatRequest[]>();

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    void handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  project.provide("openaiUrl", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const earlier = received.get(request.headers.authorization ?? "") ?? [];
  if (request.method === "GET") {
    json(response, 200, earlier);
    return;
  }
  let body = "";
  for await (const chunk of request) body += String(chunk);
  const chat = JSON.parse(body) as ChatRequest;
  received.set(request.headers.authorization ?? "", [...earlier, chat]);
  respond(chat, earlier.length, response);
}

function respond(chat: ChatRequest, attempt: number, response: ServerResponse): void {
  const last = chat.messages.at(-1);
  switch (chat.model) {
    case "rate-limited":
      fail(response, 429, "Test quota is used up");
      return;
    case "broken":
      fail(response, 500, "The test model fell over");
      return;
    case "broken-once":
      if (attempt === 0) fail(response, 500, "The test model fell over");
      else answer(chat, response, { content: "Up again." });
      return;
    case "hangs":
      return;
    case "stalls":
      response.writeHead(200, { "content-type": chat.stream ? "text/event-stream" : "application/json" });
      response.write(chat.stream ? ": wait\n\n" : "{");
      return;
    case "malformed":
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"choices": [');
      return;
    case "empty":
      json(response, 200, {});
      return;
    case "tools":
      if (last?.role === "tool") answer(chat, response, { content: `It is ${String(last.content)}.` });
      else {
        answer(chat, response, {
          content: null,
          tool_calls: [
            { index: 0, id: "call_1", type: "function", function: { name: "current_time", arguments: "{}" } },
          ],
        });
      }
      return;
    default:
      answer(chat, response, { content: "Hello from the test model." });
  }
}

function answer(chat: ChatRequest, response: ServerResponse, message: Record<string, unknown>): void {
  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
  // LangGraph replaces a message by one of the same id, so ids must differ as they do at OpenAI.
  const head = { id: `chatcmpl-${randomUUID()}`, created: 1, model: chat.model };
  const finish_reason = "tool_calls" in message ? "tool_calls" : "stop";
  if (!chat.stream) {
    const choices = [{ index: 0, message: { role: "assistant", ...message }, finish_reason }];
    json(response, 200, { ...head, object: "chat.completion", choices, usage });
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (choices: unknown[], more = {}) =>
    response.write(
      `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices, ...more })}\n\n`,
    );
  send([{ index: 0, delta: { role: "assistant", ...message }, finish_reason: null }]);
  send([{ index: 0, delta: {}, finish_reason }]);
  send([], { usage });
  response.end("data: [DONE]\n\n");
}

function fail(response: ServerResponse, status: number, message: string): void {
  json(response, status, { error: { message, type: "test_error", code: null } });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
