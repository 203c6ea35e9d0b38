/**
 * The MCP server of one request: which tools there are for its caller, and what a call of one answers. The SDK is loaded with this file,
 * which is imported when the first request of MCP comes. So a server that is never asked for MCP does not load it.
 */
import {
  createMcpHandler,
  isInitializeRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type CallToolResult,
  type ServerContext,
  type Tool,
} from "@modelcontextprotocol/server";
import { version } from "../../../package.json";
import type { JsonObject } from "../../platform/json";
import { logError } from "../../platform/log";
import { CRON_TOOLS, type CronToolName } from "../../tools/definitions";
import type { EdgeContext } from "../caller";
import { MCP_SESSION_HEADER } from "../cors";
import { answerCronTool } from "../cron-tools";
import type { CallRoute } from "../inner-routes";
import { callAssistant } from "./assistant-call";
import { assistantTools, namedAssistants } from "./assistant-tools";
import { cancelRunOf, requestMark } from "./taken-back";

const INSTRUCTIONS =
  "EdgeCron runs assistants (LangGraph agents), now or on a schedule. Each assistant is a tool: a call runs it once, without memory of " +
  "earlier calls, and answers with its output. The tools about crons have an assistant run later or again and again: look at the times " +
  "with preview_schedule before create_cron. Times are UTC unless a timezone is given. Every run may use tokens of a paid model.";

/**
 * Answers a request of MCP.
 * @param body that of the request, parsed; undefined when it has none
 * @param call calls the server's own routes as the caller
 */
export async function answerMcp(
  c: EdgeContext,
  request: Request,
  { body, call }: { body: unknown; call: CallRoute },
): Promise<Response> {
  // The SDK reports what a client has sent wrongly like what fails in the server. Only the status of the answer tells them apart.
  const reported: Error[] = [];
  const handler = createMcpHandler(() => serverFor(c, call), {
    onerror: (error) => {
      reported.push(error);
    },
  });
  const answer = await handler.fetch(request);
  if (answer.status >= 500) for (const error of reported) logError("a request of MCP failed", error);
  if (answer.ok && isInitializeRequest(body)) answer.headers.set(MCP_SESSION_HEADER, crypto.randomUUID());
  return answer;
}

/*
 * The SDK's `McpServer` wants every tool registered with its schema for each request. This class, which the SDK keeps for uses such as this
 * one, looks up the one tool that is called.
 */
/* eslint-disable @typescript-eslint/no-deprecated */
function serverFor(c: EdgeContext, call: CallRoute): Server {
  const server = new Server(
    { name: "edgecron", title: "EdgeCron", version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler("tools/list", async () => ({
    tools: [...(await assistantTools(c, await namedAssistants(c, call))), ...CRON_TOOLS] as Tool[],
  }));
  server.setRequestHandler("tools/call", ({ params: { name, arguments: args = {} } }, context) =>
    isCronTool(name) ? callCronTool(call, name, args) : callNamed(c, call, name, args, context),
  );
  server.setNotificationHandler("notifications/cancelled", ({ params: { requestId } }) => {
    c.executionCtx.waitUntil(
      cancelRunOf(c, call, requestId).catch((error: unknown) => {
        logError("a call of MCP could not be cancelled", error);
      }),
    );
  });
  return server;
}

/* eslint-enable @typescript-eslint/no-deprecated */

const isCronTool = (name: string): name is CronToolName => CRON_TOOLS.some((tool) => tool.name === name);

async function callCronTool(call: CallRoute, name: CronToolName, args: JsonObject): Promise<CallToolResult> {
  const { text, data, failed } = await answerCronTool(call, name, args);
  return {
    content: [{ type: "text", text }],
    structuredContent: data,
    ...(failed ? { isError: true } : {}),
  };
}

/** @throws ProtocolError when no tool has this name */
async function callNamed(
  c: EdgeContext,
  call: CallRoute,
  name: string,
  input: JsonObject,
  { mcpReq }: ServerContext,
): Promise<CallToolResult> {
  const assistant = (await namedAssistants(c, call)).find(({ toolName }) => toolName === name);
  if (assistant === undefined) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no tool "${name}"`);
  }
  const progressToken = mcpReq._meta?.progressToken;
  return callAssistant(call, {
    env: c.env,
    assistantId: assistant.assistant_id,
    input,
    metadata: requestMark(c, mcpReq.id),
    signal: AbortSignal.any([mcpReq.signal, c.req.raw.signal]),
    progress:
      progressToken === undefined
        ? undefined
        : (progress, message) =>
            mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, message } }),
  });
}
