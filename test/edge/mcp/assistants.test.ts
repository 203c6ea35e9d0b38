/** Assistants as tools of MCP, for the SDK's client of today and for the one before it. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Client as FormerClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as FormerTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createApp } from "../../../src/edge/app";
import type { Run } from "../../../src/wire/runs/run";
import { call, create, edgeFetch } from "../../support/edge";
import type { Seen } from "../../support/graphs/seen";
import { gateReached, openGate } from "../../support/graphs/steps";
import { callTool, mcpClient } from "../../support/mcp";

async function formerClient(): Promise<FormerClient> {
  const client = new FormerClient({ name: "former", version: "1" });
  await client.connect(new FormerTransport(new URL("http://edge/mcp"), { fetch: edgeFetch }));
  onTestFinished(() => client.close());
  return client;
}

/** A run is in the index two seconds after it has begun, at the latest. */
const INDEXED = { timeout: 10_000 };

describe("tools", () => {
  it("are the assistants, for both clients, with what they take", async () => {
    const [{ tools }, { tools: former }] = await Promise.all([
      (await mcpClient()).listTools(),
      (await formerClient()).listTools(),
    ]);
    expect(former.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    expect(byName.get("echo")).toMatchObject({
      title: "echo",
      inputSchema: { type: "object", properties: { text: { type: "string" } } },
    });
    expect(byName.get("agent")?.inputSchema.properties).toMatchObject({
      messages: { items: { properties: { role: {}, content: {} } } },
    });
  });

  it("have names that models take, and no name twice", async () => {
    const names = ["Wetter für Köln!", "Wetter für Köln?", "create_cron", "", "x".repeat(200), "echo"];
    const made = [];
    for (const name of names)
      made.push(await create({ graph_id: "seen", name, description: `about ${name}` }));
    const client = await mcpClient();
    const { tools } = await client.listTools();
    expect(tools.filter(({ name }) => !/^[A-Za-z0-9_-]{1,48}$/.test(name))).toEqual([]);
    expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length);
    expect(tools.filter(({ name }) => name === "create_cron")[0]?.title).toBe("Create a cron");
    // Each name leads to its assistant, also the names that two of them would have.
    for (const { assistant_id: id, name } of made) {
      const digits = id.slice(0, 8);
      const tool = tools.find(
        (one) => one.description === `about ${name}` && (one.name.includes(digits) || one.title === name),
      );
      const { data } = await callTool<{ seen: Seen }>(client, tool?.name ?? "");
      expect(data.seen.configurable.assistant_id).toBe(id);
    }
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(["Wetter_fu_r_Ko_ln"]));
  });
});

