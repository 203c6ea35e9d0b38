/** The official clients' methods for runs: every one that sdk.test.ts does not have yet. */
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import { countingFetch } from "../support/edge";
import { executionsOf, gateReached, openGate } from "../support/graphs/steps";
import { until } from "../support/until";
import { assistantIdOf } from "../../src/d1/assistants-table";
import { all, type Part, sdkOptions, SDKS } from "../support/sdk";

const ask = { messages: [{ role: "user", content: "What time is it?" }] };

const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;

interface Created {
  run_id: string;
  thread_id?: string;
}

const names = (parts: Part[]): Set<string> => new Set(parts.map(({ event }) => event));

describe.each(SDKS)("SDK %s", (_, makeClient) => {
  const { runs, threads } = makeClient();

  it.each([
    ["values", "echo", ["values"]],
    ["updates", "echo", ["updates"]],
    ["debug", "echo", ["debug"]],
    ["tasks", "echo", ["tasks"]],
    ["checkpoints", "echo", ["checkpoints"]],
    ["messages", "agent", ["messages/metadata", "messages/partial", "messages/complete"]],
    ["messages-tuple", "agent", ["messages"]],
    ["events", "agent", ["events"]],
    ["custom", "echo", []],
    ["tools", "echo", []],
  ] as const)("runs.stream in the mode %s", async (streamMode, graphId, events) => {
    const created: Created[] = [];
    const input: Record<string, unknown> = graphId === "echo" ? { text: "a" } : ask;
    const parts = await all(
      runs.stream(null, graphId, {
        input,
        // The clients' types lack some.
        streamMode: streamMode as "values",
        onRunCreated: (run: Created) => created.push(run),
      }),
    );
    expect(names(parts)).toEqual(new Set(["metadata", ...events]));
    expect(created).toEqual([{ run_id: (parts[0]?.data as Created).run_id, thread_id: UUID }]);
    const ids = parts.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  });

  it("runs.stream on a thread, in several modes at once, with subgraphs", async () => {
    const { thread_id: threadId } = await threads.create();
    const created: Created[] = [];
    const parts = await all(
      runs.stream(threadId, "subgraphs", {
        input: { text: " a b " },
        streamMode: ["values", "updates"],
        streamSubgraphs: true,
        onRunCreated: (run: Created) => created.push(run),
      }),
    );
    const modes = new Set([...names(parts)].map((name) => name.split("|")[0]));
    expect(modes).toEqual(new Set(["metadata", "values", "updates"]));
    expect([...names(parts)].some((name) => /^updates\|middle:[0-9a-f-]+\|typed:/.test(name))).toBe(true);
    expect(parts.findLast(({ event }) => event === "values")?.data).toEqual({ text: "a b" });
    expect(created).toMatchObject([{ thread_id: threadId }]);
    expect(await runs.get(threadId, created[0]?.run_id ?? "")).toMatchObject({ status: "success" });
  });

  it("runs.stream of a run that fails, and that interrupts", async () => {
    const failed = await all(runs.stream(null, "fails", { input: { message: "broken" } }));
    expect(failed.at(-1)).toMatchObject({ event: "error", data: { error: "Error", message: "broken" } });

    const { thread_id: threadId } = await threads.create();
    const asked = await all(
      runs.stream(threadId, "interrupts", { input: { question: "well?" }, streamMode: "updates" }),
    );
    expect(asked.at(-1)?.data).toMatchObject({ __interrupt__: [{ value: { question: "well?" } }] });
    const answered = await all(
      runs.stream(threadId, "interrupts", { command: { resume: "fine" }, streamMode: "values" }),
    );
    expect(answered.at(-1)?.data).toEqual({ question: "well?", answer: "fine" });
  });

  it("runs.stream stopped by the client's signal stops the run", async () => {
    const key = crypto.randomUUID();
    const { thread_id: threadId } = await threads.create();
    const controller = new AbortController();
    const created: Created[] = [];
    const reading = all(
      runs.stream(threadId, "steps", {
        input: { key, gate: key },
        signal: controller.signal,
        onRunCreated: (run: Created) => created.push(run),
      }),
    );
    await gateReached(key);
    await until(() => created.length === 1);
    controller.abort();
    await reading.catch(() => undefined);
    const runId = created[0]?.run_id ?? "";
    await runs.join(threadId, runId);
    expect((await runs.get(threadId, runId)).status).toBe("interrupted");
    expect(executionsOf(key, "three")).toBe(0);
  });

  it("runs.wait stopped by the client's signal stops the run", async () => {
    const key = crypto.randomUUID();
    const { thread_id: threadId } = await threads.create();
    const controller = new AbortController();
    const waiting = runs.wait(threadId, "steps", { input: { key, gate: key }, signal: controller.signal });
    await gateReached(key);
    controller.abort();
    await expect(waiting).rejects.toThrow();
    await expect.poll(async () => (await runs.list(threadId))[0]?.status).toBe("interrupted");
  });

  it("runs.joinStream, from any event on", async () => {
    const key = crypto.randomUUID();
    const { thread_id: threadId } = await threads.create();
    const run = await runs.create(threadId, "steps", {
      input: { key, gate: key },
      streamMode: ["values", "updates"],
      streamResumable: true,
    });
    await gateReached(key);
    const live = all(runs.joinStream(threadId, run.run_id, { lastEventId: "-1" }));
    const updates = all(runs.joinStream(threadId, run.run_id, { streamMode: "updates", lastEventId: "-1" }));
    openGate(key);
    const whole = await live;
    expect(whole.map(({ event }) => event)).toEqual([
      ...["metadata", "values", "updates", "values", "updates", "values", "updates", "values"],
    ]);
    expect((await updates).filter(({ event }) => event !== "metadata")).toEqual(
      whole.filter(({ event }) => event === "updates"),
    );
    for (const [i, { id }] of whole.entries()) {
      expect(await all(runs.joinStream(threadId, run.run_id, { lastEventId: id ?? "" }))).toEqual(
        whole.slice(i + 1),
      );
    }
    // By the run's id alone, and with the form that older callers use.
    expect(await all(runs.joinStream(null, run.run_id, { lastEventId: "-1" }))).toEqual(whole);
    expect(await all(runs.joinStream(threadId, run.run_id, new AbortController().signal))).toEqual([]);
  });

  it("runs.joinStream, left by the last who cares, stops the run when told to", async () => {
    const key = crypto.randomUUID();
    const { thread_id: threadId } = await threads.create();
    const run = await runs.create(threadId, "steps", { input: { key, gate: key } });
    await gateReached(key);
    const controller = new AbortController();
    const { fetch: fetcher, answers } = countingFetch();
    const leaving = makeClient(fetcher).runs;
    const reading = all(
      leaving.joinStream(threadId, run.run_id, { cancelOnDisconnect: true, signal: controller.signal }),
    );
    await until(() => answers() === 1);
    controller.abort();
    await reading.catch(() => undefined);
    await runs.join(threadId, run.run_id);
    expect((await runs.get(threadId, run.run_id)).status).toBe("interrupted");
  });

  it("runs.createBatch makes each, with all that its payload says", async () => {
    const mine = crypto.randomUUID();
    const made = await runs.createBatch([
      { assistantId: "echo", input: { text: "a" }, metadata: { mine } },
      {
        assistantId: "steps",
        input: {},
        metadata: { mine },
        interruptAfter: ["one"],
        streamMode: ["values"],
        multitaskStrategy: "enqueue",
        ifNotExists: "create",
        // Sent as they are, though the one is the client's own and of the other the types know nothing.
        ...({ signal: new AbortController().signal, onCompletion: "keep" } as object),
      },
    ]);
    expect(made).toMatchObject([
      { assistant_id: assistantIdOf("echo"), metadata: { mine }, status: "pending" },
      { assistant_id: assistantIdOf("steps"), metadata: { mine }, status: "pending" },
    ]);
    const [, second] = made;
    expect(await runs.join(second?.thread_id ?? "", second?.run_id ?? "")).toMatchObject({ trail: ["one"] });
    expect(await threads.get(second?.thread_id ?? "")).toMatchObject({ status: "interrupted" });
    await expect(
      runs.createBatch([{ assistantId: "echo", inptu: {} } as { assistantId: string }]),
    ).rejects.toMatchObject({ status: 422, message: expect.stringContaining("0.inptu") as string });
  });
});

