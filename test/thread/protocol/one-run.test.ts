/** A run of the thread protocol is a run like any other, and the other way round: runs of crons, cancelled runs, runs whose client is gone. */
import { describe, expect, it } from "vitest";
import { atClock, ringAt } from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import {
  brief,
  dataOf,
  ended,
  Events,
  say,
  Socket,
  type Success,
  type WireEvent,
} from "../../support/protocol";
import { createThread } from "../../support/threads";

const root = { channels: ["lifecycle"], namespaces: [[]], depth: 0 };
const newId = (): string => crypto.randomUUID();
const start = (gate: string) => ({
  assistant_id: "talks",
  input: { messages: [{ role: "user", content: "hello" }], gate },
});
const statusOf = async (threadId: string, runId: string): Promise<string> =>
  (await call<{ status: string }>("GET", `/threads/${threadId}/runs/${runId}`)).body.status;

describe("a run of a cron", () => {
  atClock("2040-01-01T00:00:00.000Z");

  it("is streamed to those who come in the middle, and answered by them when it asks", async () => {
    const { thread_id: threadId } = await createThread();
    const input = { messages: [{ role: "user", content: "ask me" }], gate: threadId };
    const { body: cron } = await call<{ cron_id: string }>("POST", `/threads/${threadId}/runs/crons`, {
      assistant_id: "talks",
      schedule: "0 12 * * *",
      input,
    });
    const socket = await Socket.to(threadId);
    await socket.ask("subscription.subscribe", { ...root, channels: ["lifecycle", "input"] });
    await ringAt("2040-01-01T12:00:00.000Z", cron.cron_id);
    const told = await socket.untilEnd();
    expect(told.map(brief)).toEqual(["lifecycle running", "input.requested", "lifecycle interrupted"]);
    const asked = told.find(({ method }) => method === "input.requested") as WireEvent;
    const { result } = await socket.ask<Success<{ run_id: string }>>("input.respond", {
      interrupt_id: dataOf(asked).interrupt_id,
      response: "yes",
    });
    await gateReached(threadId);
    const late = await Events.of(threadId, root);
    openGate(threadId);
    expect((await late.until()).map(brief)).toEqual(["lifecycle running", "lifecycle completed"]);
    expect(await statusOf(threadId, result.run_id)).toBe("success");
    socket.close();
  });
});

it("a run that the older API cancels is told to have been interrupted, to all who listen", async () => {
  const threadId = newId();
  const socket = await Socket.to(threadId);
  const events = await Events.of(threadId, root);
  await socket.ask("subscription.subscribe", root);
  const { result } = await socket.ask<Success<{ run_id: string }>>("run.start", start(threadId));
  await gateReached(threadId);
  const { status } = await call("POST", `/threads/${threadId}/runs/${result.run_id}/cancel?wait=true`);
  expect(status).toBeLessThan(300);
  const told = ["lifecycle running", "lifecycle interrupted"];
  expect((await events.until()).map(brief)).toEqual(told);
  expect((await socket.untilEnd()).map(brief)).toEqual(told);
  expect(await statusOf(threadId, result.run_id)).toBe("interrupted");
  socket.close();
});

it("commands with the same id are commands of their own", async () => {
  const threadId = newId();
  const socket = await Socket.to(threadId);
  const text = JSON.stringify({ id: 7, method: "run.start", params: start(threadId) });
  for (let n = 0; n < 2; n++) socket.sendText(text);
  const answers = [await socket.frame(), await socket.frame()] as Success<{ run_id: string }>[];
  expect(answers).toMatchObject([
    { type: "success", id: 7 },
    { type: "success", id: 7 },
  ]);
  openGate(threadId);
  const runIds = answers.map(({ result }) => result.run_id);
  expect(new Set(runIds).size).toBe(2);
  for (const runId of runIds) await ended(threadId, runId);
  socket.close();
});

it("a command whose WebSocket is closed before its answer is carried out", async () => {
  const threadId = newId();
  const socket = await Socket.to(threadId);
  const other = await Socket.to(threadId);
  await other.ask("subscription.subscribe", root);
  socket.send("subscription.subscribe", root);
  socket.send("run.start", start(threadId));
  socket.close();
  await gateReached(threadId);
  openGate(threadId);
  expect((await other.untilEnd()).map(brief)).toEqual(["lifecycle running", "lifecycle completed"]);
  await say(threadId, "hello");
  expect((await other.untilEnd()).map(brief)).toEqual(["lifecycle running", "lifecycle completed"]);
  other.close();
});
