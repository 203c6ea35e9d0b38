/** The default agent in workerd: offline, and against a local OpenAI-compatible server. */
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import { afterEach, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { currentTime } from "../../src/graphs/agent";
import { loadGraph } from "../../src/graphs/registry";
import type { ChatRequest } from "../support/openai-server";
import { holdTimers } from "../support/timers";
import { until } from "../support/until";

interface Settings extends Record<string, unknown> {
  signal?: AbortSignal;
}

async function ask(
  question: string,
  configurable: Settings = {},
  signal?: AbortSignal,
): Promise<BaseMessage[]> {
  const config = { configurable: { thread_id: "t", ...configurable }, signal };
  const graph = await loadGraph("agent", config, { checkpointer: new MemorySaver() });
  const { messages } = (await graph.invoke({ messages: [{ role: "user", content: question }] }, config)) as {
    messages: BaseMessage[];
  };
  return messages;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-22T10:57:00.000Z") });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe("with no model configured", () => {
  it("tells the time through its tool", async () => {
    const [question, call, result, answer] = await ask("What time is it?");
    expect(question).toBeInstanceOf(HumanMessage);
    expect((call as AIMessage).tool_calls).toMatchObject([{ name: "current_time", args: {} }]);
    expect((result as ToolMessage).tool_call_id).toBe((call as AIMessage).tool_calls?.[0]?.id);
    expect(answer?.text).toBe("[offline model] current_time says: 2026-11-22T10:57:00.000Z");
    expect((answer as AIMessage).usage_metadata).toEqual({
      input_tokens: 11,
      output_tokens: 15,
      total_tokens: 26,
    });
  });

  it("passes on a time zone, and survives a wrong one", async () => {
    expect((await ask("What time is it in Europe/Berlin?")).at(-1)?.text).toBe(
      "[offline model] current_time says: 2026-11-22T11:57:00+01:00 (Europe/Berlin)",
    );
    const messages = await ask("What time is it in Mars/Olympus?");
    expect((messages.at(-2) as ToolMessage).status).toBe("error");
    expect(messages.at(-1)?.text).toContain('"Mars/Olympus" is no IANA time zone');
  });

  it("says what it is, and repeats the question otherwise", async () => {
    const messages = await ask("Summarise the news");
    expect(messages).toHaveLength(2);
    expect(messages[1]?.text).toMatch(/^\[offline model] I was asked: "Summarise the news"\./);
  });

  it("streams its answer in tokens that make up the message", async () => {
    const config = { configurable: { thread_id: "t" } };
    const graph = await loadGraph("agent", config, { checkpointer: new MemorySaver() });
    const stream = await graph.stream(
      { messages: [new HumanMessage("Hi")] },
      { ...config, streamMode: "messages" },
    );
    const tokens: string[] = [];
    for await (const [message] of stream as AsyncIterable<[BaseMessage]>) tokens.push(message.text);
    expect(tokens.length).toBeGreaterThan(5);
    const { messages } = (await graph.getState(config)).values as { messages: BaseMessage[] };
    expect(tokens.join("")).toBe(messages.at(-1)?.text);
  });
});

it("current_time answers in UTC when no zone is asked for, and names UTC's offset", async () => {
  expect(await currentTime.invoke({})).toBe("2026-11-22T10:57:00.000Z");
  expect(await currentTime.invoke({ time_zone: "Etc/UTC" })).toBe("2026-11-22T10:57:00+00:00 (Etc/UTC)");
});

