/** What clients of MCP, of A2A and of the thread protocol send wrongly is refused, and leaves no line in the owner's log. */
import { beforeEach, expect, it, vi } from "vitest";
import { edgeFetch } from "../support/edge";

const lines: string[] = [];

beforeEach(() => {
  lines.length = 0;
  for (const method of ["error", "warn", "log"] as const)
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => void lines.push(args.join(" ")));
});

const JSON_TYPE = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const MODERN = { ...JSON_TYPE, "mcp-protocol-version": "2026-07-28" };
const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "get_cron", arguments: {} } };

/** What is sent, and with which headers. */
type Wrong = [body: unknown, headers?: Record<string, string>, method?: string];

const WRONG: Record<string, Wrong[]> = {
  "/mcp": [
    ["{"],
    ["hello"],
    ["7"],
    ["[]"],
    [{}],
    [{ ...call, jsonrpc: "1.0" }],
    [{ ...call, id: null }],
    [{ ...call, method: 7 }],
    [{ ...call, method: "tools/none" }],
    [{ ...call, params: "none" }],
    [{ ...call, params: { name: "none" } }],
    [{ ...call, params: { name: "get_cron", arguments: [] } }],
    [{ ...call, params: { name: 7 } }],
    [{ jsonrpc: "2.0", id: 7, result: {} }],
    [{ jsonrpc: "2.0", method: "notifications/none" }],
    [{ jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: 7 } }],
    [{ jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params: {} }, MODERN],
    [call, { ...JSON_TYPE, accept: "application/json" }],
    [call, { "content-type": "application/json" }],
    [call, { ...JSON_TYPE, "content-type": "text/plain" }],
    [call, { ...JSON_TYPE, "mcp-protocol-version": "1999-01-01" }],
    [call, MODERN],
    [{ ...call, params: { ...call.params, _meta: {} } }, MODERN],
    [[call, call], MODERN],
    [Array.from({ length: 200 }, (_, id) => ({ ...call, id }))],
    [undefined, JSON_TYPE, "GET"],
    [undefined, JSON_TYPE, "DELETE"],
    [call, JSON_TYPE, "PUT"],
  ],
  "/a2a/agent": [
    ["{"],
    ["7"],
    [[]],
    [{}],
    [{ jsonrpc: "2.0", id: 1, method: "none" }],
    [{ jsonrpc: "2.0", id: {}, method: 7, params: 7 }],
    [{ jsonrpc: "2.0", id: 1, method: "message/send" }],
    [{ jsonrpc: "2.0", id: 1, method: "message/send", params: { message: 7 } }],
    [{ jsonrpc: "2.0", id: 1, method: "message/send", params: { message: { parts: [{}] } } }],
    [{ jsonrpc: "2.0", id: 1, method: "message/stream", params: { message: { parts: [7] } } }],
    [{ jsonrpc: "2.0", id: 1, method: "tasks/get", params: { id: "none" } }],
    [{ jsonrpc: "2.0", id: 1, method: "tasks/get", params: { id: 7 } }],
    [{ jsonrpc: "2.0", id: 1, method: "tasks/resubscribe", params: {} }],
    [
      { jsonrpc: "2.0", id: 1, method: "GetTask", params: { id: [] } },
      { ...JSON_TYPE, "a2a-version": "1.0" },
    ],
    [
      { jsonrpc: "2.0", id: 1, method: "SendMessage", params: {} },
      { ...JSON_TYPE, "a2a-version": "1.0" },
    ],
    [
      { jsonrpc: "2.0", id: 1, method: "GetTask" },
      { ...JSON_TYPE, "a2a-version": "9" },
    ],
  ],
  "/threads/01a219d2-6fbf-7069-98fc-ee3b08dd2a65/commands": [
    ["{"],
    ["7"],
    [[]],
    [{}],
    [{ id: -1, method: "run.start" }],
    [{ id: 1, method: "none" }],
    [{ id: 1, method: "run.start" }],
    [{ id: 1, method: "run.start", params: { assistant_id: "none", input: {} } }],
    [{ id: 1, method: "run.start", params: { assistant_id: 7, config: 7 } }],
    [{ id: 1, method: "input.respond", params: { interrupt_id: 7 } }],
    [{ id: 1, method: "state.get", params: {} }],
    [{ id: 1, method: "state.fork", params: {} }],
    [{ id: 1, method: "agent.getTree", params: 7 }],
    [{ id: 1, method: "subscription.subscribe", params: { channels: ["none"] } }],
  ],
  "/threads/01a219d2-6fbf-7069-98fc-ee3b08dd2a65/stream/events": [
    ["{"],
    [{ channels: 7 }],
    [{ channels: ["none"], since: "x" }],
    [undefined, JSON_TYPE, "GET"],
  ],
};

it.each(Object.keys(WRONG))("at %s", async (path) => {
  const failed: unknown[] = [];
  for (const [body, headers = JSON_TYPE, method = "POST"] of WRONG[path] ?? []) {
    const sent = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await edgeFetch(`http://edge${path}`, { method, headers, body: sent });
    const text = await answer.text();
    if (answer.status >= 500 || lines.length > 0)
      failed.push([method, sent, answer.status, text, ...lines.splice(0)]);
  }
  expect(failed).toEqual([]);
});
