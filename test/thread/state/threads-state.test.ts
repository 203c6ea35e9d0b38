/** `/threads/{id}/state` and `/history`: what the checkpoints of a thread say, also when they are large. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/platform/json";
import type { Run } from "../../../src/wire/runs/run";
import type { WireState } from "../../../src/wire/threads/state";
import type { Thread } from "../../../src/wire/threads/thread";
import { call } from "../../support/edge";
import { createRun, createThread, getRun, joinRun, searchThreads, waitRun } from "../../support/threads";

const UUID = /^[0-9a-f-]{36}$/;

const stateOf = async (id: string, query = ""): Promise<WireState> =>
  (await call<WireState>("GET", `/threads/${id}/state${query}`)).body;

const historyOf = async (id: string, body: object): Promise<WireState[]> => {
  const answer = await call<WireState[]>("POST", `/threads/${id}/history`, body);
  expect(answer.status).toBe(200);
  return answer.body;
};

describe("the state", () => {
  it("of a thread without a run is empty", async () => {
    const { thread_id: id } = await createThread();
    expect(await stateOf(id)).toMatchObject({
      values: {},
      next: [],
      tasks: [],
      interrupts: [],
      parent_checkpoint: null,
      checkpoint: { thread_id: id, checkpoint_id: null, checkpoint_ns: "" },
    });
    expect((await call("GET", `/threads/${id}/history`)).body).toEqual([]);
    expect(await historyOf(id, {})).toEqual([]);
  });

  it("after a run has its values, its metadata and its checkpoints", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    const state = await stateOf(id);
    expect(state).toMatchObject({
      values: { text: "a", reply: "You said: a", seen: ["a"] },
      next: [],
      metadata: { source: "loop", step: 1 },
      checkpoint: { thread_id: id, checkpoint_ns: "", checkpoint_id: expect.stringMatching(UUID) as string },
      parent_checkpoint: { thread_id: id, checkpoint_id: expect.stringMatching(UUID) as string },
    });
    expect(new Date(state.created_at ?? "").toISOString()).toBe(state.created_at);
    expect((await call<Thread>("GET", `/threads/${id}`)).body.values).toEqual(state.values);
  });

  it("of a thread that waits tells its interrupts, and with subgraphs the states within", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "nested", input: { question: "well?" } });
    const plain = await stateOf(id);
    expect(plain).toMatchObject({ next: ["inner"], interrupts: [{ value: "well?" }] });
    expect(plain.tasks).toMatchObject([
      {
        name: "inner",
        state: null,
        checkpoint: { checkpoint_ns: expect.stringMatching(/^inner:/) as string },
      },
    ]);
    for (const query of ["?subgraphs=true", "?subgraphs=1", "?subgraphs=True"]) {
      const { tasks } = await stateOf(id, query);
      expect(tasks).toMatchObject([
        {
          name: "inner",
          state: { values: { question: "well?" }, next: ["ask"], interrupts: [{ value: "well?" }] },
        },
      ]);
    }
    expect(await waitRun(id, { assistant_id: "nested", command: { resume: "fine" } })).toMatchObject({
      answer: "fine",
    });
    expect(await stateOf(id, "?subgraphs=true")).toMatchObject({ next: [], tasks: [], interrupts: [] });
  });
});

describe("the history", () => {
  it("is newest first, and is limited, cut and filtered", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "steps", input: {}, metadata: { batch: "one" } });
    await waitRun(id, { assistant_id: "steps", input: {}, metadata: { batch: "two" } });
    const every = await historyOf(id, { limit: 100 });
    expect(every.map((state) => state.metadata.step)).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0, -1]);
    expect(every[0]).toEqual(await stateOf(id));
    for (const [n, state] of every.slice(0, -1).entries()) {
      expect(state.parent_checkpoint?.checkpoint_id).toBe(every[n + 1]?.checkpoint.checkpoint_id);
    }
    expect(await historyOf(id, {})).toEqual(every.slice(0, 10));
    expect(await historyOf(id, { limit: 3 })).toEqual(every.slice(0, 3));
    expect((await call("GET", `/threads/${id}/history?limit=2`)).body).toEqual(every.slice(0, 2));

    const third = every[2]?.checkpoint;
    const rest = every.slice(3);
    expect(
      (await call("GET", `/threads/${id}/history?limit=100&before=${third?.checkpoint_id}`)).body,
    ).toEqual(rest);
    for (const before of [third?.checkpoint_id, third, { configurable: third }])
      expect(await historyOf(id, { limit: 100, before })).toEqual(rest);
    expect(await historyOf(id, { limit: 1, before: third })).toEqual(rest.slice(0, 1));

    const inputs = every.filter((state) => state.metadata.source === "input");
    expect(inputs.map((state) => state.metadata.step)).toEqual([4, -1]);
    expect(await historyOf(id, { metadata: { source: "input" } })).toEqual(inputs);
    expect(await historyOf(id, { metadata: { source: "input", step: 4 } })).toEqual(inputs.slice(0, 1));
    expect(await historyOf(id, { metadata: { source: "input" }, limit: 1 })).toEqual(inputs.slice(0, 1));
    expect(await historyOf(id, { metadata: { source: "nothing" } })).toEqual([]);
    expect(await historyOf(id, { checkpoint: third })).toEqual([every[2]]);
    expect(await historyOf(id, { checkpoint: { checkpoint_ns: "inner:none" } })).toEqual([]);
  });

  it("is found by the metadata of the runs that wrote it", async () => {
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { assistant_id: "echo", input: { text: "a" }, metadata: { mine: 1 } });
    await joinRun(run);
    await waitRun(id, { assistant_id: "echo", input: { text: "b" } });
    for (const metadata of [{ mine: 1 }, { run_id: run.run_id }]) {
      const found = await historyOf(id, { metadata });
      expect(found.map((state) => state.metadata.step)).toEqual([1, 0, -1]);
      expect(found[0]?.metadata).toMatchObject({ graph_id: "echo", thread_id: id });
    }
  });

  it("lets a run start anew from one of its checkpoints", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
    const [state] = await historyOf(id, { limit: 1 });
    await waitRun(id, { assistant_id: "echo", input: { text: "b" } });
    for (const from of [
      { checkpoint_id: state?.checkpoint.checkpoint_id },
      { checkpoint: state?.checkpoint },
      { checkpoint: { checkpoint_id: state?.checkpoint.checkpoint_id } },
    ]) {
      const values = await waitRun(id, { assistant_id: "echo", input: { text: "c" }, ...from });
      expect(values).toMatchObject({ seen: ["a", "c"] });
    }
  });
});

describe("a state of many megabytes", () => {
  it("is not copied to the index when it has more than 250,000 bytes, and is read as always", async () => {
    const { thread_id: id } = await createThread();
    const found = async (query: object) => searchThreads({ ids: [id], ...query });
    await waitRun(id, { assistant_id: "echo", input: { text: "x".repeat(50_000) } });
    expect(await found({ values: { text: "x".repeat(50_000) } })).toHaveLength(1);
    await waitRun(id, { assistant_id: "echo", input: { text: "y".repeat(200_000) } });
    expect(await found({})).toMatchObject([{ status: "idle", values: null, interrupts: {} }]);
    expect(await found({ values: { text: "y".repeat(200_000) } })).toEqual([]);
    const { body } = await call<Thread>("GET", `/threads/${id}`);
    expect(body.values).toMatchObject({ text: "y".repeat(200_000) });
  });

  it("is kept: the run succeeds, the thread is found, and the state comes back", async () => {
    const { thread_id: id } = await createThread({ metadata: { large: true } });
    const run = await createRun(id, { assistant_id: "large", input: { megabytes: 15 } });
    const values = (await joinRun(run)) as { parts: string[] };
    expect(values.parts).toHaveLength(15);
    expect(await getRun(run)).toMatchObject({ status: "success" });
    const answer = await call<WireState>("GET", `/threads/${id}/state`);
    expect(answer.status).toBe(200);
    expect((answer.body.values as { parts: string[] }).parts.map((part) => part.length)).toEqual(
      Array(15).fill(1_000_000),
    );
    const [thread] = await searchThreads({ metadata: { large: true } });
    expect(thread).toMatchObject({ thread_id: id, status: "idle", values: null });
    expect((await call("GET", `/threads/${id}`)).status).toBe(200);
    expect((await call<Run[]>("GET", `/threads/${id}/runs`)).body).toMatchObject([{ status: "success" }]);
  });

  it("is refused with a 4xx when it is too large to be sent, and stays usable", async () => {
    const { thread_id: id } = await createThread({ metadata: { huge: true } });
    const run = await createRun(id, { assistant_id: "large", input: { megabytes: 20 } });
    await joinRun(run);
    const again = await createRun(id, { assistant_id: "large", input: { megabytes: 20 } });
    const joined = await call<JsonObject>("GET", `/threads/${id}/runs/${again.run_id}/join`);
    expect(joined.status).toBeLessThan(500);
    const ended = (await getRun(again)).status;
    expect(["success", "error"]).toContain(ended);
    for (const path of ["", "/state", "/history?limit=1"]) {
      const answer = await call<JsonObject>("GET", `/threads/${id}${path}`);
      expect(answer.status, path).toBeLessThan(500);
      if (answer.status !== 200) expect(answer.body.detail, path).toMatch(/at most \d+ can be sent/);
    }
    expect(await searchThreads({ metadata: { huge: true }, select: ["thread_id"] })).toEqual([
      { thread_id: id },
    ]);
    expect((await call("DELETE", `/threads/${id}`)).status).toBe(204);
  });
});
