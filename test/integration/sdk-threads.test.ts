/** The official clients' methods for threads: every one, with what sdk.test.ts has not. */
import { Client } from "@langchain/langgraph-sdk";
import { afterEach, describe, expect, it, vi } from "vitest";
import { setClock } from "../support/crons";
import { countingFetch } from "../support/edge";
import { until } from "../support/until";
import { type Part, sdkOptions, SDKS } from "../support/sdk";

const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;

interface Echo {
  text: string;
  reply: string;
  seen: string[];
}

afterEach(() => {
  vi.useRealTimers();
});

describe.each(SDKS)("SDK %s", (_, makeClient) => {
  const { runs, threads } = makeClient();

  /** A thread that the graph "echo" was told these on, one run each. */
  async function told(...texts: string[]): Promise<string> {
    const { thread_id: threadId } = await threads.create();
    for (const text of texts) await runs.wait(threadId, "echo", { input: { text } });
    return threadId;
  }

  it("threads.create with a state to begin with, and a time to live", async () => {
    setClock("2040-01-01T00:00:00.000Z");
    const thread = await threads.create({
      graphId: "echo",
      metadata: { mine: true },
      supersteps: [
        { updates: [{ values: { text: "a" }, asNode: "__start__" }] },
        { updates: [{ values: { reply: "b", seen: ["a"] }, asNode: "echo" }] },
      ],
      ttl: 10,
    });
    expect(thread).toMatchObject({
      metadata: { mine: true, graph_id: "echo" },
      values: { text: "a", reply: "b", seen: ["a"] },
    });
    expect(await threads.get(thread.thread_id)).toEqual(thread);
  });

  it("threads.updateState, at the end, at a checkpoint, and as a node", async () => {
    const id = await told("a");
    const before = await threads.getState<Echo>(id);
    const { checkpoint } = (await threads.updateState(id, {
      values: { seen: ["b"] },
      asNode: "echo",
    })) as unknown as {
      checkpoint: { thread_id: string; checkpoint_id: string; checkpoint_ns: string };
    };
    expect(checkpoint).toMatchObject({ thread_id: id, checkpoint_id: UUID, checkpoint_ns: "" });
    const after = await threads.getState<Echo>(id);
    expect(after.values.seen).toEqual(["a", "b"]);
    expect(after.checkpoint.checkpoint_id).toBe(checkpoint.checkpoint_id);
    expect(after.parent_checkpoint?.checkpoint_id).toBe(before.checkpoint.checkpoint_id);

    await threads.updateState(id, {
      values: { seen: ["c"] },
      checkpointId: before.checkpoint.checkpoint_id ?? "",
    });
    expect((await threads.getState<Echo>(id)).values.seen).toEqual(["a", "c"]);
    await threads.updateState(id, { values: { seen: ["d"] }, checkpoint: after.checkpoint });
    expect((await threads.getState<Echo>(id)).values.seen).toEqual(["a", "b", "d"]);
    await expect(threads.updateState(id, { values: {}, asNode: "nowhere" })).rejects.toMatchObject({
      status: 422,
    });
  });

  it("threads.getState at a checkpoint, by its id or whole, and of subgraphs", async () => {
    const id = await told("a", "b");
    const [now, , , first] = await threads.getHistory<Echo>(id);
    expect(now?.values.seen).toEqual(["a", "b"]);
    expect(first?.values.seen).toEqual(["a"]);
    expect(await threads.getState(id, first?.checkpoint.checkpoint_id ?? "")).toEqual(first);
    expect(await threads.getState(id, first?.checkpoint)).toEqual(first);

    const { thread_id: nested } = await threads.create();
    await runs.wait(nested, "nested", { input: { question: "well?" } });
    const plain = await threads.getState(nested);
    expect(plain.tasks).toMatchObject([{ name: "inner", interrupts: [{ value: "well?" }], state: null }]);
    const deep = await threads.getState(nested, undefined, { subgraphs: true });
    expect(deep.tasks[0]?.state).toMatchObject({ next: ["ask"], values: { question: "well?" } });
  });

  it("threads.getHistory, filtered by metadata, and before a checkpoint", async () => {
    const { thread_id: id } = await threads.create();
    await runs.wait(id, "echo", { input: { text: "a" }, metadata: { which: "first" } });
    await runs.wait(id, "echo", { input: { text: "b" }, metadata: { which: "second" } });
    const all = await threads.getHistory<Echo>(id, { limit: 100 });
    expect(all).toHaveLength(6);
    const first = await threads.getHistory<Echo>(id, { metadata: { which: "first" } });
    expect(first).toEqual(all.slice(3));
    const before = { configurable: { checkpoint_id: all[2]?.checkpoint.checkpoint_id } };
    expect(await threads.getHistory(id, { before })).toEqual(all.slice(3));
    expect(await threads.getHistory(id, { before, limit: 1 })).toEqual(all.slice(3, 4));
    expect(await threads.getHistory(id, { checkpoint: all[1]?.checkpoint })).toEqual(all.slice(1, 2));
  });

  it("threads.copy has the state and its history, and goes its own way", async () => {
    const id = await told("a", "b");
    // It answers with the copy, whatever the types say.
    const copy = (await threads.copy(id)) as unknown as { thread_id: string };
    expect(copy.thread_id).toEqual(UUID);
    expect(copy.thread_id).not.toBe(id);
    expect(await threads.getHistory(copy.thread_id, { limit: 100 })).toHaveLength(6);
    await runs.wait(copy.thread_id, "echo", { input: { text: "c" } });
    expect((await threads.getState<Echo>(copy.thread_id)).values.seen).toEqual(["a", "b", "c"]);
    expect((await threads.getState<Echo>(id)).values.seen).toEqual(["a", "b"]);
  });

  it("threads.joinStream hears the runs of the thread, of any kind of client", async () => {
    const { thread_id: id } = await threads.create();
    const controller = new AbortController();
    const heard: Part[] = [];
    const { fetch: fetcher, answers } = countingFetch();
    const listener = makeClient(fetcher).threads;
    const listening = (async () => {
      for await (const part of listener.joinStream(id, { signal: controller.signal })) {
        heard.push(part);
        if (heard.filter(({ event }) => event === "metadata").length === 2) break;
      }
    })();
    await until(() => answers() === 1);
    await runs.wait(id, "echo", { input: { text: "a" } });
    await runs.wait(id, "echo", { input: { text: "b" } });
    await listening;
    expect(heard.map(({ event }) => event)).toEqual(["metadata", "values", "values", "metadata"]);
    controller.abort();
  });

  it("threads.joinStream goes on after the last event that was heard", async () => {
    const { thread_id: id } = await threads.create();
    const stream = { streamMode: "updates", streamResumable: true } as const;
    for (const text of ["a", "b"]) {
      const run = await runs.create(id, "echo", { input: { text }, ...stream });
      await runs.join(id, run.run_id);
    }
    const read = async (lastEventId: string, count: number): Promise<Part[]> => {
      const parts: Part[] = [];
      for await (const part of threads.joinStream(id, { lastEventId })) {
        parts.push(part);
        if (parts.length === count) break;
      }
      return parts;
    };
    const whole = await read("-1", 6);
    // Of each run the last tells that it is over.
    const events = ["metadata", "updates", "metadata"];
    expect(whole.map(({ event }) => event)).toEqual([...events, ...events]);
    expect(await read(whole[1]?.id ?? "", 4)).toEqual(whole.slice(2));
  });

  it("threads.update changes the time to live", async () => {
    const id = await told("a");
    expect(await threads.update(id, { metadata: { a: 1 }, ttl: 5 })).toMatchObject({ metadata: { a: 1 } });
    expect(await threads.update(id, { ttl: { strategy: "delete", ttl: 5 } } as object)).toMatchObject({
      metadata: { a: 1 },
    });
  });
});

describe("SDK 1.15", () => {
  const { runs, threads } = new Client(sdkOptions());

  it("threads.prune keeps the latest state, or nothing", async () => {
    const ids = await Promise.all(
      ["a", "b"].map(async (text) => {
        const { thread_id: id } = await threads.create();
        await runs.wait(id, "echo", { input: { text } });
        return id;
      }),
    );
    const [kept = "", gone = ""] = ids;
    const state = await threads.getState(kept);
    expect(await threads.prune([kept, crypto.randomUUID()], { strategy: "keep_latest" })).toEqual({
      pruned_count: 1,
    });
    expect((await threads.getState(kept)).values).toEqual(state.values);
    expect(await threads.getHistory(kept)).toHaveLength(1);
    expect(await threads.prune([gone])).toEqual({ pruned_count: 1 });
    await expect(threads.get(gone)).rejects.toMatchObject({ status: 404 });
  });

  it("threads.update answers with nothing when it is to be short", async () => {
    const { thread_id: id } = await threads.create();
    await expect(threads.update(id, { metadata: { a: 1 }, returnMinimal: true })).resolves.toBeUndefined();
    expect(await threads.get(id)).toMatchObject({ metadata: { a: 1 } });
  });
});
