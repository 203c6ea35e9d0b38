/** The thread protocol where an `Auth` says who may see what: commands, streams and WebSockets of others. */
import { beforeEach, expect, it } from "vitest";
import type { WireState } from "../../src/wire/threads/state";
import type { Thread } from "../../src/wire/threads/thread";
import { callAs, owners, restoreAuthAfterEach, useAuth } from "../support/auth";
import { ALL, brief, command, dataOf, Events, Socket, webSocket, type WireEvent } from "../support/protocol";

restoreAuthAfterEach();
beforeEach(() => {
  useAuth(owners());
});

const by = (name: string): Record<string, string> => ({ authorization: `Bearer ${name}` });
const root = { channels: ["lifecycle"], namespaces: [[]], depth: 0 };
const run = { assistant_id: "echo", input: { text: "a" } };

it("a thread that a command makes belongs to its sender", async () => {
  const threadId = crypto.randomUUID();
  expect(await command(threadId, "run.start", run, by("alice"))).toMatchObject({ type: "success" });
  const { body: thread } = await callAs<Thread>("alice", "GET", `/threads/${threadId}`);
  expect(thread.metadata).toMatchObject({ owner: "alice" });
  expect((await callAs("bob", "GET", `/threads/${threadId}`)).status).toBe(404);
  await expect(command(threadId, "run.start", run, by("bob"))).rejects.toThrow(/answered 404/);
  expect(await command(threadId, "input.respond", { interrupt_id: "x" }, by("bob"))).toMatchObject({
    error: "no_such_run",
  });
  expect(await command(threadId, "agent.getTree", {}, by("bob"))).toMatchObject({ error: "no_such_run" });
});

it("who listens for the thread of another is told nothing, however early", async () => {
  const threadId = crypto.randomUUID();
  const [alices, bobs] = [
    await Events.of(threadId, root, by("alice")),
    await Events.of(threadId, root, by("bob")),
  ];
  const [alice, bob] = [await Socket.to(threadId, by("alice")), await Socket.to(threadId, by("bob"))];
  for (const socket of [alice, bob]) await socket.ask("subscription.subscribe", root);
  await alice.ask("run.start", run);
  expect((await alices.until()).map(brief)).toEqual(["lifecycle running", "lifecycle completed"]);
  expect((await alice.untilEnd()).map(brief)).toEqual(["lifecycle running", "lifecycle completed"]);
  expect(await bob.ask("subscription.subscribe", { ...root, since: 0 })).toMatchObject({
    result: { replayed_events: 0 },
  });
  expect(await bob.ask("state.get")).toMatchObject({ type: "error", error: "invalid_argument" });
  expect(await bob.ask("run.start", run)).toMatchObject({ type: "error" });
  await expect(Promise.race([bobs.next(), alice.ask("agent.getTree")])).resolves.toMatchObject({
    type: "success",
  });
  await bobs.leave();
  for (const socket of [alice, bob]) socket.close();
});

it("who sends commands to the thread of another learns nothing of it, and changes nothing", async () => {
  const threadId = crypto.randomUUID();
  const asked = await Events.of(threadId, {}, by("alice"));
  const question = { assistant_id: "talks", input: { messages: [{ role: "user", content: "ask me" }] } };
  await command(threadId, "run.start", question, by("alice"));
  const told = await asked.until();
  const { interrupt_id } = dataOf(told.find(({ method }) => method === "input.requested") as WireEvent);
  const { body: state } = await callAs<WireState>("alice", "GET", `/threads/${threadId}/state`);
  const answer = { interrupt_id, response: "yes" };
  const commands: [string, object][] = [
    ["run.start", run],
    ["input.respond", answer],
    ["input.respond", { responses: [answer] }],
    ["agent.getTree", {}],
    ["state.get", {}],
    ["state.listCheckpoints", {}],
    ["state.fork", { checkpoint_id: state.checkpoint.checkpoint_id, input: null }],
    ["subscription.subscribe", { channels: ALL, since: 0 }],
  ];
  const bob = await Socket.to(threadId, by("bob"));
  const bobs = await Events.of(threadId, { since: 0 }, by("bob"));
  const answers: string[] = [];
  for (const [method, params] of commands) {
    const body = { id: 1, method, params };
    const { status, body: byHttp } = await callAs("bob", "POST", `/threads/${threadId}/commands`, body);
    answers.push(
      `${method} ${status} ${JSON.stringify(byHttp)}`,
      JSON.stringify(await bob.ask(method, params)),
    );
  }
  expect(
    answers.filter((text) => /sure|ask me|talks|alice|"run_id"| 5\d\d |unknown_error/.test(text)),
  ).toEqual([]);
  await bobs.leave();
  bob.close();
  const alice = await Socket.to(threadId, by("alice"));
  await alice.ask("subscription.subscribe", root);
  expect(await alice.ask("input.respond", answer)).toMatchObject({ type: "success" });
  await alice.frame((frame) => frame.type === "event" && brief(frame) === "lifecycle completed");
  expect((await callAs<WireState>("alice", "GET", `/threads/${threadId}/state`)).body.values).toMatchObject({
    answer: "yes",
  });
  alice.close();
});

it("a WebSocket acts for whoever has opened it", async () => {
  const threadId = crypto.randomUUID();
  const socket = await Socket.to(threadId, { ...by("alice"), "x-colour": "red" });
  const started = await socket.ask<{ result: { run_id: string } }>("run.start", {
    assistant_id: "seen",
    input: {},
  });
  const { body } = await callAs<Record<string, unknown>>(
    "alice",
    "GET",
    `/threads/${threadId}/runs/${started.result.run_id}/join`,
  );
  expect(JSON.stringify(body)).toContain("alice");
  const { body: record } = await callAs<{ kwargs: object }>(
    "alice",
    "GET",
    `/threads/${threadId}/runs/${started.result.run_id}`,
  );
  expect(record.kwargs).toMatchObject({ config: { configurable: { "x-colour": "red" } } });
  socket.close();
  await expect(webSocket(threadId)).rejects.toThrow(/401/);
});

it("pages of other sites open no WebSocket with the cookies of their users", async () => {
  const cookies = { ...by("alice"), cookie: "session=1" };
  await expect(
    webSocket(crypto.randomUUID(), { ...cookies, origin: "https://evil.example" }),
  ).rejects.toThrow(/403/);
  (await webSocket(crypto.randomUUID(), { ...cookies, origin: "http://edge" })).accept();
  (await webSocket(crypto.randomUUID(), { ...by("alice"), origin: "https://other.example" })).accept();
});
