/** What a client is told that comes late, comes back, or comes to a run that was not started by the thread protocol. */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { NARROW_HOLD_MS } from "../../../src/thread/protocol/protocol-calls";
import { atClock, setClock } from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import {
  brief,
  dataOf,
  ended,
  Events,
  isEnd,
  say,
  succeed,
  type WireEvent,
  someText,
} from "../../support/protocol";
import { open } from "../../support/sse";
import { holdTimers } from "../../support/timers";
import { createRun, createThread, waitRun } from "../../support/threads";

// The objects are aborted, which must not meet an alarm in progress: none rings by itself.
atClock("2040-01-01T00:00:00.000Z");

const newId = (): string => crypto.randomUUID();
const objectOf = (threadId: string) => env.THREAD.get(env.THREAD.idFromName(threadId));
const eventsOf = async (
  threadId: string,
  filter: object = {},
  headers: Record<string, string> = {},
): Promise<WireEvent[]> => (await Events.of(threadId, filter, headers)).until();

/** Starts a run and waits until it has ended. */
async function sayAndWait(threadId: string, content: string): Promise<WireEvent[]> {
  const events = await Events.of(threadId, { since: Number.MAX_SAFE_INTEGER });
  await say(threadId, content);
  return events.until();
}

describe("a client that comes late", () => {
  it("is told the whole of the last run, and that alone", async () => {
    const threadId = newId();
    await sayAndWait(threadId, "one");
    const two = await sayAndWait(threadId, "two");
    expect(await eventsOf(threadId)).toEqual(two);
  });

  it("is told what comes after any event of the last runs, by its number or its id", async () => {
    const threadId = newId();
    const all = [...(await sayAndWait(threadId, "one")), ...(await sayAndWait(threadId, "help"))];
    const last = all.at(-1);
    const isLast = ({ seq }: WireEvent): boolean => seq === last?.seq;
    const missed: string[] = [];
    for (const [index, { seq, event_id: id }] of all.slice(0, -1).entries()) {
      if (index % 4 !== 0) continue;
      const after = JSON.stringify(all.slice(index + 1));
      const bySeq = await (await Events.of(threadId, { since: seq })).until(isLast);
      const byId = await (await Events.of(threadId, {}, { "last-event-id": id })).until(isLast);
      if (JSON.stringify(bySeq) !== after) missed.push(`since ${seq}`);
      if (JSON.stringify(byId) !== after) missed.push(`Last-Event-ID ${id}`);
    }
    expect(missed).toEqual([]);
    expect(await (await Events.of(threadId, { since: 0 })).until(isLast)).toEqual(all);
  });

  it("is told the beginning and then what happens, while a run goes on", async () => {
    const threadId = newId();
    await say(threadId, "hello", { gate: threadId });
    await gateReached(threadId);
    const listeners = [
      await Events.of(threadId),
      await Events.of(threadId, { channels: ["lifecycle", "values"] }),
    ];
    openGate(threadId);
    const [all = [], some = []] = await Promise.all(listeners.map((one) => one.until()));
    expect(all[0]).toMatchObject({ method: "lifecycle", params: { data: { event: "running" } } });
    expect(some).toEqual(all.filter(({ method }) => ["lifecycle", "values"].includes(method)));
  });

  it("is told the end of a run a moment later when it asks for some namespaces, as it is about to ask for more", async () => {
    const threadId = newId();
    const limits = holdTimers(NARROW_HOLD_MS);
    const filter = { namespaces: [[]], depth: 1 };
    const before = await Events.of(threadId, filter);
    const watcher = await Events.of(threadId, { ...filter, channels: ["lifecycle", "input"] });
    const all = (await sayAndWait(threadId, "one")).filter(({ params }) => params.namespace.length <= 1);
    const after = await Events.of(threadId, filter);
    for (const expected of all.slice(0, -1)) {
      expect(await before.next()).toEqual(expected);
      expect(await after.next()).toEqual(expected);
    }
    expect(limits.count()).toBe(2);
    expect((await watcher.until()).at(-1)).toEqual(all.at(-1));
    await limits.goOff(objectOf(threadId));
    for (const events of [before, after]) {
      expect(await events.next()).toEqual(all.at(-1));
      await events.leave();
    }
    vi.restoreAllMocks();
  });

  it("is told the end of a run a moment later when it asks for the values alone, as the JavaScript SDK does at first", async () => {
    const threadId = newId();
    const limits = holdTimers(NARROW_HOLD_MS);
    const first = await Events.of(threadId, { channels: ["lifecycle", "input", "values"] });
    const wide = await Events.of(threadId, { channels: ["lifecycle", "input", "values", "messages"] });
    await sayAndWait(threadId, "one");
    const end = (await wide.until()).at(-1);
    expect(limits.count()).toBe(1);
    await limits.goOff(objectOf(threadId));
    expect((await first.until()).at(-1)).toEqual(end);
    vi.restoreAllMocks();
  });

  it("is told the end of a run no later when the clock is set back", async () => {
    const threadId = newId();
    const limits = holdTimers(NARROW_HOLD_MS);
    const values = await Events.of(threadId, { channels: ["lifecycle", "values"] });
    setClock("2039-12-31T23:59:00.000Z");
    await sayAndWait(threadId, "one");
    expect(limits.count()).toBe(1);
    await limits.goOff(objectOf(threadId));
    expect((await values.until()).at(-1)).toMatchObject({ params: { data: { event: "completed" } } });
    vi.restoreAllMocks();
  });

  it("goes on after the object was killed", async () => {
    const threadId = newId();
    const all = await sayAndWait(threadId, "one");
    await abortAllDurableObjects();
    expect(await eventsOf(threadId)).toEqual(all);
    const middle = all[5] as WireEvent;
    await abortAllDurableObjects();
    expect(await eventsOf(threadId, { since: middle.seq })).toEqual(all.slice(6));
    // The numbers of a host begin with the time.
    setClock("2040-01-01T00:00:01.000Z");
    const more = await sayAndWait(threadId, "two");
    expect((more[0] as WireEvent).seq).toBeGreaterThan((all.at(-1) as WireEvent).seq);
  });

  it("is told how a run ends that its host has died of", async () => {
    const threadId = newId();
    const before = await Events.of(threadId);
    const { run_id: runId } = await say(threadId, "hello", { gate: threadId });
    const begin = await before.next();
    await gateReached(threadId);
    await abortAllDurableObjects();
    openGate(threadId);
    setClock("2040-01-01T00:00:01.000Z");
    await runDurableObjectAlarm(objectOf(threadId));
    await ended(threadId, runId);
    const after = await eventsOf(threadId, {
      channels: ["lifecycle"],
      namespaces: [[]],
      depth: 0,
      since: begin.seq,
    });
    expect(
      after.map((event) => [event.event_id.split(":").slice(0, 2).join(":"), dataOf(event).event]),
    ).toEqual([
      [`synth:${runId}`, "running"],
      [`synth:${runId}`, "completed"],
    ]);
  });
});