describe("with an OpenAI-compatible endpoint", () => {
  let key = 0;

  beforeEach(() => {
    key += 1;
    vi.stubEnv("OPENAI_BASE_URL", inject("openaiUrl"));
    vi.stubEnv("OPENAI_API_KEY", `agent-test-${key}`);
    vi.stubEnv("MODEL_MAX_RETRIES", "0");
  });

  async function received(): Promise<ChatRequest[]> {
    const headers = { authorization: `Bearer agent-test-${key}` };
    return (await fetch(inject("openaiUrl"), { headers })).json();
  }

  it("answers, with the usage that the provider counted", async () => {
    vi.stubEnv("OPENAI_MODEL", "plain");
    const answer = (await ask("Hello?", { system_prompt: "Be brief." })).at(-1) as AIMessage;
    expect(answer.text).toBe("Hello from the test model.");
    expect(answer.usage_metadata).toMatchObject({ input_tokens: 11, output_tokens: 7, total_tokens: 18 });
    expect(await received()).toMatchObject([
      {
        model: "plain",
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Hello?" },
        ],
        tools: [{ type: "function", function: { name: "current_time" } }],
      },
    ]);
  });

  it("lets the model call a tool, and sends it the result", async () => {
    const messages = await ask("What time is it?", { model: "tools" });
    expect(messages.at(-1)?.text).toBe("It is 2026-11-22T10:57:00.000Z.");
    const [, second] = await received();
    expect(second?.messages).toMatchObject([
      { role: "user" },
      { role: "assistant", tool_calls: [{ id: "call_1", function: { name: "current_time" } }] },
      { role: "tool", tool_call_id: "call_1", content: "2026-11-22T10:57:00.000Z" },
    ]);
  });

  it("streams", async () => {
    const config = { configurable: { thread_id: "t", model: "tools" } };
    const graph = await loadGraph("agent", config, { checkpointer: new MemorySaver() });
    const input = { messages: [new HumanMessage("Time?")] };
    const stream = await graph.stream(input, { ...config, streamMode: "messages" });
    const tokens: string[] = [];
    for await (const [message] of stream as AsyncIterable<[BaseMessage]>) {
      if (message.type === "ai") tokens.push(message.text);
    }
    expect(tokens.join("")).toBe("It is 2026-11-22T10:57:00.000Z.");
    expect((await received()).map((request) => request.stream)).toEqual([true, true]);
  });

  it.each([
    ["rate-limited", "Test quota is used up"],
    ["broken", "The test model fell over"],
    ["malformed", "JSON"],
    ["empty", /./],
  ])("fails with what a %s provider says", async (model, message) => {
    await expect(ask("Hello?", { model })).rejects.toThrow(message);
    expect(await received()).toHaveLength(1);
  });

  it("tries again when the provider is broken once", async () => {
    vi.stubEnv("MODEL_MAX_RETRIES", "1");
    expect((await ask("Hello?", { model: "broken-once" })).at(-1)?.text).toBe("Up again.");
    expect(await received()).toHaveLength(2);
  });

  it.each(["hangs", "stalls"])("ends a call that %s", async (model) => {
    vi.stubEnv("MODEL_TIMEOUT_MS", "77000");
    const limits = holdTimers(77_000);
    const asked = expect(ask("Hello?", { model })).rejects.toThrow(
      "The model did not answer within 77000 ms",
    );
    await until(async () => (await received()).length === 1);
    await limits.goOff();
    await asked;
    expect(await received()).toHaveLength(1);
  });

  it("ends a streamed call that stalls", async () => {
    vi.stubEnv("MODEL_TIMEOUT_MS", "50");
    const config = { configurable: { thread_id: "t", model: "stalls" } };
    const graph = await loadGraph("agent", config, { checkpointer: new MemorySaver() });
    const input = { messages: [new HumanMessage("Hello?")] };
    const read = async () => {
      const stream = await graph.stream(input, { ...config, streamMode: "messages" });
      return stream.getReader().read();
    };
    await expect(read()).rejects.toThrow("The model did not answer within 50 ms");
  });

  it("ends the call when the run is aborted", async () => {
    const abort = new AbortController();
    const run = ask("Hello?", { model: "hangs" }, abort.signal);
    await until(async () => (await received()).length === 1);
    abort.abort(new Error("Cancelled by its owner"));
    await expect(run).rejects.toThrow();
  });

  it("refuses a time-out that is no number", async () => {
    vi.stubEnv("MODEL_TIMEOUT_MS", "soon");
    await expect(ask("Hello?", { model: "plain" })).rejects.toThrow(
      'MODEL_TIMEOUT_MS must be a whole number, not "soon"',
    );
  });
});
