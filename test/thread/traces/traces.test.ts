/** Traces of runs, which go to LangSmith when its variables are set. The client and the tracer are the real ones. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { Run } from "../../../src/wire/runs/run";
import {
  atClock,
  createCron,
  figuresOf,
  ringAt,
  runsOf,
  setClock,
  slotsOf,
  threadStub,
} from "../../support/crons";
import { call, create } from "../../support/edge";
import { langSmith } from "../../support/langsmith";
import { withAnswers } from "../../support/reports";
import { createThread, waitRun } from "../../support/threads";
import { until } from "../../support/until";

const DUE = "2040-01-01T15:27:00.000Z";
atClock("2040-01-01T00:00:00.000Z");
const server = langSmith();

describe("a trace", () => {
  it("of a cron's run is one, with the run's id, a name and the ids", async () => {
    const cron = await createCron({ metadata: { team: "sales" } });
    await ringAt(DUE, cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    const [root, ...others] = await server.traces(1);
    expect(others).toEqual([]);
    expect(root).toMatchObject({
      id: slot?.run_id,
      trace_id: slot?.run_id,
      name: "echo",
      session_name: "mornings",
    });
    expect(root?.inputs).toEqual({ text: "hello" });
    expect(root?.outputs).toMatchObject({ reply: "You said: hello" });
    expect(root?.extra.metadata).toMatchObject({
      cron_id: cron.cron_id,
      scheduled_for: DUE,
      team: "sales",
      run_id: slot?.run_id,
      thread_id: slot?.thread_id,
      assistant_id: cron.assistant_id,
      graph_id: "echo",
      run_attempt: 1,
    });
    expect(server.parts().map(({ trace_id: id }) => id)).toEqual(server.parts().map(() => slot?.run_id));
    expect([...server.keys]).toEqual(["lsv2_stand_in"]);
  });

  it.each([
    ["langgraph.json", { metadata: { declared_name: "mornings" } }, { name: "Reporter" }, "mornings"],
    ["the run", { config: { run_name: "morning report" } }, {}, "morning report"],
    ["the assistant", {}, { name: "Reporter" }, "Reporter"],
    ["the config of the assistant", {}, { name: "Reporter", config: { run_name: "reports" } }, "reports"],
  ])("has the name that %s gives", async (_who, fields, assistantFields, name) => {
    const { assistant_id: id } = await create(assistantFields);
    const cron = await createCron({ assistant_id: id, ...fields });
    await ringAt(DUE, cron.cron_id);
    const [root] = await server.traces(1);
    expect(root?.name).toBe(name);
  });

  it.each([
    ["on a thread", true],
    ["without one", false],
  ])("of a run %s has the ids", async (_where, onThread) => {
    const threadId = onThread ? (await createThread()).thread_id : null;
    await waitRun(threadId, { assistant_id: "echo", input: { text: "hello" } });
    const [root] = await server.traces(1);
    expect(root?.extra.metadata).toMatchObject({
      run_id: root?.id,
      thread_id: threadId ?? (expect.any(String) as string),
      graph_id: "echo",
    });
    expect(root?.extra.metadata).not.toHaveProperty("cron_id");
  });

  it("has all that the graph calls: functions of LangSmith, and other graphs", async () => {
    await waitRun(null, { assistant_id: "traced", input: { text: "hello" } });
    const [root] = await server.traces(1);
    expect(server.roots()).toHaveLength(1);
    const named = (name: string) => server.parts().find((part) => part.name === name);
    expect(named("shout")).toMatchObject({ trace_id: root?.id, parent_run_id: named("speak")?.id });
    expect(server.parts().filter(({ trace_id: id }) => id !== root?.id)).toEqual([]);
    expect(server.parts().filter(({ end_time: end }) => end === undefined)).toEqual([]);
  });

  it("is sent compressed to an endpoint that takes it so", async () => {
    server.info = { instance_flags: { gzip_body_enabled: true }, batch_ingest_config: { size_limit: -1 } };
    await waitRun((await createThread()).thread_id, { assistant_id: "echo", input: { text: "hello" } });
    expect(await server.traces(1)).toHaveLength(1);
  });

  it("of another attempt has an id of its own, and the same ids of the run", async () => {
    const cron = await createCron({
      assistant_id: "steps",
      max_attempts: 3,
      retry_delay_seconds: 60,
      input: { key: crypto.randomUUID(), fails: 1 },
    });
    await ringAt(DUE, cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    const run = async () => (await call<Run>("GET", `/threads/${slot?.thread_id}/runs/${slot?.run_id}`)).body;
    await until(async () => (await run()).attempts === 1 && (await run()).status === "pending");
    await server.traces(1);
    setClock("2040-01-01T15:29:00.000Z");
    await runDurableObjectAlarm(threadStub(slot?.thread_id ?? ""));
    const [first, second] = await server.traces(2);
    expect(first).toMatchObject({ id: slot?.run_id, error: expect.stringContaining("failure 1") as string });
    expect(second?.id).not.toBe(first?.id);
    expect(second?.trace_id).toBe(second?.id);
    expect(second?.dotted_order).toContain(second?.id);
    expect(second?.error).toBeUndefined();
    const ids = { run_id: slot?.run_id, cron_id: cron.cron_id, thread_id: slot?.thread_id };
    expect(first?.extra.metadata).toMatchObject({ ...ids, run_attempt: 1 });
    expect(second?.extra.metadata).toMatchObject({ ...ids, run_attempt: 2 });
    const below = server.parts().filter(({ parent_run_id: parent }) => parent === second?.id);
    expect(below.map(({ name }) => name)).toEqual(["two", "three"]);
  });

  it("of an update of a state has the id of the thread", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "echo", input: { text: "hello" } });
    await server.traces(1);
    await call("POST", `/threads/${id}/state`, { values: { text: "other" } });
    const [, update] = await server.traces(2);
    expect(update?.extra.metadata).toMatchObject({ thread_id: id, graph_id: "echo" });
  });
});

describe("an endpoint that", () => {
  it.each([
    ["hangs", "hangs"],
    ["breaks off", "breaks"],
    ["answers with 500", 500],
    ["answers with 404", 404],
    ["answers with 401", 401],
    ["answers with 429", 429],
    ["answers with garbage", "garbage"],
  ] as const)("%s holds up no run, no answer to the cron, and no webhook", async (_what, reply) => {
    server.reply = reply;
    withAnswers();
    const cron = await createCron({ webhook: "https://hook.example.com/", on_run_completed: "delete" });
    await ringAt(DUE, cron.cron_id);
    // The cron has got the end of the run as the answer to its firing, and D1 has the run.
    expect((await figuresOf(cron.cron_id)).runs).toMatchObject({ success: 1, error: 0 });
    expect(await runsOf(cron.cron_id)).toMatchObject([{ status: "success" }]);
    await until(() => server.elsewhere.includes("https://hook.example.com/"));
    const { thread_id: id } = await createThread();
    expect(await waitRun(id, { assistant_id: "echo", input: { text: "a" } })).toMatchObject({
      reply: "You said: a",
    });
  });

  it("refuses a trace is logged with the ids of the run, and without the key", async () => {
    const lines: string[] = [];
    for (const method of ["log", "warn", "error", "info", "debug"] as const) {
      vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
        lines.push(
          args.map((arg) => (arg instanceof Error ? `${arg.message} ${arg.stack}` : String(arg))).join(" "),
        );
      });
    }
    server.reply = 403;
    const cron = await createCron();
    await ringAt(DUE, cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    const refusal = () =>
      lines.find(
        (line) => line.includes("a request with a trace has failed") && line.includes(slot?.run_id ?? "?"),
      );
    await until(() => refusal() !== undefined);
    expect(JSON.parse(refusal() ?? "")).toMatchObject({
      cron_id: cron.cron_id,
      run_id: slot?.run_id,
      thread_id: slot?.thread_id,
      error: "LangSmith answered with 403",
    });
    expect(lines.join("\n")).not.toContain("lsv2_stand_in");
  });

  it("hangs for one object holds up no trace of another", async () => {
    server.reply = "hangs";
    await waitRun((await createThread()).thread_id, { assistant_id: "echo", input: { text: "a" } });
    await until(() => server.requests.length > 0);
    server.reply = 202;
    await waitRun((await createThread()).thread_id, { assistant_id: "echo", input: { text: "b" } });
    await until(() => server.roots().some(({ inputs }) => inputs?.text === "b"));
  });
});

describe("the variables", () => {
  const trace = async () =>
    waitRun((await createThread()).thread_id, { assistant_id: "echo", input: { text: "hello" } });

  it.each([["false"], [""]])("LANGSMITH_TRACING=%s: nothing is sent", async (value) => {
    vi.stubEnv("LANGSMITH_TRACING", value);
    expect((await call("GET", "/info")).body).toMatchObject({ flags: { langsmith: false } });
    await trace();
    vi.stubEnv("LANGSMITH_TRACING", "true");
    expect((await call("GET", "/info")).body).toMatchObject({ flags: { langsmith: true } });
    await trace();
    expect(await server.traces(1)).toHaveLength(1);
  });

  it("have their older names, too", async () => {
    for (const name of ["TRACING", "API_KEY", "ENDPOINT", "PROJECT"])
      vi.stubEnv(`LANGSMITH_${name}`, undefined);
    vi.stubEnv("LANGCHAIN_TRACING_V2", "true");
    vi.stubEnv("LANGCHAIN_API_KEY", "lsv2_older");
    vi.stubEnv("LANGCHAIN_ENDPOINT", server.endpoint);
    vi.stubEnv("LANGCHAIN_PROJECT", "evenings");
    await trace();
    expect((await server.traces(1))[0]).toMatchObject({ session_name: "evenings" });
    expect([...server.keys]).toEqual(["lsv2_older"]);
  });

  it.each([
    ["LANGSMITH_TRACING_SAMPLING_RATE", "7"],
    ["LANGSMITH_TRACING_MODE", "pigeon"],
    ["LANGSMITH_ENDPOINT", "not a URL"],
    ["LANGSMITH_TRACING_BACKGROUND", "false"],
    ["LANGCHAIN_CALLBACKS_BACKGROUND", "false"],
  ])("fail no run: %s=%s", async (name, value) => {
    server.reply = "hangs";
    withAnswers();
    // Nor where nothing is traced.
    for (const tracing of ["false", "true"]) {
      vi.stubEnv("LANGSMITH_TRACING", tracing);
      vi.stubEnv(name, value);
      expect(await trace()).toMatchObject({ reply: "You said: hello" });
    }
    const cron = await createCron({ assistant_id: "traced" });
    await ringAt(DUE, cron.cron_id);
    expect((await figuresOf(cron.cron_id)).runs).toMatchObject({ success: 1 });
  });
});
