/** How crons wait for the ends of their runs. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EndWaits } from "../../../src/thread/runs/end-waits";

const LIMIT_MS = 250;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A wait for a run that ends when told so. */
function waitFor(waits: EndWaits) {
  const { promise, resolve, reject } = Promise.withResolvers<null>();
  let isOver = false;
  const over = waits.untilSettled(promise, LIMIT_MS).then(() => {
    isOver = true;
  });
  return {
    end: () => {
      resolve(null);
    },
    fail: reject,
    over,
    isOver: () => isOver,
  };
}

it("a wait is over when the run has ended, or was cut off, and leaves no timer behind", async () => {
  const waits = new EndWaits();
  const [ended, cutOff] = [waitFor(waits), waitFor(waits)];
  ended.end();
  await ended.over;
  expect(cutOff.isOver()).toBe(false);
  expect(vi.getTimerCount()).toBe(1);
  cutOff.fail(new Error("the host died"));
  await cutOff.over;
  expect(vi.getTimerCount()).toBe(0);
});

it("waits that begin within a fifth of the time share a timer, and none takes longer than its time", async () => {
  const waits = new EndWaits();
  const first = waitFor(waits);
  await vi.advanceTimersByTimeAsync(LIMIT_MS * 0.2);
  const second = waitFor(waits);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  const third = waitFor(waits);
  expect(vi.getTimerCount()).toBe(2);

  await vi.advanceTimersByTimeAsync(LIMIT_MS * 0.8 - 2);
  expect([first, second, third].map((wait) => wait.isOver())).toEqual([false, false, false]);
  await vi.advanceTimersByTimeAsync(1);
  expect([first, second, third].map((wait) => wait.isOver())).toEqual([true, true, false]);
  await vi.advanceTimersByTimeAsync(LIMIT_MS * 0.2 + 1);
  expect(third.isOver()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

it("a wait that begins when all before it are over has its whole time", async () => {
  const waits = new EndWaits();
  const first = waitFor(waits);
  first.end();
  await first.over;
  await vi.advanceTimersByTimeAsync(10);
  const second = waitFor(waits);
  await vi.advanceTimersByTimeAsync(LIMIT_MS - 1);
  expect(second.isOver()).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(second.isOver()).toBe(true);
});

it("a clock that is set back makes no wait longer", async () => {
  const waits = new EndWaits();
  const first = waitFor(waits);
  vi.setSystemTime(Date.now() - 60_000);
  const second = waitFor(waits);
  await vi.advanceTimersByTimeAsync(LIMIT_MS);
  expect([first, second].map((wait) => wait.isOver())).toEqual([true, true]);
});
