/** When a client is told the end of a run. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HeldEnd } from "../../../src/thread/protocol/held-end";
import { serverEvent } from "../../../src/thread/protocol/run-events";
import { toSentEvent } from "../../../src/thread/protocol/protocol-event";
import type { SentEvent } from "../../../src/thread/streams/sent-event";

const event = (id: number, what: string): SentEvent =>
  toSentEvent(
    { id, runId: "run", threadId: "thread" },
    serverEvent("lifecycle", { event: what }, { runId: "run", what }),
  ) as SentEvent;
const begin = event(1, "running:1");
const end = event(2, "end");

describe("the end of a run that is held", () => {
  // Nothing here waits for anything but the timers of the class under test.
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is told a moment after what was before it", () => {
    const told: number[] = [];
    new HeldEnd(({ id }) => told.push(id)).replay([begin, end], 25);
    expect(told).toEqual([1]);
    vi.advanceTimersByTime(25);
    expect(told).toEqual([1, 2]);
  });

  it("is told once when it is replayed to two subscriptions, and before the next event", () => {
    const told: number[] = [];
    const teller = new HeldEnd(({ id }) => told.push(id));
    teller.replay([begin, end], 25);
    vi.advanceTimersByTime(20);
    teller.replay([begin, end], 25);
    vi.advanceTimersByTime(20);
    expect(told).toEqual([1, 1]);
    teller.tell(event(3, "running:2"));
    vi.runAllTimers();
    expect(told).toEqual([1, 1, 2, 3]);
  });

  it("is told at once when the next run ends too, as one does that is cancelled before it has begun", () => {
    const told: number[] = [];
    const teller = new HeldEnd(({ id }) => told.push(id));
    teller.hold(end, 25);
    teller.hold(event(3, "end"), 25);
    expect(told).toEqual([2]);
    vi.runAllTimers();
    expect(told).toEqual([2, 3]);
  });

  it("is not told to a client that has gone", () => {
    const told: number[] = [];
    const teller = new HeldEnd(({ id }) => told.push(id));
    teller.hold(end, 25);
    teller.stop();
    expect(vi.getTimerCount()).toBe(0);
    expect(told).toEqual([]);
  });
});