it("SDK 1.15: runs.cancelMany stops those that were meant", async () => {
  const { runs, threads } = new Client(sdkOptions());
  const begun = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const key = crypto.randomUUID();
      const { thread_id: threadId } = await threads.create();
      const run = await runs.create(threadId, "steps", { input: { key, gate: key } });
      await gateReached(key);
      return { key, threadId, runId: run.run_id };
    }),
  );
  const [byId, byThread, rolledBack] = begun;
  if (byId === undefined || byThread === undefined || rolledBack === undefined) throw new Error("no runs");
  await runs.cancelMany({ threadId: byId.threadId, runIds: [byId.runId] });
  await runs.cancelMany({ threadId: byThread.threadId, status: "running", action: "interrupt" });
  await runs.join(byId.threadId, byId.runId);
  await runs.join(byThread.threadId, byThread.runId);
  expect((await runs.get(byId.threadId, byId.runId)).status).toBe("interrupted");
  expect((await runs.get(byThread.threadId, byThread.runId)).status).toBe("interrupted");
  expect((await runs.get(rolledBack.threadId, rolledBack.runId)).status).toBe("running");
  await runs.cancelMany({
    threadId: rolledBack.threadId,
    runIds: [rolledBack.runId],
    action: "rollback",
  });
  await expect.poll(async () => runs.get(rolledBack.threadId, rolledBack.runId).catch(() => null)).toBeNull();
});