describe("a call", () => {
  it("is a stateless run, and answers with its output", async () => {
    const answer = {
      text: JSON.stringify({ text: "hi", reply: "You said: hi", seen: ["hi"] }),
      isError: false,
    };
    for (const client of [await mcpClient(), await formerClient()]) {
      const found = await callTool(client as never, "echo", { text: "hi" });
      expect(found).toMatchObject({ ...answer, data: { reply: "You said: hi" } });
    }
    const agent = await callTool<{ messages: unknown[] }>(await mcpClient(), "agent", {
      messages: [{ role: "user", content: "hello" }],
    });
    expect(agent.text).toContain('I was asked: "hello"');
    expect(agent.data.messages).toHaveLength(2);
  });

  it("tells graphs the headers of the client, as other routes do", async () => {
    const client = await mcpClient({ "x-team": "blue", "x-api-key": "none" });
    const { data } = await callTool<{ seen: Seen }>(client, "seen");
    expect(data.seen.configurable).toMatchObject({ "x-team": "blue" });
    expect(data.seen.configurable).not.toHaveProperty("x-api-key");
  });

  it("is an error of the tool when the run fails, is refused, or asks somebody", async () => {
    const client = await mcpClient();
    expect(await callTool(client, "fails", { message: "no luck" })).toMatchObject({
      isError: true,
      text: "Error: no luck",
    });
    const asked = await callTool<{ thread_id: string }>(client, "interrupts", { question: "which one?" });
    expect(asked).toMatchObject({
      isError: true,
      text: expect.stringContaining('"question":"which one?"') as string,
      data: { interrupts: [{ value: { question: "which one?" } }] },
    });
    // Somebody can answer on the thread.
    const { body } = await call<{ answer: string }>("POST", `/threads/${asked.data.thread_id}/runs/wait`, {
      assistant_id: "interrupts",
      command: { resume: "the blue one" },
    });
    expect(body.answer).toBe("the blue one");
    await expect(client.callTool({ name: "nobody", arguments: {} })).rejects.toThrow(/no tool "nobody"/);
  });

  it.each(["interrupt", "rollback"])(
    "is an error of the tool when somebody cancels the run (%s)",
    async (action) => {
      const client = await mcpClient();
      const gate = crypto.randomUUID();
      onTestFinished(() => {
        openGate(gate);
      });
      const begun = Promise.withResolvers<string>();
      const onprogress = ({ message = "" }: { message?: string }): void => {
        begun.resolve(message.slice("run ".length, -" has begun".length));
      };
      const answer = client.callTool({ name: "steps", arguments: { gate } }, { onprogress });
      const runId = await begun.promise;
      await gateReached(gate);
      const cancel = async (): Promise<number> =>
        (await call("POST", `/runs/cancel?action=${action}`, { run_ids: [runId] })).status;
      await expect.poll(cancel, INDEXED).toBe(204);
      expect(await answer).toMatchObject({ isError: true, content: [{ text: "the run was cancelled" }] });
    },
  );

  it("is answered although nobody can say whether the run was cancelled", async () => {
    const get = env.THREAD.get.bind(env.THREAD);
    const reads = vi.fn(() => Promise.reject(new Error("the object is overloaded")));
    vi.spyOn(env.THREAD, "get").mockImplementation((id) => {
      const stub = get(id);
      const callObject = (method: string, args: unknown[]): unknown =>
        method === "getRun" ? reads() : stub.call(method, args);
      return { call: callObject } as unknown as ReturnType<typeof get>;
    });
    const app = createApp({}).app;
    const fetchHere: typeof fetch = async (input, init) =>
      app.fetch(new Request(input, init), env, createExecutionContext());
    const client = await mcpClient({}, fetchHere);
    expect(await callTool(client, "echo", { text: "hi" })).toMatchObject({ data: { reply: "You said: hi" } });
    expect(reads).toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it("tells how far the run is, if the client asks", async () => {
    const client = await mcpClient();
    const told: (string | undefined)[] = [];
    const onprogress = ({ message }: { message?: string }): void => void told.push(message);
    await client.callTool({ name: "steps", arguments: {} }, { onprogress });
    expect(told).toEqual([
      expect.stringMatching(/^run [0-9a-f-]{36} has begun$/),
      "one done",
      "two done",
      "three done",
    ]);
  });

  it("is cancelled when the client goes away", async () => {
    const [today, former] = [await mcpClient(), await formerClient()];
    const leaving = new AbortController();
    const gates = [crypto.randomUUID(), crypto.randomUUID()] as const;
    onTestFinished(() => {
      gates.forEach(openGate);
    });
    const cancelled = async (): Promise<number> =>
      (await call<Run[]>("POST", "/runs/search", { status: "interrupted" })).body.length;
    const before = await cancelled();
    const ends = Promise.allSettled([
      today.callTool({ name: "steps", arguments: { gate: gates[0] } }, { signal: leaving.signal }),
      former.callTool({ name: "steps", arguments: { gate: gates[1] } }),
    ]);
    await Promise.all(gates.map(gateReached));
    leaving.abort();
    await former.close();
    expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect.poll(cancelled).toBe(before + 2);
  });
});

describe("the endpoint", () => {
  const headers = { accept: "application/json, text/event-stream" };

  it.each(["/mcp", "/mcp/"])("%s answers POST, and has no sessions", async (path) => {
    const message = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const answer = await edgeFetch(`http://edge${path}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(message),
    });
    expect(await answer.text()).toContain('"name":"create_cron"');
    expect((await call("GET", path)).status).toBe(405);
    expect((await call("DELETE", path)).status).toBe(405);
  });

  it("answers what is malformed with 4xx", async () => {
    const deep = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${'{"a":'.repeat(5000)}1${"}".repeat(5001)}}`;
    for (const body of [
      "{",
      "3",
      "null",
      "[]",
      "{}",
      '"x"',
      deep,
      { jsonrpc: "2.0" },
      { jsonrpc: "2.0", id: {} },
      [],
    ]) {
      const { status } = await call("POST", "/mcp", body, headers);
      expect([body, Math.floor(status / 100)]).toEqual([body, 4]);
    }
    expect((await call("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/list" })).status).toBe(406);
  });

  it("is not there when langgraph.json switches it off", async () => {
    for (const settings of [{ http: { disable_mcp: true } }, { mcp: { disabled: true } }]) {
      const { app } = createApp(settings);
      const answer = await app.fetch(
        new Request("http://localhost/mcp", { method: "POST" }),
        env,
        createExecutionContext(),
      );
      expect(answer.status).toBe(404);
    }
    expect(() => createApp({ mcp: { disabled: "yes" } })).toThrow(/langgraph\.json: mcp: .*boolean/s);
  });
});
