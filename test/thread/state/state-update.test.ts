/** `POST /threads/{id}/state`: states that somebody other than a run writes. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/platform/json";
import type { WireCheckpoint, WireState } from "../../../src/wire/threads/state";
import type { Thread } from "../../../src/wire/threads/thread";
import { call, type Answer } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import { createRun, createThread, joinRun, searchThreads, waitRun } from "../../support/threads";

const update = (id: string, body: object): Promise<Answer<{ checkpoint: WireCheckpoint; detail: string }>> =>
  call("POST", `/threads/${id}/state`, body);

const stateOf = async (id: string, at = ""): Promise<WireState> =>
  (await call<WireState>("GET", `/threads/${id}/state${at}`)).body;

const historyOf = async (id: string): Promise<WireState[]> =>
  (await call<WireState[]>("GET", `/threads/${id}/history?limit=100`)).body;

const getThread = async (id: string): Promise<Thread> => (await call<Thread>("GET", `/threads/${id}`)).body;

/** A thread on which a run of a graph has been. */
async function ran(fields: object): Promise<string> {
  const { thread_id: id } = await createThread();
  await waitRun(id, fields);
  return id;
}
const echoed = (): Promise<string> => ran({ assistant_id: "echo", input: { text: "a" } });

describe("an update", () => {
  it("writes through the reducers, and answers with the new checkpoint", async () => {
    const id = await echoed();
    const { status, body } = await update(id, { values: { text: "b", seen: ["b"] } });
    expect(status).toBe(200);
    const state = await stateOf(id);
    expect(body).toEqual({ checkpoint: state.checkpoint });
    expect(state).toMatchObject({
      values: { text: "b", seen: ["a", "b"], reply: "You said: a" },
      metadata: { source: "update" },
      next: [],
    });
    const thread = await getThread(id);
    expect(thread).toMatchObject({ status: "idle", values: state.values });
    expect(await searchThreads({ ids: [id] })).toEqual([thread]);
    expect(await searchThreads({ ids: [id], values: { text: "b" } })).toHaveLength(1);
    expect(await waitRun(id, { assistant_id: "echo", input: { text: "c" } })).toMatchObject({
      seen: ["a", "b", "c"],
    });
  });

  it("as a node goes on behind that node", async () => {
    const { thread_id: id } = await createThread({ metadata: { graph_id: "steps" } });
    const { status } = await update(id, { values: { trail: ["by hand"] }, as_node: "one" });
    expect(status).toBe(200);
    expect(await stateOf(id)).toMatchObject({ values: { trail: ["by hand"] }, next: ["two"] });
    expect(await waitRun(id, { assistant_id: "steps", input: null })).toMatchObject({
      trail: ["by hand", "two", "three"],
    });
  });

  it("without values as a node only moves on; as __end__ it ends what was to come", async () => {
    const id = await ran({ assistant_id: "steps", input: {}, interrupt_before: ["two"] });
    expect((await update(id, { values: null, as_node: "two" })).status).toBe(200);
    expect(await stateOf(id)).toMatchObject({ values: { trail: ["one"] }, next: ["three"] });
    expect((await getThread(id)).status).toBe("interrupted");
    expect((await update(id, { values: null, as_node: "__end__" })).status).toBe(200);
    expect(await stateOf(id)).toMatchObject({ values: { trail: ["one"] }, next: [] });
    expect((await getThread(id)).status).toBe("idle");
  });

  it("of a thread that waits leaves it waiting, or answers for the node", async () => {
    const id = await ran({ assistant_id: "interrupts", input: { question: "well?" } });
    const { thread_id: other } = (await call<Thread>("POST", `/threads/${id}/copy`)).body;
    await update(id, { values: { question: "changed?" }, as_node: "__start__" });
    expect(await getThread(id)).toMatchObject({ status: "interrupted", values: { question: "changed?" } });
    expect(await waitRun(id, { assistant_id: "interrupts", input: null })).toMatchObject({
      __interrupt__: [{ value: { question: "changed?" } }],
    });
    await update(other, { values: { answer: "by hand" }, as_node: "ask" });
    expect(await getThread(other)).toMatchObject({
      status: "idle",
      interrupts: {},
      values: { question: "well?", answer: "by hand" },
    });
  });

  it("of a subgraph that waits changes what it goes on with", async () => {
    const id = await ran({ assistant_id: "nested", input: { question: "well?" } });
    const inner = (await stateOf(id)).tasks[0]?.checkpoint as WireCheckpoint;
    const { status, body } = await update(id, {
      values: { answer: "by hand" },
      as_node: "ask",
      checkpoint: inner,
    });
    expect([status, body.checkpoint.checkpoint_ns]).toEqual([200, inner.checkpoint_ns]);
    expect((await getThread(id)).status).toBe("interrupted");
    expect(await waitRun(id, { assistant_id: "nested", input: null })).toMatchObject({ answer: "by hand" });
    expect((await getThread(id)).status).toBe("idle");
  });

  it("of a thread whose run failed clears the error", async () => {
    const id = await ran({ assistant_id: "fails", input: { message: "broken" } });
    expect((await getThread(id)).status).toBe("error");
    expect((await update(id, { values: { message: "mended" }, as_node: "fail" })).status).toBe(200);
    expect(await getThread(id)).toMatchObject({ status: "idle", error: null, values: { message: "mended" } });
  });

  it("at an earlier checkpoint makes a branch of the history from there", async () => {
    const id = await echoed();
    const [earlier] = await historyOf(id);
    await waitRun(id, { assistant_id: "echo", input: { text: "b" } });
    for (const from of [
      { checkpoint_id: earlier?.checkpoint.checkpoint_id },
      { checkpoint: earlier?.checkpoint },
      { checkpoint: { checkpoint_id: earlier?.checkpoint.checkpoint_id } },
    ]) {
      const { status, body } = await update(id, { values: { seen: ["branch"] }, ...from });
      expect(status).toBe(200);
      const state = await stateOf(id, `/${body.checkpoint.checkpoint_id}`);
      expect(state).toMatchObject({ values: { seen: ["a", "branch"] } });
      expect(state.parent_checkpoint?.checkpoint_id).toBe(earlier?.checkpoint.checkpoint_id);
      expect(await stateOf(id)).toEqual(state);
    }
    expect((await getThread(id)).values).toMatchObject({ seen: ["a", "branch"] });
  });

  it("does not lose another that comes at the same time", async () => {
    const id = await echoed();
    const texts = ["b", "c", "d"];
    const answers = await Promise.all(texts.map((text) => update(id, { values: { seen: [text] } })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { seen } = (await stateOf(id)).values as { seen: string[] };
    expect([...seen].sort()).toEqual(["a", ...texts]);
    expect((await historyOf(id)).map(({ metadata }) => metadata.step)).toEqual([4, 3, 2, 1, 0, -1]);
  });

  it("and a run that comes at the same time follow each other", async () => {
    const id = await echoed();
    const [updated, values] = await Promise.all([
      update(id, { values: { seen: ["b"] } }),
      waitRun(id, { assistant_id: "echo", input: { text: "c" } }),
    ]);
    expect([200, 409]).toContain(updated.status);
    const expected = updated.status === 200 ? ["a", "b", "c"] : ["a", "c"];
    expect(values).toMatchObject({ seen: expected });
    expect(await getThread(id)).toMatchObject({ status: "idle", values: { seen: expected } });
  });
});

describe("an update is refused", () => {
  it("with 409 while a run is going on or waits for its time", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const run = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
    await gateReached(key);
    expect((await update(id, { values: { trail: ["x"] } })).status).toBe(409);
    openGate(key);
    await joinRun(run);
    await createRun(id, { assistant_id: "steps", input: {}, after_seconds: 3600 });
    const refused = await update(id, { values: { trail: ["x"] } });
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining("busy")]);
    expect((await stateOf(id)).values).toMatchObject({ trail: ["one", "two", "three"] });
  });

  it("on a thread without a graph, or with one that is there no more", async () => {
    for (const metadata of [{}, { graph_id: "gone" }, { graph_id: 7 }]) {
      const { thread_id: id } = await createThread({ metadata });
      const { status, body } = await update(id, { values: { a: 1 } });
      expect([status, body.detail]).toEqual([422, expect.stringContaining("graph")]);
    }
    expect((await update(crypto.randomUUID(), { values: {} })).status).toBe(404);
  });

  it.each([
    [{ values: { text: "x" }, as_node: "nobody" }, 422, 'cannot be updated: Node "nobody" does not exist'],
    [{ values: { text: "x" }, as_node: "" }, 422, "does not exist"],
    [{ values: { seen: 7 } }, 422, "not iterable"],
    [{ values: "text" }, 422, "values: expected an object or a list"],
    [{ values: 7 }, 422, "values: expected"],
    [{ values: [["seen", ["x"]]] }, 422, "cannot be updated"],
    [{ values: { text: "x" }, checkpoint_id: "not-a-checkpoint" }, 404, "not-a-checkpoint"],
    [{ values: { text: "x" }, checkpoint_id: crypto.randomUUID() }, 404, "no checkpoint"],
    [{ values: { text: "x" }, checkpoint: { checkpoint_id: crypto.randomUUID() } }, 404, "no checkpoint"],
    [{ values: { text: "x" }, checkpoint: { checkpoint_ns: "nowhere:1" } }, 422, "nowhere"],
    [{ values: { text: "x" }, checkpoint: "latest" }, 422, "checkpoint: expected object"],
    [{ values: { text: "x" }, nonsense: 1 }, 422, "nonsense: unknown field"],
  ])("when it is %j", async (body: JsonObject, status, detail) => {
    const id = await echoed();
    const before = await stateOf(id);
    const answer = await update(id, body);
    expect([answer.status, answer.body.detail]).toEqual([status, expect.stringContaining(detail)]);
    expect(await stateOf(id)).toEqual(before);
    expect((await getThread(id)).status).toBe("idle");
  });
});

