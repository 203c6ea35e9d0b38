/** A thread's `config`: what its runs were configured with. */
import { expect, it } from "vitest";
import type { JsonObject } from "../../src/json";
import type { Thread } from "../../src/threads/thread";
import { call, create } from "../support/edge";
import { createRun, createThread, joinRun, searchThreads, waitRun } from "../support/threads";

const configOf = async (id: string): Promise<JsonObject> =>
  (await call<Thread>("GET", `/threads/${id}`)).body.config;

it("is that of the last run, over those before it, each over its assistant's", async () => {
  const assistant = await create({
    config: { tags: ["assistant"], recursion_limit: 7, configurable: { a: 1, b: 1 } },
  });
  const { thread_id: id, config } = await createThread();
  expect(config).toEqual({});
  const fields = { assistant_id: assistant.assistant_id, input: {} };
  await waitRun(id, { ...fields, config: { configurable: { b: 2 } } });
  const first = { tags: ["assistant"], recursion_limit: 7, configurable: { a: 1, b: 2 } };
  expect(await configOf(id)).toEqual(first);
  expect((await searchThreads({ ids: [id] }))[0]?.config).toEqual(first);
  await waitRun(id, { assistant_id: "echo", input: {}, config: { tags: ["run"], configurable: { c: 3 } } });
  const second = { tags: ["run"], recursion_limit: 7, configurable: { a: 1, b: 2, c: 3 } };
  expect(await configOf(id)).toEqual(second);
  await waitRun(id, { assistant_id: "echo", input: {} });
  expect(await configOf(id)).toEqual(second);
});

it("is there from the first on when the run makes the thread, and has nothing of the run alone", async () => {
  const id = crypto.randomUUID();
  const config = { configurable: { a: 1, thread_id: "x", checkpoint_ns: "y", __pregel_resuming: true } };
  await waitRun(id, { assistant_id: "echo", input: { text: "a" }, config, if_not_exists: "create" });
  expect(await configOf(id)).toEqual({ configurable: { a: 1 } });
  const { body: state } = await call<{ checkpoint: JsonObject }>("GET", `/threads/${id}/state`);
  await waitRun(id, { assistant_id: "echo", input: { text: "b" }, checkpoint: state.checkpoint });
  expect(await configOf(id)).toEqual({ configurable: { a: 1 } });
});

it("makes the graph with which the state is read and written", async () => {
  const { thread_id: id } = await createThread();
  const config = { configurable: { node: "welcome" } };
  await waitRun(id, {
    assistant_id: "factory",
    input: { text: "you" },
    config,
    interrupt_before: ["welcome"],
  });
  expect((await call("GET", `/threads/${id}/state`)).body).toMatchObject({ next: ["welcome"] });
  const update = { values: { reply: "from outside" }, as_node: "welcome" };
  expect((await call("POST", `/threads/${id}/state`, update)).status).toBe(200);
  expect((await call("GET", `/threads/${id}/state`)).body).toMatchObject({
    values: { reply: "from outside" },
    next: [],
  });
});

it("is left as it was by a run whose config is too large to be kept with the thread", async () => {
  const { thread_id: id } = await createThread({ metadata: { large: "x".repeat(900_000) } });
  await waitRun(id, { assistant_id: "echo", input: {}, config: { configurable: { a: 1 } } });
  const config = { configurable: { b: "x".repeat(900_000) } };
  const run = await createRun(id, { assistant_id: "echo", input: { text: "a" }, config });
  expect(await joinRun(run)).toMatchObject({ reply: "You said: a" });
  expect(await configOf(id)).toEqual({ configurable: { a: 1 } });
  const metadata = { more: "x".repeat(800_000) };
  expect((await call("PATCH", `/threads/${id}`, { metadata })).status).toBe(200);
});
