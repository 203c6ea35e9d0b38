/** When a client in Python is told what. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { toSentEvent } from "../../../src/thread/protocol/protocol-event";
import { PythonTeller } from "../../../src/thread/protocol/python-view";
import { inputRequested } from "../../../src/thread/protocol/run-events";
import type { SentEvent } from "../../../src/thread/streams/sent-event";

// Nothing here waits for anything but the timers of the class under test.
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A question that has just come up. */
const question = (): SentEvent =>
  toSentEvent(
    { id: Date.now() * 1000, runId: "run", threadId: "thread" },
    inputRequested("run", [], { id: "interrupt", value: "sure?" }),
  ) as SentEvent;

it("a question is told a moment later", () => {
  const told: string[] = [];
  new PythonTeller(({ event }) => told.push(event)).tell(question());
  expect(told).toEqual([]);
  vi.runAllTimers();
  expect(told).toEqual(["input.requested"]);
});

it("a client that has gone is not waited for", () => {
  const told: string[] = [];
  const teller = new PythonTeller(({ event }) => told.push(event));
  teller.tell(question());
  teller.stop();
  expect(vi.getTimerCount()).toBe(0);
  teller.tell(question());
  expect(vi.getTimerCount()).toBe(0);
  expect(told).toEqual([]);
});

/** An event of a message; the number tells it from the others. */
const ofMessage = (id: number, data: object): SentEvent =>
  toSentEvent(
    { id, runId: "run", threadId: "thread" },
    { method: "messages", namespace: [], data },
  ) as SentEvent;

it("a message without content is left out, and one with content is told when that comes", () => {
  const told: number[] = [];
  const teller = new PythonTeller(({ id }) => told.push(id));
  teller.tell(ofMessage(1, { event: "message-start", id: "empty" }));
  teller.tell(ofMessage(2, { event: "message-finish" }));
  teller.tell(ofMessage(3, { event: "message-start", id: "full" }));
  expect(told).toEqual([]);
  teller.tell(
    ofMessage(4, {
      event: "content-block-start",
      content: { type: "text", text: '"event":"message-finish"' },
    }),
  );
  teller.tell(ofMessage(5, { event: "message-finish" }));
  expect(told).toEqual([3, 4, 5]);
});
