/** Runs that stop at interrupts: what their threads and callers are told, and how they are gone on with. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/platform/json";
import type { WireState } from "../../../src/wire/threads/state";
import type { Thread } from "../../../src/wire/threads/thread";
import { call } from "../../support/edge";
import { gateReached } from "../../support/graphs/steps";
import { createRun, createThread, getRun, joinRun, searchThreads, waitRun } from "../../support/threads";

interface Asked {
  id: string;
  value: unknown;
}

const getThread = async (id: string): Promise<Thread> => (await call<Thread>("GET", `/threads/${id}`)).body;

const stateOf = async (id: string): Promise<WireState> =>
  (await call<WireState>("GET", `/threads/${id}/state`)).body;

/** What the thread asks, by question. */
const questionsOf = async (id: string): Promise<Record<string, string>> => {
  const asked = (await stateOf(id)).interrupts as Asked[];
  return Object.fromEntries(asked.map((one) => [String(one.value), one.id]));
};

describe("a run that stops at an interrupt", () => {
  it("answers its caller with the values and what is asked", async () => {
    const { thread_id: id } = await createThread();
    const fields = { assistant_id: "interrupts", input: { question: "well?" } };
    const asked = { id: expect.stringMatching(/^[0-9a-f]{32}$/) as string, value: { question: "well?" } };
    expect(await waitRun(id, fields)).toEqual({ question: "well?", __interrupt__: [asked] });
    expect(await waitRun(null, fields)).toEqual({ question: "well?", __interrupt__: [asked] });
    const run = await createRun(id, fields);
    expect(await joinRun(run)).toMatchObject({ question: "well?" });
    expect((await getRun(run)).status).toBe("success");
  });

  it("at a breakpoint says so, and that nothing is asked", async () => {
    for (const fields of [{ interrupt_before: ["two"] }, { interrupt_after: ["one"] }]) {
      expect(await waitRun(null, { assistant_id: "steps", input: {}, ...fields })).toEqual({
        trail: ["one"],
        __interrupt__: [],
      });
    }
  });

  it("shows on its thread, in its state and in searches alike", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "interrupts", input: { question: "well?" } });
    const thread = await getThread(id);
    const state = await stateOf(id);
    const [task] = state.tasks as { id: string; interrupts: Asked[] }[];
    expect(thread).toMatchObject({ status: "interrupted", values: { question: "well?" } });
    expect(task?.interrupts).toMatchObject([{ value: { question: "well?" } }]);
    expect(thread.interrupts).toEqual({ [task?.id ?? ""]: task?.interrupts });
    expect(state.interrupts).toEqual(task?.interrupts);
    expect(await searchThreads({ status: "interrupted", ids: [id] })).toEqual([thread]);
    expect((await call("POST", "/threads/count", { status: "interrupted" })).body).toBeGreaterThan(0);
  });
});

describe("`strict_resume`", () => {
  const strict = { assistant_id: "asks", strict_resume: true };
  const unknown = "0".repeat(32);

  it.each([
    ["an interrupt that is not there", { [unknown]: "x" }, /^Unknown or already-consumed interrupt/],
    ["none of several", "to which?", /specify the interrupt id/],
    ["nothing", {}, /names no interrupt/],
  ])("refuses an answer to %s, and leaves the thread as it was", async (_name, resume, message) => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "asks", input: { summary: "none yet" } });
    const before = await stateOf(id);
    const run = await createRun(id, { ...strict, command: { resume } });
    const error = {
      error: "UnknownInterruptError",
      message: expect.stringMatching(message) as string,
    };
    expect(await joinRun(run)).toEqual({ __error__: error });
    expect(await getRun(run)).toMatchObject({ status: "error", error });
    expect(await getThread(id)).toMatchObject({ status: "interrupted", error: null });
    expect(await stateOf(id)).toEqual(before);
  });

  it("refuses an answer to what has been answered already, and takes one to what waits", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "asks", input: {} });
    const { "left?": left = "", "right?": right = "" } = await questionsOf(id);
    const answer = (resume: object): Promise<JsonObject> => waitRun(id, { ...strict, command: { resume } });
    expect(await answer({ [left]: "l" })).toMatchObject({ __interrupt__: [{ id: right }] });
    expect(await answer({ [left]: "again" })).toMatchObject({
      __error__: { error: "UnknownInterruptError" },
    });
    expect(await answer({ [right]: "r" })).toMatchObject({ __interrupt__: [{ value: "and then?" }] });
    const { "and then?": last = "" } = await questionsOf(id);
    expect(await answer({ [last]: "e" })).toMatchObject({ summary: "left: l, right: r e" });
    expect(await answer({ [last]: "e" })).toMatchObject({ __error__: { error: "UnknownInterruptError" } });
    expect(await getThread(id)).toMatchObject({ status: "idle", error: null });
  });

  it("is off unless asked for: an answer to nothing is passed over", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "interrupts", input: { question: "well?" } });
    const command = { resume: { [unknown]: "x" } };
    for (const fields of [{}, { strict_resume: false }]) {
      const values = await waitRun(id, { assistant_id: "interrupts", command, ...fields });
      expect(values).not.toHaveProperty("__error__");
    }
  });
});

