/** Time limits of the server that are over when a test says so, and not after so many seconds in which all else has to be done. */
import { runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";

export interface HeldTimers {
  /** How many were set and have not gone off. */
  count: () => number;
  /** Has those of the object go off, or those of the test itself. They are its own, so this is done in it. */
  goOff: (stub?: DurableObjectStub) => Promise<void>;
}

/** Holds all timers of exactly so many milliseconds until the mocks are restored. */
export function holdTimers(ms: number): HeldTimers {
  const held: (() => void)[] = [];
  const { setTimeout: real } = globalThis;
  vi.spyOn(globalThis, "setTimeout").mockImplementation((callback: () => void, delay?: number) => {
    if (delay !== ms) return real(callback, delay);
    held.push(callback);
    // Whoever clears the timer clears this one.
    return real(() => undefined, 0);
  });
  const goOff = (): void => {
    for (const callback of held.splice(0)) callback();
  };
  return {
    count: () => held.length,
    goOff: async (stub) => {
      if (stub === undefined) goOff();
      else await runInDurableObject(stub, goOff);
    },
  };
}

/** Has all timers of exactly so many milliseconds take longer until the mocks are restored. */
export function stretchTimers(ms: number, longerMs: number): void {
  const { setTimeout: real } = globalThis;
  vi.spyOn(globalThis, "setTimeout").mockImplementation((callback: () => void, delay?: number) =>
    real(callback, delay === ms ? longerMs : delay),
  );
}
