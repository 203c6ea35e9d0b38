/** `select` when states are read: by every way to read them, through the SDK as through the edge. */
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import type { WireState } from "../../../src/wire/threads/state";
import { call } from "../../support/edge";
import { sdkOptions } from "../../support/sdk";
import { createRun, createThread, joinRun, waitRun } from "../../support/threads";

const { threads } = new Client(sdkOptions());

/** A thread with a run of "echo", whose values are `text`, `seen` and `reply`. */
async function echoed(): Promise<string> {
  const { thread_id: id } = await createThread();
  await waitRun(id, { assistant_id: "echo", input: { text: "a" } });
  return id;
}

const stateOf = async (id: string, query = ""): Promise<WireState> =>
  (await call<WireState>("GET", `/threads/${id}/state${query}`)).body;

describe("select", () => {
  it("narrows the latest state", async () => {
    const id = await echoed();
    const whole = await stateOf(id);
    expect(await stateOf(id, "?select=next")).toEqual({ next: [] });
    expect(await stateOf(id, "?select=values&select=metadata")).toEqual({
      values: whole.values,
      metadata: whole.metadata,
    });
    expect(await stateOf(id, "?select=values.text,created_at")).toEqual({
      values: { text: "a" },
      created_at: whole.created_at,
    });
    const { checkpoint, parent_checkpoint, tasks, interrupts } = whole;
    expect(await threads.getState(id, undefined, { select: ["checkpoint", "parent_checkpoint"] })).toEqual({
      checkpoint,
      parent_checkpoint,
    });
    expect(await threads.getState(id, undefined, { select: ["tasks", "interrupts"] })).toEqual({
      tasks,
      interrupts,
    });
  });

  it("takes single values, all of them with `values`, and none that are not there", async () => {
    const id = await echoed();
    const valuesOf = async (...select: (`values.${string}` | "values")[]): Promise<unknown> =>
      threads.getState(id, undefined, { select });
    expect(await valuesOf("values.text", "values.seen")).toEqual({ values: { text: "a", seen: ["a"] } });
    expect(await valuesOf("values.text", "values")).toEqual({ values: (await stateOf(id)).values });
    expect(await valuesOf("values.none", "values.constructor")).toEqual({ values: {} });
  });

  it("narrows a state in the past, by its id and by its checkpoint, and the history", async () => {
    const id = await echoed();
    const history = await threads.getHistory(id);
    const [last] = history;
    const { checkpoint_id: checkpointId = "" } = last?.checkpoint as { checkpoint_id?: string };
    const select = ["values.reply" as const];
    const narrow = { values: { reply: "You said: a" } };
    expect(await threads.getState(id, checkpointId, { select })).toEqual(narrow);
    expect(await threads.getState(id, last?.checkpoint, { select })).toEqual(narrow);
    expect(await threads.getHistory(id, { select })).toEqual([narrow, { values: {} }, { values: {} }]);
    expect((await call("GET", `/threads/${id}/history?limit=2&select=next`)).body).toEqual([
      { next: [] },
      { next: ["echo"] },
    ]);
  });

  it("tells what a thread waits for", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "interrupts", input: { question: "well?" } });
    const state = await stateOf(id, "?select=interrupts");
    expect(state).toEqual({
      interrupts: [{ id: expect.any(String) as string, value: { question: "well?" } }],
    });
  });

  it("works on a thread without a run", async () => {
    const { thread_id: id } = await createThread();
    expect(await stateOf(id, "?select=values.a&select=next")).toEqual({ values: {}, next: [] });
  });

  it("reads a small value of a state that is too large to be sent", async () => {
    const { thread_id: id } = await createThread();
    await joinRun(await createRun(id, { assistant_id: "large", input: { megabytes: 20 } }));
    await joinRun(await createRun(id, { assistant_id: "large", input: { megabytes: 11 } }));
    expect((await call("GET", `/threads/${id}/state`)).status).toBe(413);
    const { values } = await stateOf(id, "?select=values.megabytes");
    expect(values).toEqual({ megabytes: 11 });
  });

  it.each(["nonsense", "values.", "value", "Values", "thread_id", ""])("is refused as %j", async (field) => {
    const id = await echoed();
    const expected = "select.0: expected a field of a state, or values.<key>";
    const { checkpoint } = await stateOf(id);
    const answers = await Promise.all([
      call("GET", `/threads/${id}/state?select=${field}`),
      call("GET", `/threads/${id}/state/${String(checkpoint.checkpoint_id)}?select=${field}`),
      call("POST", `/threads/${id}/state/checkpoint`, { checkpoint, select: [field] }),
      call("GET", `/threads/${id}/history?select=${field}`),
      call("POST", `/threads/${id}/history`, { select: [field] }),
    ]);
    for (const { status, body } of answers) expect([status, body.detail]).toEqual([422, expected]);
  });
});