describe("a run from a checkpoint that is not there", () => {
  const unknown = crypto.randomUUID();

  it.each([
    [{ checkpoint_id: unknown }],
    [{ checkpoint: { checkpoint_id: unknown } }],
    [{ checkpoint: { checkpoint_id: unknown, checkpoint_ns: "inner:1" } }],
    [{ checkpoint_id: unknown, multitask_strategy: "rollback" }],
  ])("is refused as %j, however it is asked for", async (from) => {
    const id = await echoed();
    const before = await stateOf(id);
    for (const path of ["runs", "runs/wait", "runs/stream"]) {
      const fields = { assistant_id: "echo", input: { text: "b" }, ...from };
      const { status, body } = await call("POST", `/threads/${id}/${path}`, fields);
      expect([status, body.detail]).toEqual([404, `no checkpoint with the id ${unknown} on this thread`]);
    }
    expect(await stateOf(id)).toEqual(before);
    expect((await call<unknown[]>("GET", `/threads/${id}/runs`)).body).toHaveLength(1);
    expect((await getThread(id)).status).toBe("idle");
  });

  it("is refused when it is on another thread, and no thread is made for it", async () => {
    const { checkpoint_id: elsewhere } = (await stateOf(await echoed())).checkpoint;
    const fields = { assistant_id: "echo", input: { text: "b" }, checkpoint_id: elsewhere };
    expect((await call("POST", `/threads/${await echoed()}/runs`, fields)).status).toBe(404);
    const id = crypto.randomUUID();
    const made = await call("POST", `/threads/${id}/runs`, { ...fields, if_not_exists: "create" });
    expect(made.status).toBe(404);
    expect((await call("GET", `/threads/${id}`)).status).toBe(404);
  });
});

