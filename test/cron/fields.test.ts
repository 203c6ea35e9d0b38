/** Every field that a cron can have: answered as it was given, kept in its payload, and heeded by the runs that it makes. */
import { describe, expect, it } from "vitest";
import { assistantIdOf } from "../../src/d1/assistants-table";
import type { JsonObject } from "../../src/platform/json";
import type { Cron } from "../../src/wire/crons/cron";
import type { Run } from "../../src/wire/runs/run";
import type { Thread } from "../../src/wire/threads/thread";
import { atClock, createCron, getCron, ringAt, runsOf, settled, slotsOf } from "../support/crons";
import { call, create } from "../support/edge";
import type { Seen } from "../support/graphs/seen";
import { storedCounts } from "../support/stored";
import { createThread } from "../support/threads";

atClock("2040-01-01T00:00:00.000Z");

/** What a run is made of, in full. */
const PAYLOAD = {
  input: { text: "hi", list: [1, { a: null }] },
  config: { tags: ["t"], recursion_limit: 9, configurable: { a: 1 } },
  context: { tone: "dry" },
  webhook: "https://hook.example/hook?a=1",
  interrupt_before: ["two"],
  interrupt_after: "*",
  stream_mode: ["values", "updates"],
  stream_subgraphs: true,
  stream_resumable: true,
  durability: "sync",
} as const;

async function fired(cron: Cron): Promise<Run> {
  await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
  const [slot] = await slotsOf(cron.cron_id);
  await settled(slot);
  const [run] = await runsOf(cron.cron_id);
  if (run === undefined) throw new Error("the cron made no run");
  return run;
}

const threadCron = async (threadId: string, fields: object = {}): Promise<Cron> => {
  const body = { assistant_id: "echo", schedule: "27 15 * * *", ...fields };
  const answer = await call<Cron>("POST", `/threads/${threadId}/runs/crons`, body);
  expect(answer.status).toBe(200);
  return answer.body;
};

describe("a cron", () => {
  it("with the least that it needs has every field", async () => {
    const cron = await createCron({ input: undefined });
    expect(cron).toEqual({
      cron_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      assistant_id: assistantIdOf("echo"),
      thread_id: null,
      on_run_completed: "delete",
      end_time: null,
      schedule: "27 15 * * *",
      timezone: null,
      created_at: "2040-01-01T00:00:00.000Z",
      updated_at: "2040-01-01T00:00:00.000Z",
      user_id: null,
      payload: { assistant_id: assistantIdOf("echo") },
      next_run_date: "2040-01-01T15:27:00.000Z",
      metadata: {},
      enabled: true,
      note: null,
      catchup: "latest",
      catchup_window_seconds: 86_400,
      jitter_seconds: 0,
      max_attempts: 1,
      retry_delay_seconds: 30,
      run_timeout_seconds: null,
      pause_after_failures: null,
      alert_webhook: null,
      max_runs: null,
      max_tokens_per_day: null,
      max_tokens_per_month: null,
      keep_threads: null,
      thread_ttl: null,
      history_limit: 10_000,
    });
    expect(await getCron(cron.cron_id)).toEqual(cron);
    // A graph that is given nothing has nothing to do, and says so.
    expect(await fired(cron)).toMatchObject({
      status: "error",
      error: { error: "EmptyInputError" },
      kwargs: { durability: "async", context: {} },
    });
  });

  it("with every field has them all, and so has its run", async () => {
    const cron = await createCron({
      ...PAYLOAD,
      timezone: "Europe/Berlin",
      end_time: "2041-01-31T00:00:00+02:00",
      metadata: { team: "ops" },
      on_run_completed: "keep",
      multitask_strategy: "reject",
      enabled: true,
    });
    expect(cron).toMatchObject({
      timezone: "Europe/Berlin",
      end_time: "2041-01-30T22:00:00.000Z",
      metadata: { team: "ops" },
      on_run_completed: "keep",
      next_run_date: "2040-01-01T14:27:00.000Z",
      payload: { ...PAYLOAD, multitask_strategy: "reject" },
    });
    await ringAt("2040-01-01T14:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    const [run] = await runsOf(cron.cron_id);
    const { config, ...kept } = PAYLOAD;
    expect(run).toMatchObject({
      multitask_strategy: "reject",
      metadata: { team: "ops", cron_id: cron.cron_id, scheduled_for: "2040-01-01T14:27:00.000Z" },
      kwargs: { ...kept, config: { ...config, configurable: { a: 1, thread_id: slot?.thread_id } } },
    });
  });

  it("null counts as not given", async () => {
    const fields = Object.keys(PAYLOAD).map((field): [string, null] => [field, null]);
    const cron = await createCron({
      ...Object.fromEntries(fields),
      timezone: null,
      end_time: null,
      metadata: null,
    });
    expect(cron).toMatchObject({ payload: { assistant_id: cron.assistant_id }, metadata: {}, enabled: true });
    expect(Object.keys(cron.payload)).toEqual(["assistant_id"]);
  });

  it("gives its config and context to the graph, over those of its assistant as it is then", async () => {
    const assistant = await create({
      graph_id: "seen",
      config: { configurable: { a: 1, b: 1 } },
      context: { c: 1, d: 1 },
    });
    const cron = await createCron({
      assistant_id: assistant.assistant_id,
      config: { tags: ["cron"], configurable: { b: 2 } },
      context: { d: 2 },
      on_run_completed: "keep",
    });
    await call("PATCH", `/assistants/${assistant.assistant_id}`, {
      config: { configurable: { a: 9, b: 9 } },
    });
    const run = await fired(cron);
    const thread = (await call<Thread>("GET", `/threads/${run.thread_id}`)).body;
    const { seen } = thread.values as { seen: Seen };
    expect(seen).toMatchObject({
      configurable: { a: 9, b: 2, thread_id: run.thread_id },
      context: { c: 1, d: 2 },
      tags: ["cron"],
      metadata: { cron_id: cron.cron_id },
    });
  });

  it("interrupts its runs where it says, and keeps the thread that waits", async () => {
    const cron = await createCron({ assistant_id: "steps", input: {}, interrupt_before: ["two"] });
    const run = await fired(cron);
    expect((await call<Thread>("GET", `/threads/${run.thread_id}`)).body).toMatchObject({
      status: "interrupted",
      values: { trail: ["one"] },
    });
  });

  it("patched in every field has them all, and so has its next run", async () => {
    const cron = await createCron({ metadata: { a: 1 } });
    const { status, body } = await call<Cron>("PATCH", `/runs/crons/${cron.cron_id}`, {
      ...PAYLOAD,
      schedule: "30 15 * * *",
      timezone: "UTC",
      end_time: "2050-01-01T00:00:00Z",
      metadata: { b: 2 },
      on_run_completed: "keep",
      enabled: true,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      schedule: "30 15 * * *",
      timezone: "UTC",
      end_time: "2050-01-01T00:00:00.000Z",
      metadata: { a: 1, b: 2 },
      on_run_completed: "keep",
      next_run_date: "2040-01-01T15:30:00.000Z",
      payload: PAYLOAD,
    });
    await ringAt("2040-01-01T15:30:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    expect((await runsOf(cron.cron_id))[0]?.kwargs).toMatchObject({
      input: PAYLOAD.input,
      durability: "sync",
    });
    expect((await call("GET", `/threads/${slot?.thread_id}`)).status).toBe(200);
  });
});

