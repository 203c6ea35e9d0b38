/**
 * Answers the commands that clients send by WebSockets. The object that holds a WebSocket calls this: nobody outside can. It acts for
 * the client whom the edge has let connect, see `calls/thread-socket.ts`.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { Hono } from "hono";
import { AuthRefusal } from "../auth/refusal";
import type { SocketClient, SocketCommandCalls } from "../calls/thread-socket";
import { asDomainError } from "../platform/errors";
import { logError } from "../platform/log";
import { refusal, type CommandAnswer, type ProtocolErrorCode } from "../wire/protocol/commands";
import type { App } from "./caller";
import { protocolRoutes } from "./protocol";

export class SocketCommands extends WorkerEntrypoint implements SocketCommandCalls {
  async answer({ threadId, user, headers }: SocketClient, command: unknown): Promise<CommandAnswer> {
    const app = new Hono<App>();
    app.use(async (c, next) => {
      c.set("caller", user ?? "administrator");
      await next();
    });
    app.route("/", protocolRoutes.routes);
    app.onError((error, c) => c.json(refused(error, command)));
    const path = `http://edge/threads/${threadId}/commands`;
    const request = new Request(path, { method: "POST", headers, body: JSON.stringify(command) });
    const response = await app.fetch(request, this.env, this.ctx);
    return response.json();
  }
}

/** The answer to a command that failed where a request over HTTP would have got a status of its own. */
function refused(error: Error, command: unknown): CommandAnswer {
  const { id } = command as { id?: unknown };
  const { status = 500, detail } =
    error instanceof AuthRefusal
      ? { status: error.status, detail: JSON.stringify(error.detail) }
      : (asDomainError(error) ?? {});
  if (status >= 500) logError("a command failed", error);
  const code: ProtocolErrorCode =
    status >= 500
      ? "unknown_error"
      : status === 401 || status === 403
        ? "permission_denied"
        : "invalid_argument";
  return refusal(typeof id === "number" ? id : null, code, detail ?? "internal error");
}