it("a run from a checkpoint that goes before its turn comes fails, and loses nothing", async () => {
  const { thread_id: id } = await createThread();
  const first = await createRun(id, { assistant_id: "echo", input: { text: "a" } });
  await joinRun(first);
  const { checkpoint_id: from } = (await stateOf(id)).checkpoint;
  const key = crypto.randomUUID();
  const second = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
  await gateReached(key);
  const third = await createRun(id, { assistant_id: "echo", input: { text: "b" }, checkpoint_id: from });
  await call("DELETE", `/threads/${id}/runs/${first.run_id}`);
  openGate(key);
  await joinRun(second);
  expect(await joinRun(third)).toMatchObject({
    __error__: { message: `no checkpoint with the id ${String(from)} on this thread` },
  });
  expect((await stateOf(id)).metadata).toMatchObject({ run_id: second.run_id });
});

describe("a state in the past", () => {
  it("is read by its id, or by its checkpoint, with subgraphs; an unknown one is 404", async () => {
    const id = await ran({ assistant_id: "nested", input: { question: "well?" } });
    const { checkpoint } = await stateOf(id);
    const read = (body: object): ReturnType<typeof call<WireState>> =>
      call<WireState>("POST", `/threads/${id}/state/checkpoint`, body);
    expect((await read({ checkpoint, subgraphs: true })).body.tasks).toMatchObject([
      { name: "inner", state: { values: { question: "well?" }, next: ["ask"] } },
    ]);
    await waitRun(id, { assistant_id: "nested", command: { resume: "fine" } });
    const byId = await stateOf(id, `/${checkpoint.checkpoint_id}`);
    expect(byId).toMatchObject({ values: { question: "well?" }, next: ["inner"], checkpoint });
    expect((await read({ checkpoint })).body).toEqual(byId);
    for (const deep of [
      await stateOf(id, `/${checkpoint.checkpoint_id}?subgraphs=true`),
      (await read({ checkpoint, subgraphs: true })).body,
    ]) {
      expect(deep.tasks).toMatchObject([{ name: "inner", state: { values: { question: "well?" } } }]);
    }
    const inner = byId.tasks[0]?.checkpoint as WireCheckpoint;
    expect((await read({ checkpoint: inner })).body.checkpoint.checkpoint_ns).toBe(inner.checkpoint_ns);
    expect((await read({ checkpoint: {} })).body).toEqual(await stateOf(id));

    for (const unknown of ["1f0f0000-0000-6000-8000-000000000000", crypto.randomUUID()]) {
      expect((await call("GET", `/threads/${id}/state/${unknown}`)).status).toBe(404);
      expect((await read({ checkpoint: { checkpoint_id: unknown } })).status).toBe(404);
    }
    expect((await call("GET", `/threads/${id}/state/nonsense`)).status).toBe(422);
    expect((await read({})).status).toBe(422);
  });
});
