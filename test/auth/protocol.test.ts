/** The thread protocol where an `Auth` says who may see what: commands, streams and WebSockets of others. */
import { beforeEach, expect, it } from "vitest";
import type { Thread } from "../../src/wire/threads/thread";
import { callAs, owners, restoreAuthAfterEach, useAuth } from "../support/auth";
import { brief, command, Events, Socket, webSocket } from "../support/protocol";

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
