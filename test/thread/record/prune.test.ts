/** `POST /threads/prune`: threads that go, or keep only what they are now. */
import { describe, expect, it } from "vitest";
import type { WireState } from "../../../src/wire/threads/state";
import type { Thread } from "../../../src/wire/threads/thread";
import { rowsOf, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import { createRun, createThread, joinRun, searchThreads, waitRun } from "../../support/threads";

const prune = async (ids: string[], strategy?: string): Promise<number> => {
  const body = { thread_ids: ids, ...(strategy === undefined ? {} : { strategy }) };
  const answer = await call<{ pruned_count: number }>("POST", "/threads/prune", body);
  expect(answer.status).toBe(200);
  return answer.body.pruned_count;
};
const historyOf = async (id: string): Promise<WireState[]> =>
  (await call<WireState[]>("GET", `/threads/${id}/history?limit=100`)).body;
const getThread = (id: string): ReturnType<typeof call<Thread>> => call<Thread>("GET", `/threads/${id}`);

async function echoed(...texts: string[]): Promise<string> {
  const { thread_id: id } = await createThread();
  for (const text of texts) await waitRun(id, { assistant_id: "echo", input: { text } });
  return id;
}

/** A thread with a run that goes on until the gate is opened. */
async function busy(): Promise<{ id: string; end: () => Promise<void> }> {
  const { thread_id: id } = await createThread();
  const key = crypto.randomUUID();
  const run = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
  await gateReached(key);
  return {
    id,
    end: async () => {
      openGate(key);
      await joinRun(run);
    },
  };
}

describe("pruning with keep_latest", () => {
  it("leaves one state, as it was, to go on from", async () => {
    const id = await echoed("a", "b");
    const [latest] = await historyOf(id);
    const thread = await getThread(id);
    expect(await prune([id], "keep_latest")).toBe(1);
    expect(await historyOf(id)).toEqual([latest]);
    expect((await call("GET", `/threads/${id}/state`)).body).toEqual(latest);
    expect((await getThread(id)).body).toMatchObject({ values: thread.body.values, status: "idle" });
    expect(await rowsOf(threadStub(id))).toMatchObject({ checkpoints: 1 });
    expect(await prune([id], "keep_latest")).toBe(1);
    expect(await waitRun(id, { assistant_id: "echo", input: { text: "c" } })).toMatchObject({
      seen: ["a", "b", "c"],
    });
    expect(await historyOf(id)).toHaveLength(4);
  });

  it("leaves a thread that waits to be answered, in a subgraph too", async () => {
    for (const assistant of ["interrupts", "nested"]) {
      const { thread_id: id } = await createThread();
      await waitRun(id, { assistant_id: assistant, input: { question: "well?" } });
      const { body: thread } = await getThread(id);
      expect(await prune([id], "keep_latest")).toBe(1);
      expect((await getThread(id)).body).toEqual(thread);
      expect(await waitRun(id, { assistant_id: assistant, command: { resume: "fine" } })).toEqual({
        question: "well?",
        answer: "fine",
      });
    }
  });

  it("keeps large values that the latest state refers to, and no others", async () => {
    const { thread_id: id } = await createThread({ metadata: { graph_id: "large" } });
    await joinRun(await createRun(id, { assistant_id: "large", input: { megabytes: 2 } }));
    await joinRun(await createRun(id, { assistant_id: "large", input: { megabytes: 1 } }));
    // Does not touch the large value: it is the checkpoint before that holds it.
    await call("POST", `/threads/${id}/state`, { values: { megabytes: 0 }, as_node: "grow" });
    const before = await rowsOf(threadStub(id));
    expect(await prune([id], "keep_latest")).toBe(1);
    const after = await rowsOf(threadStub(id));
    expect(after["checkpoint_parts"]).toBeLessThan(before["checkpoint_parts"] ?? 0);
    const [state, ...others] = await historyOf(id);
    expect(others).toEqual([]);
    const values = state?.values as { megabytes: number; parts: string[] };
    expect(values.megabytes).toBe(0);
    expect(values.parts.map((part) => part[0])).toEqual(["0", "1", "0"]);
  });

  it("of a thread without state does nothing", async () => {
    const { thread_id: id } = await createThread();
    expect(await prune([id], "keep_latest")).toBe(1);
    expect((await getThread(id)).status).toBe(200);
  });
});

describe("pruning with delete", () => {
  it("is the default, and removes the threads", async () => {
    const ids = [await echoed("a"), await echoed("b")];
    expect(await prune(ids)).toBe(2);
    for (const id of ids) {
      expect((await getThread(id)).status).toBe(404);
      expect(await rowsOf(threadStub(id))).toEqual({});
    }
    expect(await searchThreads({ ids })).toEqual([]);
    expect(await prune(ids)).toBe(0);
  });
});

describe("pruning", () => {
  it("counts neither unknown threads nor busy ones, and a thread once", async () => {
    for (const strategy of ["keep_latest", "delete"]) {
      const id = await echoed("a", "b");
      const working = await busy();
      expect(await prune([working.id, crypto.randomUUID(), id, id], strategy)).toBe(1);
      expect((await getThread(working.id)).body.status).toBe("busy");
      await working.end();
      expect(await waitRun(working.id, { assistant_id: "steps", input: null })).toMatchObject({
        trail: ["one", "two", "three"],
      });
      expect((await historyOf(working.id)).length).toBeGreaterThan(3);
    }
  });

  it("of none is none; of what are no ids is refused", async () => {
    expect(await prune([])).toBe(0);
    for (const body of [{}, { thread_ids: ["x"] }, { thread_ids: [], strategy: "all" }, { thread_ids: "x" }])
      expect((await call("POST", "/threads/prune", body)).status).toBe(422);
  });
});
