/** An interrupt is answered once, however many answer it at the same time, and by whatever way. */
import { expect, it } from "vitest";
import type { WireState } from "../../../src/wire/threads/state";
import { call } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import {
  command,
  dataOf,
  ended,
  Events,
  say,
  Socket,
  succeed,
  type Failure,
  type Success,
  type WireEvent,
} from "../../support/protocol";

interface Started {
  run_id: string;
}

interface Asked {
  threadId: string;
  /** What `input.respond` takes as its `params`, but for the answer. */
  interrupt_id: string;
}

/** A thread that waits for an answer, whose run then waits at the gate with the name of the thread. */
async function ask(): Promise<Asked> {
  const threadId = crypto.randomUUID();
  const { run_id: runId } = await say(threadId, "ask me", { gate: threadId });
  await ended(threadId, runId);
  const events = await (await Events.of(threadId)).until();
  const asked = events.find(({ method }) => method === "input.requested") as WireEvent;
  return { threadId, interrupt_id: String(dataOf(asked).interrupt_id) };
}

/** Lets the thread go on, and waits for the ends of runs. @returns the thread as it is then */
async function finish(threadId: string, ...runIds: string[]): Promise<{ values: object; status: string }> {
  openGate(threadId);
  for (const runId of runIds) await ended(threadId, runId);
  return (await call<{ values: object; status: string }>("GET", `/threads/${threadId}`)).body;
}

/** The thread when one of two messages is the agent's, and one is the user's. */
const answeredWith = (answer: unknown) => ({ status: "idle", values: { answer, messages: [{}, {}] } });
const refused = { type: "error", error: "no_such_interrupt" };

it("is refused to the second who answers while the thread goes on with the first answer", async () => {
  const { threadId, interrupt_id } = await ask();
  const first = await succeed<Started>(threadId, "input.respond", { interrupt_id, response: "first" });
  await gateReached(threadId);
  const second = { interrupt_id, response: "second" };
  expect(await command(threadId, "input.respond", second)).toMatchObject(refused);
  expect(await command(threadId, "input.respond", { responses: [second] })).toMatchObject(refused);
  expect(await finish(threadId, first.run_id)).toMatchObject(answeredWith("first"));
  expect(await command(threadId, "input.respond", second)).toMatchObject(refused);
});

it("is refused to all but one of those who answer at the same time, by HTTP and by WebSockets", async () => {
  const { threadId, interrupt_id } = await ask();
  const [one, other] = [await Socket.to(threadId), await Socket.to(threadId)];
  const params = { interrupt_id, response: "yes" };
  const answers = await Promise.all([
    command<Success<Started> | Failure>(threadId, "input.respond", params),
    one.ask<Success<Started> | Failure>("input.respond", params),
    command<Success<Started> | Failure>(threadId, "input.respond", { responses: [params] }),
    other.ask<Success<Started> | Failure>("input.respond", params),
    other.ask<Success<Started> | Failure>("input.respond", params),
  ]);
  const runIds = answers.flatMap((answer) => (answer.type === "success" ? [answer.result.run_id] : []));
  expect(runIds).toHaveLength(1);
  expect(answers.flatMap((answer) => (answer.type === "error" ? [answer.error] : []))).toEqual(
    Array(4).fill("no_such_interrupt"),
  );
  expect(await finish(threadId, ...runIds)).toMatchObject(answeredWith("yes"));
  one.close();
  other.close();
});

it("is refused when the thread goes on with an answer of the older API, or with an input", async () => {
  const resumed = await ask();
  const old = { assistant_id: "talks", command: { resume: "old" } };
  const { body: first } = await call<Started>("POST", `/threads/${resumed.threadId}/runs`, old);
  const given = await ask();
  const second = await succeed<Started>(given.threadId, "run.start", {
    assistant_id: "talks",
    input: "given",
  });
  for (const { threadId, interrupt_id } of [resumed, given]) {
    expect(await command(threadId, "input.respond", { interrupt_id, response: "new" })).toMatchObject(
      refused,
    );
  }
  expect(await finish(resumed.threadId, first.run_id)).toMatchObject(answeredWith("old"));
  expect(await finish(given.threadId, second.run_id)).toMatchObject(answeredWith("given"));
});

it("is refused to strict runs of the older API, too", async () => {
  const { threadId, interrupt_id } = await ask();
  const body = { assistant_id: "talks", command: { resume: { [interrupt_id]: "yes" } }, strict_resume: true };
  const answer = () => call<Started & { code?: string }>("POST", `/threads/${threadId}/runs`, body);
  const answers = await Promise.all([answer(), answer()]);
  expect(answers.map(({ status, body: { code } }) => [status, code]).sort()).toEqual([
    [200, undefined],
    [409, "run.exists"],
  ]);
  const runIds = answers.flatMap(({ status, body: { run_id: runId } }) => (status === 200 ? [runId] : []));
  expect(await finish(threadId, ...runIds)).toMatchObject(answeredWith("yes"));
});

it("is the first of two inputs that are sent at the same time, and the second is an input like any other", async () => {
  const { threadId } = await ask();
  const input = { messages: [{ role: "user", content: "hello" }] };
  const start = () => succeed<Started>(threadId, "run.start", { assistant_id: "talks", input });
  const runs = await Promise.all([start(), start()]);
  const { values } = await finish(threadId, ...runs.map(({ run_id: runId }) => runId));
  expect(values).toMatchObject({ answer: input, messages: [{}, {}, { content: "hello" }, {}] });
});

it("is answered beside another interrupt of the thread that somebody answers at the same time", async () => {
  const threadId = crypto.randomUUID();
  const asking = await succeed<Started>(threadId, "run.start", { assistant_id: "asks", input: {} });
  await ended(threadId, asking.run_id);
  const state = async () => (await call<WireState>("GET", `/threads/${threadId}/state`)).body;
  const answers = (await state()).interrupts.map(({ id, value }) =>
    succeed<Started>(threadId, "input.respond", { interrupt_id: id, response: `${String(value)} yes` }),
  );
  for (const { run_id: runId } of await Promise.all(answers)) await ended(threadId, runId);
  const { interrupts, values } = await state();
  expect(interrupts.map(({ value }) => value)).toEqual(["and then?"]);
  expect(values).toEqual({ answers: ["left: left? yes"] });
});
