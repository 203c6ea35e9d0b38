/** A client of MCP at the HTTP edge: the SDK's own. It speaks the newest revision of the protocol that the server has. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { onTestFinished } from "vitest";
import { edgeFetch } from "./edge";

/** A connected client, which is closed when the test is over. */
export async function mcpClient(headers: Record<string, string> = {}, fetch = edgeFetch): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "auto" } });
  const transport = new StreamableHTTPClientTransport(new URL("http://edge/mcp"), {
    fetch,
    requestInit: { headers },
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return client;
}

/** What a tool has answered: its words, and its data. */
export interface Told<T = Record<string, unknown>> {
  text: string;
  data: T;
  isError: boolean;
}

/** Calls a tool. */
export async function callTool<T = Record<string, unknown>>(
  client: Pick<Client, "callTool">,
  name: string,
  args: Record<string, unknown> = {},
): Promise<Told<T>> {
  const { content, structuredContent, isError = false } = await client.callTool({ name, arguments: args });
  const text = content.map((block) => (block.type === "text" ? block.text : "")).join("\n");
  return { text, data: structuredContent as T, isError };
}
