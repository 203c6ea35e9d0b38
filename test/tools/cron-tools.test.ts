/** The tools for crons inside a graph: who it plans for, and that it does not plan without end. */
import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { cronTools } from "edgecron/tools";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { beforeEach, describe, expect, it } from "vitest";
import { planCrons } from "../../src/calls/cron-planning";
import type { ToolAnswer } from "../../src/tools/running";
import type { Cron } from "../../src/wire/crons/cron";
import { callAs, owners, restoreAuthAfterEach, useAuth } from "../support/auth";
import { atClock, createCron, cronStub, ended, getCron, ringAt, setClock, slotsOf } from "../support/crons";
import { call } from "../support/edge";
import { planning, type PlannedCall } from "../support/graphs/plans";
import { createThread } from "../support/threads";

atClock("2040-01-01T00:00:00.000Z");
restoreAuthAfterEach();

interface Message {
  type: string;
  content: string;
  status?: string;
}

/** What the tools said in the last run of the messages, one text for each call. */
const toldIn = ({ messages }: { messages: Message[] }): string[] =>
  messages
    .slice(messages.findLastIndex(({ type }) => type === "human"))
    .filter(({ type }) => type === "tool")
    .map(({ content }) => content);

/** Runs the graph with these calls, on a thread if there is one. @returns what the tools said */
async function plan(threadId: string | null, ...calls: PlannedCall[]): Promise<string[]> {
  const path = threadId === null ? "/runs/wait" : `/threads/${threadId}/runs/wait`;
  const { body } = await call<{ messages: Message[] }>("POST", path, {
    assistant_id: "plans",
    input: planning(...calls),
  });
  return toldIn(body);
}

const create = (args: Record<string, unknown> = {}): PlannedCall => ({
  name: "create_cron",
  args: { schedule: "0 9 6 1 *", max_runs: 1, input: planning(), ...args },
});

const crons = async (metadata: Record<string, unknown> = {}): Promise<Cron[]> =>
  (await call<Cron[]>("POST", "/runs/crons/search", { metadata, limit: 100, sort_order: "asc" })).body;

/** A cron whose every run makes these calls. */
const planner = (calls: PlannedCall[], fields: Record<string, unknown> = {}): Promise<Cron> =>
  createCron({ assistant_id: "plans", schedule: "0 * * * *", input: planning(...calls), ...fields });

/** Has the cron run by hand, and waits for the end. */
async function runNow(cronId: string, runs: number): Promise<void> {
  const { status } = await call("POST", `/runs/crons/${cronId}/run`, {});
  expect(status).toBe(200);
  await ended(cronId, runs);
}