describe("runs of the older API", () => {
  it("are told like others to those who listen before", async () => {
    const { thread_id: threadId } = await createThread();
    const events = await Events.of(threadId);
    const input = { messages: [{ role: "user", content: "hello" }] };
    await waitRun(threadId, { assistant_id: "talks", input });
    const told = (await events.until()).map(brief);
    expect(told).toContain("agent messages content-block-delta");
    expect(told.at(-1)).toBe("lifecycle completed");
  });

  it.each(["messages-tuple", "messages"])(
    "are told to both, when their client gets the messages as %s",
    async (mode) => {
      const { thread_id: threadId } = await createThread();
      const listening = await Events.of(threadId);
      const input = { messages: [{ role: "user", content: "weather please" }] };
      const stream = await open("POST", `/threads/${threadId}/runs/stream`, {
        assistant_id: "talks",
        input,
        stream_mode: [mode],
      });
      const older = (await stream.until()).map(({ event }) => event);
      expect(older).toContain(mode === "messages" ? "messages/partial" : "messages");
      const events = await listening.until();
      const blocks = events.filter(({ method }) => method === "messages").map(dataOf);
      expect(blocks.map(({ event }) => event)).toEqual(
        expect.arrayContaining([
          "message-start",
          "content-block-start",
          "content-block-delta",
          "content-block-finish",
          "message-finish",
        ]),
      );
      expect(blocks.find(({ event }) => event === "content-block-finish")?.content).toMatchObject({
        type: "tool_call",
        name: "weather",
        args: { city: "Oslo" },
      });
      expect(blocks.at(-2)?.content).toMatchObject({ type: "text", text: "You said: rain in Oslo" });
      expect(events.at(-1)?.params.data).toMatchObject({ event: "completed" });
    },
  );

  it("are told from where they stand to those who come in the middle", async () => {
    const { thread_id: threadId } = await createThread();
    await waitRun(threadId, { assistant_id: "echo", input: { text: "earlier" } });
    const run = await createRun(threadId, { assistant_id: "steps", input: { gate: threadId } });
    await gateReached(threadId);
    const events = await Events.of(threadId);
    const first = [await events.next(), await events.next()];
    openGate(threadId);
    const rest = await events.until();
    expect([...first, ...rest].map(brief)).toEqual([
      "lifecycle running",
      "values",
      "values",
      "values",
      "lifecycle completed",
    ]);
    expect(first.map((event) => event.event_id.startsWith(`synth:${run.run_id}`))).toEqual([true, false]);
    expect(await eventsOf(threadId)).toEqual([...first, ...rest]);
  });

  it("are told by their ends to those who come afterwards", async () => {
    const { thread_id: threadId } = await createThread();
    await waitRun(threadId, { assistant_id: "interrupts", input: { question: "why" } });
    const told = await eventsOf(threadId);
    expect(told.map(({ method, params }) => [method, params.data])).toEqual([
      ["values", { question: "why" }],
      ["input.requested", { interrupt_id: someText, payload: { question: "why" } }],
      ["lifecycle", { event: "interrupted", graph_name: "interrupts" }],
    ]);
    await abortAllDurableObjects();
    expect(await eventsOf(threadId)).toEqual(told);
    // The client has all of it. The next that it is told is the next run.
    const live = await Events.of(threadId, { since: told.at(-1)?.seq });
    await waitRun(threadId, { assistant_id: "interrupts", command: { resume: "so" } });
    const next = await live.until();
    expect(next[0]?.params.data).toMatchObject({ event: "running" });
    expect(await succeed(threadId, "agent.getTree")).toMatchObject({
      tree: { graph_name: "interrupts", status: "completed" },
    });
  });

  it("are told to have failed, to those who come afterwards", async () => {
    const { thread_id: threadId } = await createThread();
    await waitRun(threadId, { assistant_id: "fails", input: {} });
    const events = await eventsOf(threadId);
    expect(events.at(-1)?.params.data).toMatchObject({ event: "failed", error: someText });
  });

  it("are told to have been cancelled, to those who come afterwards", async () => {
    const { thread_id: threadId } = await createThread();
    await waitRun(threadId, { assistant_id: "echo", input: { text: "earlier" } });
    const { run_id: runId } = await createRun(threadId, { assistant_id: "steps", input: { gate: threadId } });
    await gateReached(threadId);
    await call("POST", `/threads/${threadId}/runs/${runId}/cancel?wait=true`);
    const told = await eventsOf(threadId);
    expect(told.map(brief)).toEqual(["values", "lifecycle interrupted"]);
    expect(told.at(-1)?.event_id).toBe(`synth:${runId}:end`);
    expect(await succeed(threadId, "agent.getTree")).toMatchObject({ tree: { status: "interrupted" } });
  });

  it("are not told of when they were rolled back", async () => {
    const { thread_id: threadId } = await createThread();
    const earlier = { assistant_id: "echo", input: { text: "earlier" } };
    const { run_id: earlierId } = await createRun(threadId, earlier);
    await ended(threadId, earlierId);
    const { run_id: runId } = await createRun(threadId, { assistant_id: "steps", input: { gate: threadId } });
    await gateReached(threadId);
    await call("POST", `/threads/${threadId}/runs/${runId}/cancel?wait=true&action=rollback`);
    const told = await eventsOf(threadId);
    expect(told.map(brief)).toEqual(["values", "lifecycle completed"]);
    expect(told.at(-1)?.event_id).toBe(`synth:${earlierId}:end`);
  });

  it("leave no events when nobody listens", async () => {
    const { thread_id: threadId } = await createThread();
    await waitRun(threadId, {
      assistant_id: "talks",
      input: { messages: [{ role: "user", content: "hello" }] },
    });
    const told = await eventsOf(threadId, { since: 0 });
    expect(told.map(brief)).toEqual(["values", "lifecycle completed"]);
  });
});

it("a run of the protocol is streamed and joined by the older API", async () => {
  const threadId = newId();
  const { run_id: runId } = await say(threadId, "hello", { gate: threadId });
  await gateReached(threadId);
  const stream = await open("GET", `/threads/${threadId}/runs/${runId}/stream?stream_mode=values`);
  openGate(threadId);
  const events = await stream.until();
  expect(events.every(({ event }) => ["values", "metadata"].includes(event))).toBe(true);
  const { body } = await call<{ messages: object[] }>("GET", `/threads/${threadId}/runs/${runId}/join`);
  expect(body.messages).toHaveLength(2);
  const { body: thread } = await call("GET", `/threads/${threadId}`);
  expect(thread).toMatchObject({ status: "idle" });
});

it("a thread without runs is told nothing of, and one that is deleted no more", async () => {
  const { thread_id: threadId } = await createThread();
  const events = await Events.of(threadId);
  await say(threadId, "hello");
  await events.until(isEnd);
  await call("DELETE", `/threads/${threadId}`);
  const again = await Events.of(threadId);
  await say(threadId, "after");
  const [first] = await again.until();
  expect(first?.params.data).toMatchObject({ event: "running" });
});
