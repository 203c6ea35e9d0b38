/** The code of the documentation's page on cron jobs, by the official clients, unchanged. */
import { describe, expect, it } from "vitest";
import { assistantIdOf } from "../../src/d1/assistants-table";
import type { Run } from "../../src/wire/runs/run";
import { atClock, ringAt, setClock, settled, slotsOf } from "../support/crons";
import { call } from "../support/edge";
import { gateReached, openGate } from "../support/graphs/steps";
import { SDKS } from "../support/sdk";

const question = { messages: [{ role: "user", content: "What time is it?" }] };
const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

atClock("2040-01-01T00:00:00.000Z");

/** The search that the page shows as `runs.search`, which the clients do not have. */
const searchRuns = async (metadata: object): Promise<Run[]> =>
  (await call<Run[]>("POST", "/runs/search", { metadata })).body;

describe.each(SDKS)("SDK %s", (version, makeClient) => {
  const client = makeClient();
  const assistantId = "agent";

  it("sets up: assistants and a thread", async () => {
    const assistants = await client.assistants.search({ limit: 100, offset: 0 });
    expect(assistants.find((assistant) => assistant.graph_id === "agent")).toEqual({
      assistant_id: assistantIdOf("agent"),
      graph_id: "agent",
      name: "agent",
      description: null,
      config: {},
      context: {},
      metadata: { created_by: "system" },
      version: 1,
      created_at: TIME,
      updated_at: TIME,
    });
    const thread = await client.threads.create();
    expect(thread).toEqual({
      thread_id: UUID,
      created_at: "2040-01-01T00:00:00.000Z",
      updated_at: "2040-01-01T00:00:00.000Z",
      metadata: {},
      status: "idle",
      config: {},
      values: null,
      interrupts: {},
      error: null,
    });
  });

  it("a cron job on a thread: made, fired, found, deleted", async () => {
    const thread = await client.threads.create();
    const job = await client.crons.createForThread(thread.thread_id, assistantId, {
      schedule: "27 15 * * *",
      input: question,
    });
    expect(job).toMatchObject({
      cron_id: UUID,
      thread_id: thread.thread_id,
      assistant_id: assistantIdOf("agent"),
      schedule: "27 15 * * *",
      next_run_date: "2040-01-01T15:27:00.000Z",
      payload: { input: question, multitask_strategy: "enqueue" },
    });
    await ringAt("2040-01-01T15:27:00.000Z", job.cron_id);
    await settled((await slotsOf(job.cron_id))[0]);
    const [run, ...others] = await client.runs.list(thread.thread_id);
    expect(others).toEqual([]);
    expect(run).toMatchObject({ status: "success", metadata: { cron_id: job.cron_id } });
    expect(await searchRuns({ cron_id: job.cron_id })).toEqual([run]);
    const { values } = await client.threads.getState<{ messages: { type: string; content: string }[] }>(
      thread.thread_id,
    );
    expect(values.messages[0]).toMatchObject({ type: "human", content: "What time is it?" });
    expect(values.messages.at(-1)).toMatchObject({ type: "ai" });
    await client.crons.delete(job.cron_id);
    expect(await client.crons.search({ threadId: thread.thread_id })).toEqual([]);
  });

  it("a stateless cron job: each firing has its own thread, which goes", async () => {
    const job = await client.crons.create(assistantId, { schedule: "27 15 * * *", input: question });
    expect(job).toMatchObject({ cron_id: UUID, thread_id: null, on_run_completed: "delete" });
    await ringAt("2040-01-01T15:27:00.000Z", job.cron_id);
    await settled((await slotsOf(job.cron_id))[0]);
    const [run] = await searchRuns({ cron_id: job.cron_id });
    expect(run?.status).toBe("success");
    await expect(client.threads.get(run?.thread_id ?? "")).rejects.toMatchObject({ status: 404 });
    await client.crons.delete(job.cron_id);
    await expect(client.crons.delete(job.cron_id)).rejects.toMatchObject({ status: 404 });
  });

  it("keeps the threads for later, when asked to", async () => {
    const job = await client.crons.create(assistantId, {
      schedule: "27 15 * * *",
      input: { messages: [{ role: "user", content: "Daily report" }] },
      onRunCompleted: "keep",
    });
    await ringAt("2040-01-01T15:27:00.000Z", job.cron_id);
    await settled((await slotsOf(job.cron_id))[0]);
    const [run] = await searchRuns({ cron_id: job.cron_id });
    const thread = await client.threads.get(run?.thread_id ?? "");
    expect(thread).toMatchObject({ status: "idle", metadata: { cron_id: job.cron_id } });
    expect(await client.runs.get(thread.thread_id, run?.run_id ?? "")).toEqual(run);
  });

  it("finds, counts and changes cron jobs", async () => {
    const metadata = { sdk: version };
    const job = await client.crons.create("echo", {
      schedule: "0 8 * * 1",
      input: { text: "a" },
      metadata,
      config: { tags: ["t"], configurable: { a: 1 } },
      interruptBefore: ["no-such-node"],
      webhook: "https://hook.example/",
      ...({
        timezone: "Europe/Berlin",
        endTime: "2041-01-01T00:00:00Z",
        enabled: true,
        streamMode: "values",
      } as object),
    });
    expect(job).toMatchObject({
      metadata,
      payload: { config: { tags: ["t"] }, interrupt_before: ["no-such-node"] },
    });
    const found = await client.crons.search({
      assistantId: assistantIdOf("echo"),
      limit: 5,
      offset: 0,
      sortBy: "created_at",
      sortOrder: "desc",
    });
    expect(found).toEqual([job]);
    expect(await client.crons.search({ assistantId: assistantIdOf("echo"), select: ["cron_id"] })).toEqual([
      { cron_id: job.cron_id },
    ]);
    expect(await client.crons.count({ assistantId: assistantIdOf("echo") })).toBe(1);
    expect(await client.crons.count({ threadId: crypto.randomUUID() })).toBe(0);

    const updated = await client.crons.update(job.cron_id, {
      schedule: "0 9 * * *",
      input: { text: "b" },
      enabled: false,
      metadata: { more: 1 },
    });
    expect(updated).toMatchObject({
      cron_id: job.cron_id,
      schedule: "0 9 * * *",
      enabled: false,
      next_run_date: null,
      metadata: { ...metadata, more: 1 },
      payload: { input: { text: "b" }, config: { tags: ["t"] } },
    });
    expect(await client.crons.search({ metadata, enabled: false } as object)).toEqual([updated]);
    await client.crons.delete(job.cron_id);
    expect(await client.crons.count({ assistantId: assistantIdOf("echo") })).toBe(0);
  });

  it("runs: made, awaited, listed, joined, cancelled, deleted", async () => {
    const { thread_id: threadId } = await client.threads.create({ metadata: { sdk: version } });
    const created: string[] = [];
    const run = await client.runs.create(threadId, "echo", {
      input: { text: "a" },
      metadata: { mine: 1 },
      onRunCreated: ({ run_id: id }: { run_id: string }) => created.push(id),
    });
    expect(run).toMatchObject({
      run_id: UUID,
      thread_id: threadId,
      status: "pending",
      metadata: { mine: 1 },
    });
    expect(created).toEqual([run.run_id]);
    expect(await client.runs.join(threadId, run.run_id)).toMatchObject({ reply: "You said: a" });
    expect(await client.runs.get(threadId, run.run_id)).toMatchObject({
      run_id: run.run_id,
      status: "success",
    });
    setClock("2040-01-01T00:00:30.000Z");
    expect(await client.runs.wait(threadId, "echo", { input: { text: "b" } })).toMatchObject({
      seen: ["a", "b"],
    });
    expect(await client.runs.wait(null, "echo", { input: { text: "c" } })).toMatchObject({ seen: ["c"] });
    setClock("2040-01-01T00:01:00.000Z");
    await expect(client.runs.wait(threadId, "fails", { input: { message: "broken" } })).rejects.toThrow(
      "Error: broken",
    );
    setClock("2040-01-01T00:02:00.000Z");
    const told = await client.runs.wait(threadId, "fails", {
      input: { message: "broken" },
      raiseError: false,
    });
    expect(told).toEqual({ __error__: { error: "Error", message: "broken" } });
    expect((await client.runs.list(threadId, { limit: 2, offset: 1 })).map((item) => item.status)).toEqual([
      "error",
      "success",
    ]);
    expect(await client.runs.list(threadId, { status: "error" })).toHaveLength(2);

    const key = crypto.randomUUID();
    const long = await client.runs.create(threadId, "steps", { input: { key, gate: key } });
    await gateReached(key);
    await client.runs.cancel(threadId, long.run_id, true);
    expect((await client.runs.get(threadId, long.run_id)).status).toBe("interrupted");
    openGate(key);
    await client.runs.delete(threadId, long.run_id);
    await expect(client.runs.get(threadId, long.run_id)).rejects.toMatchObject({ status: 404 });
  });

  it("threads: changed, found, counted, their state and history, deleted", async () => {
    const metadata = { sdk: version, test: "threads" };
    const { thread_id: id } = await client.threads.create({ metadata, graphId: "echo", ifExists: "raise" });
    await expect(client.threads.create({ threadId: id, ifExists: "raise" })).rejects.toMatchObject({
      status: 409,
    });
    expect(await client.threads.create({ threadId: id, ifExists: "do_nothing" })).toMatchObject({
      thread_id: id,
    });
    await client.runs.wait(id, "echo", { input: { text: "a" } });
    await client.runs.wait(id, "echo", { input: { text: "b" } });
    const updated = await client.threads.update(id, { metadata: { more: 1 } });
    expect(updated).toMatchObject({ metadata: { ...metadata, more: 1, graph_id: "echo" } });
    const found = await client.threads.search({
      metadata,
      status: "idle",
      limit: 5,
      sortBy: "updated_at",
      sortOrder: "desc",
    });
    expect(found).toEqual([await client.threads.get(id)]);
    expect(await client.threads.search({ metadata, ids: [id], select: ["thread_id"] })).toEqual([
      { thread_id: id },
    ]);
    expect(await client.threads.count({ metadata, values: { text: "b" } })).toBe(1);
    const state = await client.threads.getState(id);
    expect(state).toMatchObject({
      values: { seen: ["a", "b"] },
      next: [],
      tasks: [],
      checkpoint: { thread_id: id, checkpoint_id: UUID, checkpoint_ns: "" },
      created_at: TIME,
    });
    const history = await client.threads.getHistory(id, { limit: 3 });
    expect(history).toHaveLength(3);
    expect(history[0]).toEqual(state);
    const before = await client.threads.getHistory(id, {
      limit: 3,
      before: { configurable: state.checkpoint },
    });
    expect(before[0]).toEqual(history[1]);
    await client.threads.delete(id);
    await expect(client.threads.getState(id)).rejects.toMatchObject({ status: 404 });
  });

  it("an interrupted thread is resumed", async () => {
    const { thread_id: id } = await client.threads.create();
    await client.runs.wait(id, "interrupts", { input: { question: "well?" } });
    const thread = await client.threads.get(id);
    expect(thread.status).toBe("interrupted");
    expect(Object.values(thread.interrupts)[0]).toMatchObject([{ value: { question: "well?" } }]);
    expect(await client.runs.wait(id, "interrupts", { command: { resume: "fine" } })).toMatchObject({
      answer: "fine",
    });
  });
});
