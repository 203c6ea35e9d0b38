/** LangChain's callback managers. */
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { AIMessage } from "@langchain/core/messages";
import type { Serialized } from "@langchain/core/load/serializable";
import { CallbackManager } from "@langchain/core/callbacks/manager";
import { describe, expect, it, vi } from "vitest";
import "../../../src/thread/runs/callback-managers";
import { UsageMeter } from "../../../src/thread/runs/token-usage";

class Handler extends BaseCallbackHandler {
  constructor(readonly name: string) {
    super();
  }
}

it("a copy has what the manager has, and changes of one do not change the other", () => {
  const [inherited, local, added] = ["inherited", "local", "added"].map((name) => new Handler(name));
  const manager = new CallbackManager("parent");
  manager.addHandler(inherited as Handler);
  manager.addHandler(local as Handler, false);
  manager.addTags(["a", "b"]);
  manager.addTags(["c"], false);
  manager.addMetadata({ topic: "rain", n: 1 });
  manager.addMetadata({ n: 2, step: 3 }, false);

  const copy = manager.copy([added as Handler], false);
  const expected = {
    handlers: [inherited, local],
    inheritableHandlers: [inherited],
    tags: ["a", "b", "c"],
    inheritableTags: ["a", "b"],
    metadata: { topic: "rain", n: 2, step: 3 },
    // LangChain takes the value from the metadata of the manager itself.
    inheritableMetadata: { topic: "rain", n: 2 },
    _parentRunId: "parent",
  };
  expect(copy).toBeInstanceOf(CallbackManager);
  expect(copy).toMatchObject({ ...expected, handlers: [inherited, local, added] });
  copy.addMetadata({ topic: "snow" });
  copy.addTags(["d"]);
  copy.removeMetadata({ step: 3 });
  expect(manager).toMatchObject({ ...expected, inheritableMetadata: { topic: "rain", n: 1 } });
});

describe("a node that begins and ends", () => {
  const chain: Serialized = { lc: 1, type: "not_implemented", id: ["node"] };
  const usage = { input_tokens: 3, output_tokens: 4, total_tokens: 7 };
  const output = { messages: [new AIMessage({ content: "hello", usage_metadata: usage })] };

  /** Has a node called `agent` begin and end. */
  async function runNode(manager: CallbackManager, result: unknown = output) {
    manager.addMetadata({ langgraph_node: "agent" });
    const args = ["run", undefined, undefined, undefined, "agent"] as const;
    const run = await manager.handleChainStart(chain, { messages: [] }, ...args);
    await run.handleChainEnd(result as typeof output);
    return run;
  }

  it("is told to the meter, with its id, its tags and its metadata", async () => {
    const meter = new UsageMeter(null);
    const [start, end] = [vi.spyOn(meter, "handleChainStart"), vi.spyOn(meter, "handleChainEnd")];
    const manager = new CallbackManager("parent");
    manager.addHandler(meter);
    manager.addTags(["a"]);
    const run = await runNode(manager);
    expect(start.mock.calls).toEqual([
      [chain, { messages: [] }, "run", "parent", ["a"], { langgraph_node: "agent" }, undefined, "agent"],
    ]);
    expect(end.mock.calls).toEqual([[output, "run"]]);
    expect(meter.read()).toEqual({ inputTokens: 3, outputTokens: 4 });
    expect(run).toMatchObject({ runId: "run", handlers: [meter], inheritableHandlers: [meter] });
    expect(run.getChild("x")).toMatchObject({ _parentRunId: "run", handlers: [meter], tags: ["a", "x"] });
  });

  it("is told to the meter and to all others beside it", async () => {
    const meter = new UsageMeter(null);
    const other = Object.assign(new Handler("other"), { handleChainStart: vi.fn(), handleChainEnd: vi.fn() });
    const manager = new CallbackManager();
    for (const handler of [meter, other]) manager.addHandler(handler);
    await runNode(manager);
    expect(meter.read()).toEqual({ inputTokens: 3, outputTokens: 4 });
    await expect.poll(() => other.handleChainStart.mock.calls.length).toBe(1);
    await expect.poll(() => other.handleChainEnd.mock.calls.length).toBe(1);
  });

  it("does not fail for what the meter finds in its output", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const manager = new CallbackManager();
    manager.addHandler(new UsageMeter(null));
    const thrower = {
      get messages() {
        throw new Error("not to be read");
      },
    };
    await runNode(manager, thrower);
    expect(warn).toHaveBeenCalledWith("Error in handler UsageMeter: Error: not to be read");
    warn.mockRestore();
  });
});
