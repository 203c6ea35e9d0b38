/** WebSockets to a thread: commands, subscriptions, and what an object that sleeps or is gone makes of them. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { ThreadContext } from "../../../src/thread/thread-context";
import type { ThreadDO } from "../../../src/thread/thread-do";
import { atClock, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import {
  ALL,
  brief,
  ended,
  say,
  Socket,
  type Failure,
  type Success,
  someText,
  textWith,
  webSocket,
  type Frame,
} from "../../support/protocol";
import { createThread, waitRun } from "../../support/threads";

atClock("2040-01-01T00:00:00.000Z");

const newId = (): string => crypto.randomUUID();
const hello = { assistant_id: "talks", input: { messages: [{ role: "user", content: "hello" }] } };
const isAnswer = ({ type }: Frame): boolean => type !== "event";
type Subscribed = Success<{ subscription_id: string; replayed_events: number }>;

describe("a WebSocket", () => {
  it("carries commands, their answers and the events that were subscribed to", async () => {
    const threadId = newId();
    const socket = await Socket.to(threadId);
    const subscribed = socket.send("subscription.subscribe", {
      channels: ["values", "lifecycle"],
      namespaces: [[]],
      depth: 0,
    });
    socket.send("run.start", hello);
    expect(await socket.frame()).toEqual({
      type: "success",
      id: subscribed,
      result: { subscription_id: someText, replayed_events: 0 },
      meta: { thread_id: threadId },
    });
    const events = (await socket.untilEnd()).map(brief);
    expect(events).toEqual(["lifecycle running", "values", "values", "lifecycle completed"]);
    const { tree } = (await socket.ask<Success<{ tree: object }>>("agent.getTree")).result;
    expect(tree).toMatchObject({ graph_name: "talks", children: [{ graph_name: "agent" }] });
    expect(await socket.ask("state.get", { keys: ["messages"] })).toMatchObject({
      result: { values: { messages: [{}, {}] } },
    });
    socket.close();
  });

  it("is told what was before, and more when it subscribes to more", async () => {
    const threadId = newId();
    const socket = await Socket.to(threadId);
    await socket.ask("subscription.subscribe", { channels: ["lifecycle"], namespaces: [[]], depth: 0 });
    socket.send("run.start", { ...hello, input: { ...hello.input, gate: threadId } });
    await gateReached(threadId);
    const { result } = await socket.ask<Subscribed>("subscription.subscribe", { channels: ["values"] });
    expect(result.replayed_events).toBe(2);
    openGate(threadId);
    const events = (await socket.untilEnd()).map(brief);
    expect(events).toEqual(["lifecycle running", "values", "values", "lifecycle completed"]);
    const again = await socket.ask<Subscribed>("subscription.subscribe", { channels: ALL, since: 0 });
    expect(again.result.replayed_events).toBeGreaterThan(10);
    socket.close();
  });

  it("is closed when so much was sent that a client which does not read would fill the memory", async () => {
    const threadId = newId();
    const { run_id: runId } = await say(threadId, "x".repeat(900_000));
    await ended(threadId, runId);
    const socket = await webSocket(threadId);
    const closed = new Promise<number>((resolve) => {
      socket.addEventListener("close", ({ code }) => {
        resolve(code);
      });
    });
    socket.accept();
    // Each subscription is sent the whole of the run again.
    const params = { channels: ALL, since: 0 };
    const subscribe = (id: number): void => {
      socket.send(JSON.stringify({ id, method: "subscription.subscribe", params }));
    };
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.type === "success") subscribe(frame.id + 1);
    });
    subscribe(1);
    expect(await closed).toBe(1013);
    expect((await call("GET", `/threads/${threadId}`)).status).toBe(200);
  });

  it("is closed for what was sent when its commands are answered, since the JavaScript SDK waits for the answers", async () => {
    const threadId = newId();
    const { run_id: runId } = await say(threadId, "hello");
    await ended(threadId, runId);
    const socket = await Socket.to(threadId);
    await socket.ask("subscription.subscribe", { channels: ["custom"], since: 9e15 });
    const late = { channels: ["values"] };
    await runInDurableObject(threadStub(threadId) as DurableObjectStub, (instance, state) => {
      const { context } = instance as unknown as { context: ThreadContext };
      const command = JSON.stringify({ id: 7, method: "subscription.subscribe", params: late });
      void (instance as unknown as Pick<ThreadDO, "webSocketMessage">).webSocketMessage(
        state.getWebSockets()[0] as WebSocket,
        command,
      );
      // The run tells more than a WebSocket carries while the subscription waits for others.
      const event = { method: "custom", namespace: [], data: { payload: "x".repeat(9_000_000) } };
      for (let n = 0; n < 5; n += 1) context.events.emitProtocol({ runId, threadId }, event, false);
    });
    expect(await socket.frame(isAnswer)).toMatchObject({ type: "success", id: 7 });
    expect(await socket.untilClosed()).toMatchObject({ code: 1013 });
    for (let n = 0; n < 5; n += 1) expect((await socket.frame()).type).toBe("event");
    await expect(socket.frame()).rejects.toThrow("closed");
  });

  it("is sent what was before once, when it subscribes to several things at the same time", async () => {
    const threadId = newId();
    const { run_id: runId } = await say(threadId, "hello");
    await ended(threadId, runId);
    const socket = await Socket.to(threadId);
    // As the JavaScript SDK does when it has connected again.
    const filters = [{ channels: ["values", "lifecycle"] }, { channels: ALL }, { channels: ["messages"] }];
    const sent = filters.map((filter) => socket.send("subscription.subscribe", filter));
    const answers = [];
    for (const id of sent) {
      const { result, ...answer } = (await socket.frame()) as Subscribed;
      expect(answer.id).toBe(id);
      answers.push(result.replayed_events);
    }
    const [some = 0, all = 0, words = 0] = answers;
    expect(Math.min(some, words)).toBeGreaterThan(0);
    expect(all).toBeGreaterThanOrEqual(some + words);
    const events = await socket.untilEnd();
    expect(events).toHaveLength(all);
    expect(new Set(events.map(({ event_id: id }) => id)).size).toBe(all);
    expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).toSorted((a, b) => a - b));
    socket.close();
  });

  it("keeps a subscription whose neighbour could not be prepared", async () => {
    const threadId = newId();
    const { run_id: runId } = await say(threadId, "hello");
    await ended(threadId, runId);
    const socket = await Socket.to(threadId);
    await runInDurableObject(threadStub(threadId) as DurableObjectStub, (_instance, { storage: { sql } }) => {
      const read = sql.exec.bind(sql);
      const failOnce = (): never => {
        Object.defineProperty(sql, "exec", { configurable: true, value: read });
        throw new Error("this read fails");
      };
      Object.defineProperty(sql, "exec", { configurable: true, value: failOnce });
    });
    const failing = socket.send("subscription.subscribe", { channels: ["values"] });
    const kept = socket.send("subscription.subscribe", { channels: ["lifecycle"] });
    const answers = [await socket.frame(isAnswer), await socket.frame(isAnswer)];
    expect(answers).toContainEqual(expect.objectContaining({ id: failing, error: "unknown_error" }));
    expect(answers).toContainEqual(expect.objectContaining({ id: kept, type: "success" }));
    expect((await socket.untilEnd()).map(({ method }) => method)).toContain("lifecycle");
    socket.close();
  });

  it("is told nothing more when it has unsubscribed", async () => {
    const socket = await Socket.to(newId());
    const { result } = await socket.ask<Subscribed>("subscription.subscribe", { channels: ["values"] });
    expect(await socket.ask("subscription.unsubscribe", result)).toMatchObject({
      type: "success",
      result: {},
    });
    expect(await socket.ask("subscription.unsubscribe", result)).toMatchObject({
      error: "no_such_subscription",
    });
    await socket.ask("subscription.subscribe", { channels: ["lifecycle"], namespaces: [[]], depth: 0 });
    socket.send("run.start", hello);
    const events = (await socket.untilEnd()).map(brief);
    expect(events).toEqual(["lifecycle running", "lifecycle completed"]);
    socket.close();
  });

  it("survives that its object is evicted, with its subscriptions", async () => {
    const { thread_id: threadId } = await createThread();
    const sockets = [await Socket.to(threadId), await Socket.to(threadId)];
    for (const socket of sockets) {
      await socket.ask("subscription.subscribe", { channels: ["lifecycle"], namespaces: [[]], depth: 0 });
    }
    await evictDurableObject(env.THREAD.get(env.THREAD.idFromName(threadId)));
    await waitRun(threadId, hello);
    for (const socket of sockets) {
      expect((await socket.untilEnd()).map(brief)).toEqual(["lifecycle running", "lifecycle completed"]);
    }
    await evictDurableObject(env.THREAD.get(env.THREAD.idFromName(threadId)));
    expect(await (sockets[0] as Socket).ask("run.start", hello)).toMatchObject({ type: "success" });
    for (const socket of sockets) socket.close();
  });

  it("answers bad commands, and stays open", async () => {
    const socket = await Socket.to(newId());
    const refused = async (text: string): Promise<Failure> => {
      socket.sendText(text);
      return (await socket.frame()) as Failure;
    };
    expect(await refused("[")).toMatchObject({ type: "error", id: null, error: "invalid_argument" });
    expect(await refused("{}")).toMatchObject({
      id: null,
      error: "invalid_argument",
      message: textWith("method"),
    });
    expect(await refused('{"id":1}')).toMatchObject({ id: 1, error: "invalid_argument" });
    expect(await refused('{"id":2,"method":"run.stop"}')).toMatchObject({ id: 2, error: "unknown_command" });
    expect(
      await refused('{"id":3,"method":"subscription.subscribe","params":{"channels":["x"]}}'),
    ).toMatchObject({
      id: 3,
      error: "invalid_argument",
      message: textWith("params.channels.0"),
    });
    expect(await refused('{"id":4,"method":"state.get"}')).toMatchObject({
      id: 4,
      error: "invalid_argument",
    });
    expect(
      await refused(`{"id":5,"method":"x","params":{"a":${"[".repeat(200)}${"]".repeat(200)}}}`),
    ).toMatchObject({ error: "invalid_argument" });
    expect(await socket.ask("run.start", { input: {} })).toMatchObject({ error: "invalid_argument" });
    socket.close();
  });

  it("holds no more subscriptions than the platform keeps", async () => {
    const socket = await Socket.to(newId());
    const namespaces = Array.from({ length: 50 }, (_, index) => [`${index}`.padStart(100, "x")]);
    const answers: unknown[] = [];
    for (let n = 0; n < 5; n++)
      answers.push(await socket.ask("subscription.subscribe", { channels: ["values"], namespaces }));
    expect(answers.at(0)).toMatchObject({ type: "success" });
    expect(answers.at(-1)).toMatchObject({
      error: "invalid_argument",
      message: textWith("subscriptions"),
    });
    socket.close();
  });

  it("is closed when its thread is deleted", async () => {
    const threadId = newId();
    await say(threadId, "hello");
    const socket = await Socket.to(threadId);
    await call("DELETE", `/threads/${threadId}`);
    expect(await socket.untilClosed()).toEqual({ code: 4404, reason: "the thread was deleted" });
  });

  it("is opened by an upgrade only", async () => {
    const { status, body } = await call("GET", `/threads/${newId()}/stream/events`);
    expect([status, body.detail]).toEqual([422, textWith("Upgrade")]);
  });
});
