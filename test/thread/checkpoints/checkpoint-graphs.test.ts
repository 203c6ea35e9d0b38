/** LangGraph graphs over the checkpoint saver: resumed after an eviction, forked, rolled back, and what they cost. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  Annotation,
  Command,
  END,
  MessagesDeltaValue,
  START,
  StateGraph,
  StateSchema,
  interrupt,
} from "@langchain/langgraph";
import "../../../src/graphs/async-context";
import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import {
  CheckpointSaver,
  type CheckpointSaverOptions,
} from "../../../src/thread/checkpoints/checkpoint-saver";
import { collect } from "../../support/collect";

const THREAD = { configurable: { thread_id: "t1" } };

const newObject = () => env.THREAD.get(env.THREAD.newUniqueId());

/** A storage that adds up what its statements write, per step of `test`. */
async function withRowCount(test: (storage: DurableObjectStorage, written: () => number) => Promise<void>) {
  await runInDurableObject(newObject(), async (_, { storage }) => {
    let rows = 0;
    const exec = (query: string, ...bindings: unknown[]) => {
      const cursor = storage.sql.exec(query, ...bindings);
      rows += cursor.rowsWritten;
      return cursor;
    };
    const counted = {
      sql: { exec },
      transactionSync: <T>(closure: () => T) => storage.transactionSync(closure),
    } as unknown as DurableObjectStorage;
    await test(counted, () => {
      const sinceLast = rows;
      rows = 0;
      return sinceLast;
    });
  });
}

const Log = Annotation.Root({
  log: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
});

describe("after an eviction", () => {
  it("goes on after the last superstep that finished", async () => {
    const ran: string[] = [];
    let broken = true;
    const node = (name: string) => () => {
      ran.push(name);
      if (name === "three" && broken) throw new Error("evicted");
      return { log: [name] };
    };
    const graph = new StateGraph(Log)
      .addNode("one", node("one"))
      .addNode("two", node("two"))
      .addNode("three", node("three"))
      .addEdge(START, "one")
      .addEdge("one", "two")
      .addEdge("two", "three")
      .addEdge("three", END);
    const run = (input: { log: string[] } | null) =>
      runInDurableObject(stub, (_, { storage }) =>
        graph.compile({ checkpointer: new CheckpointSaver(storage) }).invoke(input, THREAD),
      );
    const stub = newObject();
    await expect(run({ log: ["in"] })).rejects.toThrow("evicted");
    await evictDurableObject(stub);
    broken = false;
    expect(await run(null)).toEqual({ log: ["in", "one", "two", "three"] });
    expect(ran).toEqual(["one", "two", "three", "three"]);
  });

  it.each([false, true])("resumes an interrupt within a subgraph, buffered %s", async (buffered) => {
    const ran: string[] = [];
    const inner = new StateGraph(Log)
      .addNode("before", () => {
        ran.push("before");
        return { log: ["before"] };
      })
      .addNode("ask", () => {
        ran.push("ask");
        return { log: [`answer ${String(interrupt("question"))}`] };
      })
      .addEdge(START, "before")
      .addEdge("before", "ask")
      .compile();
    const graph = new StateGraph(Log)
      .addNode("first", () => {
        ran.push("first");
        return { log: ["first"] };
      })
      .addNode("inner", async ({ log }) => ({ log: (await inner.invoke({ log })).log.slice(log.length) }))
      .addEdge(START, "first")
      .addEdge("first", "inner")
      .addEdge("inner", END);
    const stub = newObject();
    const inObject = <T>(use: (compiled: ReturnType<typeof graph.compile>) => Promise<T>) =>
      runInDurableObject(stub, async (_, { storage }) => {
        const checkpointer = new CheckpointSaver(storage, { buffered, runId: "r" });
        const result = await use(graph.compile({ checkpointer }));
        checkpointer.flush();
        return result;
      });
    await inObject((compiled) => compiled.invoke({ log: [] }, THREAD));
    await evictDurableObject(stub);
    const state = await inObject((compiled) => compiled.getState(THREAD, { subgraphs: true }));
    expect(state.next).toEqual(["inner"]);
    expect(state.tasks[0]?.interrupts[0]?.value).toBe("question");
    const result = await inObject((compiled) => compiled.invoke(new Command({ resume: 42 }), THREAD));
    expect(result).toEqual({ log: ["first", "before", "answer 42"] });
    expect(ran).toEqual(["first", "before", "ask", "ask"]);
  });

  it("rebuilds a delta channel from the writes on its path", async () => {
    const State = new StateSchema({ messages: MessagesDeltaValue });
    const graph = new StateGraph(State)
      .addNode("reply", ({ messages }) => ({
        messages: [{ role: "ai", content: `reply ${messages.length}` }],
      }))
      .addEdge(START, "reply");
    const stub = newObject();
    for (const turn of [1, 2, 3]) {
      const { messages } = await runInDurableObject(stub, (_, { storage }) =>
        graph
          .compile({ checkpointer: new CheckpointSaver(storage) })
          .invoke({ messages: [new HumanMessage(`turn ${turn}`)] }, THREAD),
      );
      expect(messages.map(({ content }) => content)).toHaveLength(2 * turn);
      expect(messages.at(-1)?.content).toBe(`reply ${2 * turn - 1}`);
      await evictDurableObject(stub);
    }
  });
});