describe("an agent", () => {
  it("plans its own next run: on its thread, as itself, once", async () => {
    const { thread_id: threadId } = await createThread();
    const [preview, made] = await plan(
      threadId,
      { name: "preview_schedule", args: { schedule: "0 9 6 1 *", timezone: "Europe/Berlin" } },
      create({ timezone: "Europe/Berlin", input: planning({ name: "list_crons", args: {} }) }),
    );
    expect(preview).toContain("It is now Sun 2040-01-01 01:00 Europe/Berlin");
    expect(made).toContain(`on thread ${threadId}`);
    expect(made).toContain("- Fri 2040-01-06 09:00 Europe/Berlin (2040-01-06T08:00:00.000Z)");
    const [cron] = await crons();
    expect(cron).toMatchObject({
      thread_id: threadId,
      max_runs: 1,
      metadata: { made_by_run: expect.any(String) as string },
    });
    expect(cron?.payload.assistant_id).toBe(
      (await call<{ assistant_id: string }>("GET", "/assistants/plans")).body.assistant_id,
    );

    await ringAt("2040-01-06T08:00:00.000Z", cron?.cron_id ?? "");
    await expect.poll(() => crons()).toEqual([]);
    // It went on in the conversation, and was still there while it did.
    const { body: state } = await call<{ values: { messages: Message[] } }>(
      "GET",
      `/threads/${threadId}/state`,
    );
    expect(toldIn(state.values)[0]).toContain(`1 of 1:\n- ${cron?.cron_id}: At 09:00`);
  });

  it("looks at its crons, changes them, and has them run", async () => {
    const { thread_id: threadId } = await createThread();
    await plan(threadId, create({ max_runs: 3, thread_id: null }));
    const [cron] = await crons({});
    const { cron_id: id, thread_id: onThread } = cron ?? {};
    expect(onThread).toBeNull();
    const told = await plan(
      threadId,
      { name: "update_cron", args: { cron_id: id, schedule: "0 10 6 1 *" } },
      { name: "pause_cron", args: { cron_id: id, note: "not yet" } },
      { name: "resume_cron", args: { cron_id: id } },
      { name: "run_cron_now", args: { cron_id: id } },
      { name: "get_cron", args: { cron_id: id } },
      { name: "cron_history", args: { cron_id: id } },
      { name: "delete_cron", args: { cron_id: id } },
    );
    expect(told.map((text) => text.split(/[.:;\n]/)[0])).toEqual([
      "Changed",
      "Paused",
      "Resumed",
      expect.stringMatching(/^Run .* has begun/),
      expect.stringMatching(`^Cron ${id} runs assistant plans`),
      "Runs in all",
      expect.stringMatching(/^Deleted/),
    ]);
    expect(await crons()).toEqual([]);
  });

  it("hears what was wrong, and may try again", async () => {
    const told = await plan(
      null,
      create({ schedule: "soon" }),
      create({ timezone: "Berlin" }),
      create({ assistant_id: "nobody" }),
      { name: "get_cron", args: { cron_id: crypto.randomUUID() } },
    );
    expect(told).toEqual([
      expect.stringContaining("create_cron: schedule: expected a cron expression"),
      expect.stringContaining('did you mean "Europe/Berlin"?'),
      expect.stringContaining("No assistant found"),
      expect.stringContaining("get_cron: no cron with this id"),
    ]);
  });

  it("hears which argument LangChain itself refused", async () => {
    const told = await plan(
      null,
      create({ max_runs: "once" }),
      create({ schedule: undefined }),
      create({ every: "day" }),
      { name: "delete_cron", args: {} },
    );
    expect(told).toEqual([
      expect.stringContaining("#/properties/max_runs/type"),
      expect.stringContaining('"schedule"'),
      expect.stringContaining('"every"'),
      expect.stringContaining('"cron_id"'),
    ]);
  });

  it("that has no thread that stays plans without one", async () => {
    const [made] = await plan(null, create());
    expect(made).toContain("on a new thread each time");
    for (const { cron_id: id } of await crons()) await call("DELETE", `/runs/crons/${id}`);
  });

  it("makes one cron, however often its node is executed for one call of the model", async () => {
    const run = { runId: crypto.randomUUID(), assistantId: "plans", threadId: null, user: null, cron: null };
    const place = { env, context: createExecutionContext() };
    const ask = (callId: string): Promise<ToolAnswer> =>
      planCrons(run, place, { name: "create_cron", args: create().args, callId });
    const ids = [await ask("a"), await ask("a"), await ask("b")].map(
      ({ data }) => (data.cron as Cron).cron_id,
    );
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
    expect(await crons()).toHaveLength(2);
    for (const id of new Set(ids)) await call("DELETE", `/runs/crons/${id}`);
  });
});

describe("two users", () => {
  beforeEach(() => {
    useAuth(owners());
  });

  it("plan for themselves, and see nothing of each other", async () => {
    const run = async (token: string, ...calls: PlannedCall[]): Promise<string[]> => {
      const body = { assistant_id: "plans", input: planning(...calls) };
      return toldIn((await callAs<{ messages: Message[] }>(token, "POST", "/runs/wait", body)).body);
    };
    await run("alice", create());
    const [cron] = (await callAs<Cron[]>("alice", "POST", "/runs/crons/search", {})).body;
    expect(cron).toMatchObject({ user_id: "alice", metadata: { owner: "alice" } });
    const [list, got] = await run(
      "bob",
      { name: "list_crons", args: {} },
      { name: "get_cron", args: { cron_id: cron?.cron_id } },
    );
    expect([list, got]).toEqual(["There are none.", expect.stringContaining("no cron with this id")]);
    const [own] = await run("alice", { name: "delete_cron", args: { cron_id: cron?.cron_id } });
    expect(own).toContain("Deleted cron");
  });

  it("do not plan in a run that no user made", async () => {
    useAuth(undefined);
    const cron = await planner([create()]);
    useAuth(owners());
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    useAuth(undefined);
    await ended(cron.cron_id, 1);
    expect(await crons({ made_by_cron: cron.cron_id })).toEqual([]);
    await call("DELETE", `/runs/crons/${cron.cron_id}`);
  });
});

