/** Threads with many messages, through the edge: history, copy, prune, deletion, and threads of an earlier version. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import type { WireState } from "../../../src/wire/threads/state";
import type { Thread } from "../../../src/wire/threads/thread";
import { atClock, rowsOf, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { restoreThread } from "../../support/stored/thread";
import { createRun, createThread, joinRun, waitRun } from "../../support/threads";

// The objects are aborted, which must not meet an alarm in progress: none rings by itself.
atClock("2040-01-01T00:00:00.000Z");

interface Messages {
  messages: { type: string; content: string }[];
}

const ask = (content: string) => ({
  assistant_id: "agent",
  input: { messages: [{ role: "user", content }] },
});
const contentsOf = (values: unknown) => (values as Messages).messages.map(({ content }) => content);
const stateOf = async (id: string, checkpointId?: string): Promise<WireState> =>
  (
    await call<WireState>(
      "GET",
      `/threads/${id}/state${checkpointId === undefined ? "" : `/${checkpointId}`}`,
    )
  ).body;
const historyOf = async (id: string, limit = 1000): Promise<WireState[]> =>
  (await call<WireState[]>("GET", `/threads/${id}/history?limit=${limit}`)).body;
const sizeOf = (id: string): Promise<number> =>
  runInDurableObject(threadStub(id), (_object, { storage }) => storage.sql.databaseSize);
const packsOf = (id: string): Promise<number> =>
  runInDurableObject(
    threadStub(id),
    (_object, { storage }) =>
      storage.sql
        .exec<{ n: number }>("SELECT count(*) AS n FROM checkpoint_parts WHERE part LIKE 'pack:%'")
        .one().n,
  );

/** A thread on which the default agent has told the time so many times, each time with four messages. */
async function longThread(runs: number): Promise<string> {
  const { thread_id: id } = await createThread();
  for (let n = 1; n <= runs; n += 1) await waitRun(id, ask(`What time is it? ${n}`));
  return id;
}

it("a long thread has its whole history, is run from any state of it, and is copied with it", async () => {
  const id = await longThread(30);
  const history = await historyOf(id);
  expect(history).toHaveLength(150);
  expect(history.map(({ values }) => (values as Partial<Messages>).messages?.length).slice(0, 6)).toEqual([
    120, 119, 118, 117, 116, 116,
  ]);
  expect(await packsOf(id)).toBeGreaterThan(5);
  await abortAllDurableObjects();
  expect(await historyOf(id)).toEqual(history);

  const copy = (await call<Thread>("POST", `/threads/${id}/copy`)).body.thread_id;
  const valuesOf = (states: WireState[]) =>
    states.map(({ values, checkpoint }) => [checkpoint.checkpoint_id, values]);
  expect(valuesOf(await historyOf(copy))).toEqual(valuesOf(history));

  const past = history[75];
  const forked = await waitRun(id, { ...ask("the fork"), checkpoint_id: past?.checkpoint.checkpoint_id });
  const pastContents = contentsOf(past?.values);
  expect(contentsOf(forked).slice(0, pastContents.length + 1)).toEqual([...pastContents, "the fork"]);
  expect(contentsOf((await stateOf(id)).values)).toEqual(contentsOf(forked));
  expect(valuesOf((await historyOf(id)).slice(-150))).toEqual(valuesOf(history));

  await call("DELETE", `/threads/${id}`);
  expect(valuesOf(await historyOf(copy))).toEqual(valuesOf(history));
  expect(contentsOf(await waitRun(copy, ask("go on")))).toHaveLength(122);
});

it("pruning a long thread to its latest state gives its pages back, and deleting a run leaves nothing of it", async () => {
  const id = await longThread(40);
  const before = await sizeOf(id);
  const state = await stateOf(id);
  await call("POST", "/threads/prune", { thread_ids: [id], strategy: "keep_latest" });
  expect(await sizeOf(id)).toBeLessThan(before / 3);
  expect(await stateOf(id)).toEqual(state);

  const pruned = await rowsOf(threadStub(id));
  const run = await createRun(id, ask("x".repeat(3_000)));
  await joinRun(run);
  expect((await rowsOf(threadStub(id)))["checkpoint_parts"]).toBeGreaterThan(pruned["checkpoint_parts"] ?? 0);
  await call("DELETE", `/threads/${id}/runs/${run.run_id}`);
  expect(await rowsOf(threadStub(id))).toEqual(pruned);
  expect(await stateOf(id)).toEqual(state);
  expect(contentsOf(await waitRun(id, ask("go on")))).toHaveLength(162);
});

it("a thread that an earlier version stored is read, goes on, and is pruned", async () => {
  const stored = await restoreThread(1);
  await abortAllDurableObjects();
  const history = await historyOf(stored);
  expect(history).toHaveLength(16);
  const before = await stateOf(stored);
  expect((before.values as Messages).messages.map(({ type }) => type)).toEqual([
    "human",
    "ai",
    "tool",
    "ai",
    "human",
    "ai",
    "human",
    "ai",
    "tool",
    "ai",
    "human",
    "ai",
  ]);
  expect(contentsOf(before.values)[4]).toBe("x".repeat(17_000));

  const after = await waitRun(stored, ask("go on"));
  expect(contentsOf(after).slice(0, 13)).toEqual([...contentsOf(before.values), "go on"]);
  expect((await historyOf(stored)).slice(-16)).toEqual(history);
  await call("POST", "/threads/prune", { thread_ids: [stored], strategy: "keep_latest" });
  expect((await stateOf(stored)).values).toEqual(after);
  const rows = await rowsOf(threadStub(stored));
  expect(rows).toMatchObject({ checkpoints: 1, checkpoint_parts: await packsOf(stored) });
});
