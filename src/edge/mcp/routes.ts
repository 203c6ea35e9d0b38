/** `/mcp`: assistants and crons as tools of the Model Context Protocol, over its Streamable HTTP transport, without sessions. */
import { z } from "zod";
import { requestNames } from "../../wire/fields";
import type { EdgeContext } from "../caller";
import { DescribedRoutes, readBody } from "../described-routes";
import type { InnerRoutes } from "../inner-routes";
import { json } from "../openapi/operation";

const message = z
  .union([z.looseObject({}), z.array(z.looseObject({}))], "expected a message of JSON-RPC 2.0")
  .register(requestNames, { id: "McpMessage" });

/** @param inner the server's own routes, by which the tools do what they do */
export function mcpRoutes(inner: InnerRoutes): DescribedRoutes {
  const answer = async (c: EdgeContext, body?: z.output<typeof message>): Promise<Response> => {
    const { answerMcp } = await import("./server");
    return answerMcp(c, await unreadRequest(c), { body, call: inner.asCallerOf(c) });
  };
  const routes = new DescribedRoutes("MCP").add(
    "POST /mcp",
    {
      id: "post_mcp",
      allow: "callers",
      summary: "Send a message of the Model Context Protocol",
      description:
        "A message of JSON-RPC 2.0 over Streamable HTTP. Assistants are tools, and so are create_cron, list_crons and what else can be " +
        "done with crons. A tool asks what the route asks that does the same. No session is kept: GET and DELETE are answered with 405.",
      body: message,
      answers: json("The answer; with progress, a stream of server-sent events.", z.looseObject({})),
    },
    (c, { body }) => answer(c, body),
  );
  // The API's specification has the path with a slash at its end. The transport answers other methods than POST with 405.
  routes.routes
    .all("/mcp", (c) => answer(c))
    .all("/mcp/", async (c) => answer(c, c.req.method === "POST" ? await readBody(c, message) : undefined));
  return routes;
}

/** The request with its body, which has been read. */
async function unreadRequest(c: EdgeContext): Promise<Request> {
  const { url, method, headers, signal } = c.req.raw;
  return new Request(url, {
    method,
    headers,
    signal,
    ...(method === "POST" ? { body: await c.req.text() } : {}),
  });
}
