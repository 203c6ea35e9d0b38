/** `POST /threads/{id}/copy`: a thread of its own with the whole state of another. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { ThreadDO } from "../../../src/thread/thread-do";
import type { WireState } from "../../../src/wire/threads/state";
import type { Thread } from "../../../src/wire/threads/thread";
import { atClock, rowsOf, setClock, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import { createRun, createThread, joinRun, searchThreads, waitRun } from "../../support/threads";

atClock("2040-01-01T00:00:00.000Z");

const copyOf = async (id: string): Promise<Thread> => {
  const { status, body } = await call<Thread>("POST", `/threads/${id}/copy`);
  expect(status).toBe(200);
  return body;
};
const getThread = async (id: string): Promise<Thread> => (await call<Thread>("GET", `/threads/${id}`)).body;

/** The history, without what names the thread. */
const historyOf = async (id: string): Promise<unknown> => {
  const states = (await call<WireState[]>("GET", `/threads/${id}/history?limit=100`)).body;
  return JSON.parse(JSON.stringify(states).replaceAll(id, "the thread")) as unknown;
};

describe("a copy", () => {
  it("has the whole history and goes its own way, as the original does", async () => {
    const { thread_id: id } = await createThread({ metadata: { mine: 1 } });
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    await waitRun(id, { assistant_id: "echo", input: { text: "b" } });
    const original = await getThread(id);
    const copy = await copyOf(id);
    expect(copy).toMatchObject({
      status: "idle",
      metadata: { ...original.metadata, thread_id: copy.thread_id },
      values: original.values,
    });
    expect(copy.thread_id).not.toBe(id);
    expect(await searchThreads({ ids: [copy.thread_id] })).toEqual([copy]);
    expect(await historyOf(copy.thread_id)).toMatchObject(
      ((await historyOf(id)) as WireState[]).map(({ values, next, checkpoint }) => ({
        values,
        next,
        checkpoint,
      })),
    );

    await waitRun(copy.thread_id, { assistant_id: "echo", input: { text: "c" } });
    expect(await getThread(id)).toEqual(original);
    await call("DELETE", `/threads/${id}`);
    const ofCopy = await copyOf(copy.thread_id);
    await call("DELETE", `/threads/${copy.thread_id}`);
    expect(ofCopy).toMatchObject({ values: { seen: ["a", "b", "c"] } });
    expect(await waitRun(ofCopy.thread_id, { assistant_id: "echo", input: { text: "d" } })).toMatchObject({
      seen: ["a", "b", "c", "d"],
    });
  });

  it("of a thread without state, or without a graph, is one such", async () => {
    for (const metadata of [{}, { graph_id: "echo" }, { graph_id: "gone" }]) {
      const { thread_id: id } = await createThread({ metadata });
      const copy = await copyOf(id);
      expect(copy).toMatchObject({ status: "idle", values: null, metadata });
    }
    expect((await call("POST", `/threads/${crypto.randomUUID()}/copy`)).status).toBe(404);
    expect((await call("POST", "/threads/nonsense/copy")).status).toBe(422);
  });

  it("of a thread that waits waits too, and each is answered by itself", async () => {
    for (const assistant of ["interrupts", "nested"]) {
      const { thread_id: id } = await createThread();
      await waitRun(id, { assistant_id: assistant, input: { question: "well?" } });
      const copy = await copyOf(id);
      const original = await getThread(id);
      expect(copy).toMatchObject({ status: "interrupted", interrupts: original.interrupts });
      expect(await searchThreads({ ids: [copy.thread_id], status: "interrupted" })).toEqual([copy]);
      const answered = await waitRun(copy.thread_id, {
        assistant_id: assistant,
        command: { resume: "copy" },
      });
      expect(answered).toEqual({ question: "well?", answer: "copy" });
      expect(await getThread(id)).toEqual(original);
      expect(await waitRun(id, { assistant_id: assistant, command: { resume: "original" } })).toMatchObject({
        answer: "original",
      });
    }
  });

  it("of a thread that is busy has what was saved so far, and is idle", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const fields = { assistant_id: "steps", input: { key, gate: key }, durability: "sync" };
    const run = await createRun(id, fields);
    await gateReached(key);
    const copy = await copyOf(id);
    openGate(key);
    await joinRun(run);
    expect(copy).toMatchObject({ status: "idle", values: { trail: ["one"] } });
    expect(await waitRun(copy.thread_id, { assistant_id: "steps", input: null })).toMatchObject({
      trail: ["one", "two", "three"],
    });
  });

  it("of a state of many megabytes has it all", async () => {
    const { thread_id: id } = await createThread();
    await joinRun(await createRun(id, { assistant_id: "large", input: { megabytes: 15 } }));
    const copy = await copyOf(id);
    const rows = await rowsOf(threadStub(id));
    expect(await rowsOf(threadStub(copy.thread_id))).toMatchObject({
      checkpoints: rows["checkpoints"],
      checkpoint_parts: rows["checkpoint_parts"],
    });
    await call("DELETE", `/threads/${id}`);
    const { values } = (await call<WireState>("GET", `/threads/${copy.thread_id}/state`)).body;
    const parts = (values as { parts: string[] }).parts;
    expect(parts.map((part, n) => part === String(n % 10).repeat(1_000_000))).toEqual(Array(15).fill(true));
  });

  it("that breaks off leaves nothing", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    const copyId = crypto.randomUUID();
    const piece = await runInDurableObject(threadStub(id), (object: ThreadDO) => object.readCheckpoints(id));
    await runInDurableObject(threadStub(copyId), (object: ThreadDO) =>
      object.writeCheckpoints(copyId, piece),
    );
    expect(await rowsOf(threadStub(copyId))).toMatchObject({ checkpoints: 3 });
    setClock("2040-01-01T00:10:00.000Z");
    expect(await runDurableObjectAlarm(threadStub(copyId))).toBe(true);
    expect(await rowsOf(threadStub(copyId))).toEqual({});
  });
});