describe("joining a run that has ended", () => {
  /** Runs, and joins when the run is over: what the first was told, and what the second. */
  async function toldTwice(threadId: string, fields: object): Promise<[JsonObject, JsonObject]> {
    const waited = await call<JsonObject>("POST", `/threads/${threadId}/runs/wait`, fields);
    const path = waited.headers.get("Content-Location") ?? "";
    const joined = await call<JsonObject>("GET", `${path}/join`);
    return [waited.body, joined.body];
  }

  it.each([
    ["at an interrupt", { assistant_id: "interrupts", input: { question: "well?" } }],
    ["at an interrupt of a subgraph", { assistant_id: "nested", input: { question: "well?" } }],
    ["at two interrupts", { assistant_id: "asks", input: { summary: "none yet" } }],
    ["at a breakpoint before a node", { assistant_id: "steps", input: {}, interrupt_before: ["two"] }],
    ["at a breakpoint after a node", { assistant_id: "steps", input: {}, interrupt_after: ["one"] }],
    ["at its end", { assistant_id: "steps", input: {} }],
  ])("%s answers as to whoever waited for it", async (_name, fields) => {
    const { thread_id: id } = await createThread();
    const [waited, joined] = await toldTwice(id, fields);
    expect(joined).toEqual(waited);
  });

  it("answers with what that run asked, also when it has been answered since", async () => {
    const { thread_id: id } = await createThread();
    const first = await createRun(id, { assistant_id: "interrupts", input: { question: "well?" } });
    const asked = await joinRun(first);
    expect(asked).toMatchObject({ question: "well?", __interrupt__: [{ value: { question: "well?" } }] });
    await waitRun(id, { assistant_id: "interrupts", command: { resume: "fine" } });
    await waitRun(id, { assistant_id: "echo", input: { text: "of another graph" } });
    expect(await joinRun(first)).toEqual(asked);
  });

  it("answers with what is left to ask when the run answered one question of two", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "asks", input: {} });
    const { "left?": left = "" } = await questionsOf(id);
    const [waited, joined] = await toldTwice(id, {
      assistant_id: "asks",
      command: { resume: { [left]: "l" } },
    });
    expect(waited.__interrupt__).toMatchObject([{ value: "right?" }]);
    expect(joined).toEqual(waited);
  });

  it("tells nothing of questions when the run was cancelled", async () => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const run = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
    await gateReached(key);
    await call("POST", `/threads/${id}/runs/${run.run_id}/cancel?wait=1`);
    expect(await joinRun(run)).toMatchObject({ trail: ["one"] });
    expect(await joinRun(run)).not.toHaveProperty("__interrupt__");
  });
});

describe("resuming", () => {
  it.each([
    ["text", "fine"],
    ["a number", 7],
    ["zero", 0],
    ["false", false],
    ["an empty text", ""],
    ["a list", ["a", 1]],
    ["an object", { a: { b: 1 } }],
  ])("gives the node %s as it is", async (_name, resume) => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "interrupts", input: { question: "well?" } });
    const values = await waitRun(id, { assistant_id: "interrupts", command: { resume } });
    expect(values).toEqual({ question: "well?", answer: resume });
    expect(await getThread(id)).toMatchObject({ status: "idle", interrupts: {}, values });
    expect(await stateOf(id)).toMatchObject({ next: [], tasks: [], interrupts: [] });
  });

  it("several at once: by their ids, together or one after the other", async () => {
    const { thread_id: id } = await createThread();
    const asked = await waitRun(id, { assistant_id: "asks", input: {} });
    expect((asked.__interrupt__ as Asked[]).map(({ value }) => value).sort()).toEqual(["left?", "right?"]);
    expect(Object.keys((await getThread(id)).interrupts)).toHaveLength(2);

    const questions = await questionsOf(id);
    const resume = { [questions["left?"] ?? ""]: "L", [questions["right?"] ?? ""]: "R" };
    const again = await waitRun(id, { assistant_id: "asks", command: { resume } });
    expect(again).toMatchObject({ __interrupt__: [{ value: "and then?" }] });
    expect(Object.values((await getThread(id)).interrupts)).toMatchObject([[{ value: "and then?" }]]);
    expect(await getThread(id)).toMatchObject({ status: "interrupted" });

    const values = await waitRun(id, { assistant_id: "asks", command: { resume: "S" } });
    expect(values).toEqual({ answers: ["left: L", "right: R S"], summary: "left: L, right: R S" });
    expect(await getThread(id)).toMatchObject({ status: "idle", interrupts: {} });
  });

  it("one of several leaves the others waiting", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "asks", input: {} });
    const questions = await questionsOf(id);
    await waitRun(id, { assistant_id: "asks", command: { resume: { [questions["left?"] ?? ""]: "L" } } });
    expect(await questionsOf(id)).toEqual({ "right?": questions["right?"] });
    expect((await getThread(id)).status).toBe("interrupted");
  });

  it("a question within a subgraph", async () => {
    const { thread_id: id } = await createThread();
    const asked = await waitRun(id, { assistant_id: "nested", input: { question: "well?" } });
    expect(asked).toEqual({
      question: "well?",
      __interrupt__: [expect.objectContaining({ value: "well?" })],
    });
    expect(Object.values((await getThread(id)).interrupts)).toMatchObject([[{ value: "well?" }]]);
    const streamed = await createRun(id, {
      assistant_id: "nested",
      command: { resume: "fine" },
      stream_subgraphs: true,
    });
    expect(await joinRun(streamed)).toEqual({ question: "well?", answer: "fine" });
    expect((await getThread(id)).status).toBe("idle");
  });

  it("a question within a subgraph whose events are streamed", async () => {
    const { thread_id: id } = await createThread();
    const fields = { assistant_id: "nested", input: { question: "well?" }, stream_subgraphs: true };
    const asked = await waitRun(id, fields);
    expect(asked).toEqual({
      question: "well?",
      __interrupt__: [expect.objectContaining({ value: "well?" })],
    });
    expect((await getThread(id)).status).toBe("interrupted");
  });

  it("a thread that asks nothing fails or does nothing, and is no 5xx", async () => {
    const { thread_id: id } = await createThread();
    for (const command of [{ resume: "what?" }, {}, { goto: "nowhere" }, { update: { nothing: 1 } }]) {
      const { status } = await call("POST", `/threads/${id}/runs/wait`, {
        assistant_id: "interrupts",
        command,
      });
      expect(status).toBe(200);
    }
  });
});

