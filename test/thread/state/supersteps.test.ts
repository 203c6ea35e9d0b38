/** Threads that begin with a state: `supersteps` of `POST /threads`, all or nothing. */
import { expect, it } from "vitest";
import type { WireState } from "../../../src/wire/threads/state";
import { rowsOf, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { createThread, searchThreads, waitRun } from "../../support/threads";

const update = (step: string, trail: string[]): object => ({ as_node: step, values: { trail } });

const historyOf = async (id: string): Promise<WireState[]> =>
  (await call<WireState[]>("GET", `/threads/${id}/history`)).body;

it("a thread begins with the state that its supersteps make, and goes on from there", async () => {
  const thread = await createThread({
    metadata: { graph_id: "steps" },
    supersteps: [
      { updates: [{ as_node: "__start__", values: { key: "a" } }] },
      { updates: [update("one", ["first"])] },
      { updates: [update("two", ["second"])] },
    ],
  });
  expect(thread).toMatchObject({ status: "idle", values: { key: "a", trail: ["first", "second"] } });
  const states = await historyOf(thread.thread_id);
  expect(states.map(({ next }) => next)).toEqual([["three"], ["two"], ["one"]]);
  expect(await searchThreads({ ids: [thread.thread_id] })).toEqual([thread]);
  expect(await waitRun(thread.thread_id, { assistant_id: "steps", input: null })).toMatchObject({
    trail: ["first", "second", "three"],
  });
});

it("a superstep may have several updates, and commands", async () => {
  const { values } = await createThread({
    metadata: { graph_id: "asks" },
    supersteps: [
      { updates: [{ as_node: "__start__", values: {} }] },
      {
        updates: [
          { as_node: "left", values: { answers: ["l"] } },
          { as_node: "right", command: { update: { answers: ["r"] } } },
        ],
      },
    ],
  });
  expect(values).toEqual({ answers: ["l", "r"] });
});

it.each([
  [
    "a node that is not there",
    [{ updates: [update("one", ["a"])] }, { updates: [update("nobody", ["b"])] }],
    422,
  ],
  ["values that the graph refuses", [{ updates: [{ as_node: "one", values: { trail: 7 } }] }], 422],
  ["no updates", [{ updates: [] }], 422],
  ["no node", [{ updates: [{ values: {} }] }], 422],
])("one that fails by %s leaves no thread", async (_name, supersteps, status) => {
  const threadId = crypto.randomUUID();
  const body = { thread_id: threadId, metadata: { graph_id: "steps" }, supersteps };
  const answer = await call("POST", "/threads", body);
  expect([answer.status, answer.body.detail]).toEqual([status, expect.any(String)]);
  expect((await call("GET", `/threads/${threadId}`)).status).toBe(404);
  expect(await searchThreads({ ids: [threadId] })).toEqual([]);
  expect(await rowsOf(threadStub(threadId))).toEqual({});
  expect(await createThread({ thread_id: threadId })).toMatchObject({ values: null });
});

it("without a graph there is none; an existing thread is left as it is", async () => {
  const supersteps = [{ updates: [update("one", ["a"])] }];
  const refused = await call("POST", "/threads", { supersteps });
  expect([refused.status, refused.body.detail]).toEqual([422, expect.stringContaining("graph")]);
  const { thread_id: id } = await createThread({ metadata: { graph_id: "steps" } });
  const again = await createThread({ thread_id: id, if_exists: "do_nothing", supersteps });
  expect(again).toMatchObject({ thread_id: id, values: null });
});