describe("history", () => {
  const letters = new StateGraph(Annotation.Root({ letter: Annotation<string>, text: Annotation<string> }))
    .addNode("grow", ({ letter }) => ({ text: letter.repeat(50_000) }))
    .addNode("end", () => ({}))
    .addEdge(START, "grow")
    .addEdge("grow", "end");

  it("keeps the branches of a thread apart when one runs again from an older checkpoint", () =>
    runInDurableObject(newObject(), async (_, { storage }) => {
      const graph = letters.compile({ checkpointer: new CheckpointSaver(storage) });
      await graph.invoke({ letter: "a" }, THREAD);
      const states = await collect(graph.getStateHistory(THREAD));
      const beforeGrow = states.find(({ next }) => next.includes("grow"));
      if (!beforeGrow) throw new Error("no such state");
      const first = await graph.getState(THREAD);
      const fork = await graph.updateState(beforeGrow.config, { letter: "b" });
      await graph.invoke(null, fork);
      expect((await graph.getState(THREAD)).values).toEqual({ letter: "b", text: "b".repeat(50_000) });
      expect((await graph.getState(first.config)).values).toEqual({ letter: "a", text: "a".repeat(50_000) });
    }));

  it("is as before a run that was rolled back", () =>
    runInDurableObject(newObject(), async (_, { storage }) => {
      const run = (runId: string, letter: string) =>
        letters.compile({ checkpointer: new CheckpointSaver(storage, { runId }) }).invoke({ letter }, THREAD);
      await run("r1", "a");
      const saver = new CheckpointSaver(storage);
      const before = await collect(saver.list(THREAD));
      await run("r2", "b");
      saver.deleteRun("t1", "r2");
      expect(await collect(saver.list(THREAD))).toEqual(before);
      expect(await run("r3", "c")).toEqual({ letter: "c", text: "c".repeat(50_000) });
    }));
});

describe("rows written", () => {
  const oneNode = new StateGraph(Log)
    .addNode("only", () => ({ log: ["done"] }))
    .addEdge(START, "only")
    .addEdge("only", END);
  const invoke = async (
    storage: DurableObjectStorage,
    options: CheckpointSaverOptions,
    thread_id: string,
  ) => {
    const checkpointer = new CheckpointSaver(storage, options);
    const graph = oneNode.compile({ checkpointer });
    expect(await graph.invoke({ log: ["in"] }, { configurable: { thread_id } })).toEqual({
      log: ["in", "done"],
    });
    return checkpointer;
  };

  // The checkpoints of the input, of START and of the node, and the writes of START and of the node.
  it("is one for each checkpoint and each task that wrote", () =>
    withRowCount(async (storage, written) => {
      await invoke(storage, {}, "t1");
      const withTables = written();
      await invoke(storage, {}, "t2");
      const run = written();
      // Two for each of the two tables, which an object gets once.
      expect({ withTables, run }).toEqual({ withTables: 9, run: 5 });
    }));

  it("is one for each checkpoint when they are buffered and kept", () =>
    withRowCount(async (storage, written) => {
      (await invoke(storage, { buffered: true }, "t1")).flush();
      const withTable = written();
      (await invoke(storage, { buffered: true }, "t2")).flush();
      expect({ withTable, run: written() }).toEqual({ withTable: 5, run: 3 });
    }));

  it("is none for an ephemeral run that never waited for I/O", () =>
    withRowCount(async (storage, written) => {
      (await invoke(storage, { buffered: true }, "t1")).discard();
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(written()).toBe(0);
    }));
});