describe("a cron on a thread", () => {
  it("runs there each time, and finds what was left", async () => {
    const { thread_id: id } = await createThread();
    const cron = await threadCron(id.toUpperCase(), { input: { text: "a" } });
    expect(cron).toMatchObject({
      thread_id: id,
      on_run_completed: null,
      payload: { multitask_strategy: "enqueue", input: { text: "a" } },
    });
    await fired(cron);
    await ringAt("2040-01-02T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    expect((await call<Thread>("GET", `/threads/${id}`)).body.values).toMatchObject({ seen: ["a", "a"] });
    expect((await call<Run[]>("GET", `/threads/${id}/runs`)).body).toHaveLength(2);
    expect(await threadCron(id, { multitask_strategy: "reject", on_run_completed: "keep" })).toMatchObject({
      payload: { multitask_strategy: "reject" },
    });
  });

  it("answers 422 to a patch of on_run_completed: the thread is not the cron's", async () => {
    const { thread_id: id } = await createThread();
    const cron = await threadCron(id);
    const answer = await call("PATCH", `/runs/crons/${cron.cron_id}`, { on_run_completed: "delete" });
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toMatch(/^on_run_completed: /);
    expect(await getCron(cron.cron_id)).toEqual(cron);
    const kept = await call<Cron>("PATCH", `/runs/crons/${cron.cron_id}`, { on_run_completed: "keep" });
    expect(kept.body).toMatchObject({ on_run_completed: null });
  });
});

it("an unknown assistant or thread is 404, and nothing is stored", async () => {
  const { thread_id: id } = await createThread();
  const before = await storedCounts();
  const good = { assistant_id: "echo", schedule: "27 15 * * *" };
  for (const [path, fields] of [
    ["/runs/crons", { ...good, assistant_id: crypto.randomUUID() }],
    ["/runs/crons", { ...good, assistant_id: "no-such-graph" }],
    [`/threads/${id}/runs/crons`, { ...good, assistant_id: "no-such-graph" }],
    [`/threads/${crypto.randomUUID()}/runs/crons`, good],
  ] as const) {
    const answer = await call<JsonObject>("POST", path, fields);
    expect(answer.status).toBe(404);
    expect(answer.body.detail).toMatch(/^(No assistant found for|no thread) /);
  }
  expect(await storedCounts()).toEqual(before);
});