describe("a cron whose runs make crons", () => {
  it("has ten of them at most, however many runs ask at once, and room again for one that is gone", async () => {
    const calls = Array.from({ length: 4 }, () => create({ max_runs: 5 }));
    const cron = await planner(calls);
    const path = `/runs/crons/${cron.cron_id}/run`;
    await Promise.all(Array.from({ length: 4 }, () => call("POST", path, {})));
    await ended(cron.cron_id, 4);
    const made = await crons({ made_by_cron: cron.cron_id });
    expect(made).toHaveLength(10);
    await call("DELETE", `/runs/crons/${made[0]?.cron_id}`);
    await call("POST", `/runs/crons/${made[1]?.cron_id}/pause`, {});
    await runNow(cron.cron_id, 5);
    expect(await crons({ made_by_cron: cron.cron_id })).toHaveLength(10);
    // Those that they make are in the same chain.
    const [child] = await crons({ made_by_cron: cron.cron_id });
    await call("PATCH", `/runs/crons/${child?.cron_id}`, { input: planning(create()), enabled: true });
    await runNow(child?.cron_id ?? "", 1);
    expect(await crons({ made_by_cron: child?.cron_id })).toEqual([]);
    for (const { cron_id: id } of await crons()) await call("DELETE", `/runs/crons/${id}`);
    expect(await env.DB.prepare("SELECT * FROM cron_chains").all()).toMatchObject({ results: [] });
  });

  it("goes three deep", async () => {
    // Each makes the next, with the same input as its own.
    const nested = (depth: number): PlannedCall[] =>
      depth === 0 ? [] : [create({ max_runs: 9, input: planning(...nested(depth - 1)) })];
    const root = await planner(nested(5));
    let id = root.cron_id;
    const depths: number[] = [];
    for (let depth = 1; depth <= 5; depth++) {
      await runNow(id, 1);
      const made = await crons({ made_by_cron: id });
      depths.push(made.length);
      if (made[0] === undefined) break;
      id = made[0].cron_id;
    }
    expect(depths).toEqual([1, 1, 1, 0]);
    const run = (await slotsOf(id))[0];
    expect(run?.run?.status).toBe("success");
    for (const { cron_id } of await crons()) await call("DELETE", `/runs/crons/${cron_id}`);
  });

  it("cannot have crons run at once", async () => {
    const other = await createCron();
    const cron = await planner([{ name: "run_cron_now", args: { cron_id: other.cron_id } }], {
      on_run_completed: "keep",
    });
    await runNow(cron.cron_id, 1);
    const [slot] = await slotsOf(cron.cron_id);
    const { body } = await call<{ values: { messages: Message[] } }>(
      "GET",
      `/threads/${slot?.thread_id}/state`,
    );
    expect(toldIn(body.values)[0]).toContain("cannot have a cron run at once");
    expect(await slotsOf(other.cron_id)).toEqual([]);
    for (const { cron_id } of await crons()) await call("DELETE", `/runs/crons/${cron_id}`);
  });

  it("gives the place of a cron back that was not made", async () => {
    const refused = Array.from({ length: 11 }, () => create({ schedule: "0 0 31 2 *" }));
    const cron = await planner([...refused, create({ max_runs: 2 })]);
    await runNow(cron.cron_id, 1);
    expect(await crons({ made_by_cron: cron.cron_id })).toHaveLength(1);
    for (const { cron_id } of await crons()) await call("DELETE", `/runs/crons/${cron_id}`);
  });
});

describe("a cron that a run made is removed", () => {
  it("when it has had all of its runs, also after a failure, and not before", async () => {
    await plan(
      null,
      create({ schedule: "0 9 * * *", max_runs: 2, assistant_id: "fails", input: { message: "no" } }),
    );
    const [cron] = await crons();
    const id = cron?.cron_id ?? "";
    await ringAt("2040-01-01T09:00:00.000Z", id);
    await ended(id, 1);
    expect(await getCron(id)).toMatchObject({ enabled: true });
    await ringAt("2040-01-02T09:00:00.000Z", id);
    await expect.poll(() => crons()).toEqual([]);
    expect(await runDurableObjectAlarm(cronStub(id))).toBe(false);
  });

  it("when its end time has come", async () => {
    await plan(null, create({ schedule: "0 9 * * *", max_runs: null, end_time: "2040-01-01T10:00:00Z" }));
    const [cron] = await crons();
    await ringAt("2040-01-01T09:00:00.000Z", cron?.cron_id ?? "");
    await expect.poll(() => crons()).toEqual([]);
  });

  it("not while it is paused", async () => {
    await plan(null, create({ schedule: "0 9 * * *", enabled: false }));
    const [cron] = await crons();
    setClock("2041-01-01T00:00:00.000Z");
    await runDurableObjectAlarm(cronStub(cron?.cron_id ?? ""));
    expect(await getCron(cron?.cron_id ?? "")).toMatchObject({ enabled: false });
    await call("DELETE", `/runs/crons/${cron?.cron_id}`);
  });
});

describe("outside of a run of the server", () => {
  it("the tools can be bound to a model", () => {
    const [first] = cronTools().map((tool) => convertToOpenAITool(tool).function);
    const { required, properties } = first?.parameters as unknown as {
      required: string[];
      properties: object;
    };
    expect([first?.name, required]).toEqual(["create_cron", ["schedule"]]);
    expect(properties).toHaveProperty("assistant_id");
    expect(properties).not.toHaveProperty("cron_id");
  });

  it("a call says what to do", async () => {
    const [create] = cronTools();
    await expect(create?.invoke({ schedule: "0 9 * * *" })).rejects.toThrow(
      /`edgecron dev`.*In a unit test/s,
    );
    const config = { configurable: { run_id: crypto.randomUUID() } };
    await expect(create?.invoke({ schedule: "0 9 * * *" }, config)).rejects.toThrow(/edgecron dev/);
  });
});
