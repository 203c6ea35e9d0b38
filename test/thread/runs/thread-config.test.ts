/** A thread's `config`: what its runs were configured with. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/platform/json";
import type { Run } from "../../../src/wire/runs/run";
import type { Thread } from "../../../src/wire/threads/thread";
import { call, create } from "../../support/edge";
import { createRun, createThread, joinRun, searchThreads, waitRun } from "../../support/threads";

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

describe("a run that goes on with one that was interrupted", () => {
  const seen = async (id: string, fields: object): Promise<JsonObject> =>
    ((await waitRun(id, fields)).seen as { configurable: JsonObject }).configurable;

  it.each([{}, { input: null }, { command: { resume: "fine" } }])(
    "with %j is configured like that one, unless it says otherwise itself",
    async (how) => {
      const { assistant_id } = await create({ graph_id: "seen", config: { configurable: { a: 1, b: 1 } } });
      const { thread_id: id } = await createThread();
      const config = { configurable: { b: 2, c: 2, d: 2 } };
      await waitRun(id, { assistant_id, input: {}, config, interrupt_before: ["look"] });
      const own = { configurable: { d: 3 } };
      const configured = { a: 1, b: 2, c: 2, d: 3 };
      expect(await seen(id, { assistant_id, ...how, config: own })).toMatchObject(configured);
      const [run] = (await call<Run[]>("GET", `/threads/${id}/runs`)).body;
      expect(run?.kwargs.config).toMatchObject({ configurable: { ...configured, run_id: run?.run_id } });
      // What begins anew is not.
      const fresh = await seen(id, { assistant_id, input: {} });
      expect(fresh).toMatchObject({ a: 1, b: 1 });
      expect(Object.keys(fresh)).not.toContain("c");
    },
  );

  it("with an input of its own, or as another assistant, is not", async () => {
    const config = { configurable: { b: 2 } };
    for (const fields of [{ assistant_id: "seen", input: {} }, await create({ graph_id: "seen" })]) {
      const { thread_id: id } = await createThread();
      await waitRun(id, { assistant_id: "seen", input: {}, config, interrupt_before: ["look"] });
      const { assistant_id, input } = { input: null, ...fields };
      expect(Object.keys(await seen(id, { assistant_id, input }))).not.toContain("b");
    }
  });
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