describe("the history of a thread", () => {
  const asked = async (id: string): Promise<unknown[][]> => {
    const { body: states } = await call<WireState[]>("POST", `/threads/${id}/history`, {});
    return states.map(({ tasks }) =>
      tasks.flatMap((task) => (task.interrupts as Asked[]).map(({ value }) => value)),
    );
  };

  it("shows what was asked also when it has been answered, but not among what waits", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "interrupts", input: { question: "well?" } });
    expect(await asked(id)).toEqual([[{ question: "well?" }], []]);
    await waitRun(id, { assistant_id: "interrupts", command: { resume: "fine" } });
    expect(await asked(id)).toEqual([[], [{ question: "well?" }], []]);
    const { body: states } = await call<WireState[]>("POST", `/threads/${id}/history`, {});
    expect(states[1]?.interrupts).toEqual([]);
    const path = `/threads/${id}/state/${states[1]?.checkpoint.checkpoint_id ?? ""}`;
    expect((await call("GET", path)).body).toEqual(states[1]);
  });

  it("shows of a state that still waits only what does", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "asks", input: {} });
    const { "left?": left = "" } = await questionsOf(id);
    await waitRun(id, { assistant_id: "asks", command: { resume: { [left]: "L" } } });
    expect((await asked(id))[0]).toEqual(["right?"]);
  });
});

describe("a new input", () => {
  it("on a thread that waits begins anew, and asks again", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "interrupts", input: { question: "first?" } });
    const second = await waitRun(id, { assistant_id: "interrupts", input: { question: "second?" } });
    expect(second).toMatchObject({ __interrupt__: [{ value: { question: "second?" } }] });
    expect(Object.values((await getThread(id)).interrupts)).toMatchObject([
      [{ value: { question: "second?" } }],
    ]);
    expect(await waitRun(id, { assistant_id: "interrupts", command: { resume: "fine" } })).toEqual({
      question: "second?",
      answer: "fine",
    });
  });
});

describe("a command", () => {
  const trailAfter = async (command: JsonObject): Promise<unknown> => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "steps", input: {}, interrupt_before: ["two"] });
    const values = await waitRun(id, { assistant_id: "steps", command });
    expect((await getThread(id)).status).toBe("idle");
    return values.trail;
  };

  it.each([
    ["a node", { goto: "three" }, ["one", "three", "two", "three"]],
    ["a list", { goto: ["three"] }, ["one", "three", "two", "three"]],
    ["a Send", { goto: { node: "three", input: {} } }, ["one", "three", "two", "three"]],
    [
      "a Send, as older Python SDKs write it",
      { send: { node: "three", input: {} } },
      ["one", "three", "two", "three"],
    ],
    [
      "several Sends",
      {
        goto: [
          { node: "three", input: {} },
          { node: "three", input: {} },
        ],
      },
      null,
    ],
    ["nodes and Sends", { goto: ["three", { node: "one", input: {} }] }, null],
  ])("goes to %s", async (_name, command: JsonObject, trail) => {
    const after = (await trailAfter(command)) as string[];
    if (trail !== null) expect([...after].sort()).toEqual([...trail].sort());
    expect(after.filter((step) => step === "three").length).toBeGreaterThan(1);
  });

  it.each([[{ update: { trail: ["changed"] } }], [{ update: [["trail", ["changed"]]] }]])(
    "changes the state: %j",
    async (command) => {
      expect(await trailAfter(command)).toEqual(["one", "changed", "two", "three"]);
    },
  );
});
