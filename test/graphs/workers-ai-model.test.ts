import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { describe, expect, it, vi } from "vitest";
import { callModel, chooseChatModel } from "../../src/graphs/chat-model";
import { currentTime } from "../../src/graphs/agent";
import { ChatWorkersAI, type WorkersAIBinding } from "../../src/graphs/workers-ai-model";

const question = [new HumanMessage("What time is it?")];

function bindingThat(run: (...given: Parameters<WorkersAIBinding["run"]>) => Promise<unknown>) {
  return { run: vi.fn<WorkersAIBinding["run"]>(run) };
}

function call(ai: WorkersAIBinding, variables: Record<string, string> = {}) {
  const model = chooseChatModel(undefined, { variables: { MODEL_MAX_RETRIES: "0", ...variables }, ai });
  return callModel({ model, tools: [currentTime], messages: question, variables });
}

describe("chooseChatModel", () => {
  const ai = bindingThat(async () => ({ response: "hi" }));

  it.each([
    ["openai", { OPENAI_API_KEY: "k" }, ai],
    ["openai", { OPENAI_BASE_URL: "http://127.0.0.1:1" }, undefined],
    ["workers-ai", { OPENAI_API_KEY: "" }, ai],
    ["offline", {}, undefined],
  ])("takes %s given %o", (kind, variables, binding) => {
    expect(chooseChatModel(undefined, { variables, ai: binding })._llmType()).toBe(kind);
  });

  it("prefers the model named by the assistant", () => {
    const variables = { WORKERS_AI_MODEL: "@cf/a" };
    expect(chooseChatModel(undefined, { variables, ai })).toHaveProperty("model", "@cf/a");
    expect(chooseChatModel("@cf/b", { variables, ai })).toHaveProperty("model", "@cf/b");
  });
});

describe("ChatWorkersAI", () => {
  it("sends messages and tools, and reads the native format", async () => {
    const ai = bindingThat(async () => ({
      response: null,
      tool_calls: [{ name: "current_time", arguments: { time_zone: "Europe/Berlin" } }],
      usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
    }));
    const answer = await call(ai);
    expect(answer.tool_calls).toEqual([
      { id: "call_1_0", name: "current_time", args: { time_zone: "Europe/Berlin" }, type: "tool_call" },
    ]);
    expect(answer.usage_metadata).toEqual({ input_tokens: 5, output_tokens: 3, total_tokens: 8 });
    expect(ai.run).toHaveBeenCalledWith(
      "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
      {
        messages: [{ role: "user", content: "What time is it?" }],
        tools: [
          expect.objectContaining({ function: expect.objectContaining({ name: "current_time" }) as unknown }),
        ],
      },
      { signal: expect.any(AbortSignal) as unknown },
    );
  });

  it("reads OpenAI's format", async () => {
    const fn = { name: "current_time", arguments: '{"time_zone":"UTC"}' };
    const message = { content: "Let me see.", tool_calls: [{ id: "c1", type: "function", function: fn }] };
    const answer = await call(bindingThat(async () => ({ choices: [{ message }] })));
    expect(answer.text).toBe("Let me see.");
    expect(answer.tool_calls).toMatchObject([{ id: "c1", name: "current_time", args: { time_zone: "UTC" } }]);
  });

  it("sends a conversation with tool calls back as it was", async () => {
    const ai = bindingThat(async () => ({ response: "Noon." }));
    const tool_calls = [{ id: "c1", name: "current_time", args: {} }];
    const answer = await new ChatWorkersAI({ binding: ai, model: "m" }).invoke([
      new SystemMessage("Be brief."),
      ...question,
      new AIMessage({ content: "", tool_calls }),
      new ToolMessage({ content: "12:00", tool_call_id: "c1", name: "current_time" }),
    ]);
    expect(answer.text).toBe("Noon.");
    expect(ai.run.mock.calls[0]?.[1]["messages"]).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "What time is it?" },
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "c1", type: "function", function: { name: "current_time", arguments: "{}" } }],
      },
      { role: "tool", content: "12:00", name: "current_time", tool_call_id: "c1" },
    ]);
  });

  it("fails with the binding's message", async () => {
    const ai = bindingThat(async () => {
      throw new Error("5007: No such model");
    });
    await expect(call(ai)).rejects.toThrow("5007: No such model");
  });

  it.each([
    ["is empty", {}, "unknown form: {}"],
    ["is nothing", undefined, "unknown form"],
    ["is a stream", new ReadableStream(), "unknown form"],
    ["calls a tool wrongly", { tool_calls: [{ name: "t", arguments: "{" }] }, "no JSON object: {"],
  ])("fails when the answer %s", async (_, answer, message) => {
    await expect(call(bindingThat(async () => answer))).rejects.toThrow(message);
  });

  it("ends a call that hangs and ignores its signal", async () => {
    const ai = bindingThat(() => new Promise(() => undefined));
    await expect(call(ai, { MODEL_TIMEOUT_MS: "20" })).rejects.toThrow("did not answer within 20 ms");
  });
});
