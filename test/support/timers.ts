/** Time limits of the server that are over when a test says so, and not after so many seconds in which all else has to be done. */
import { runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";

export interface HeldTimers {
  /** How many were set, and have neither gone off nor been cleared. */
  count: () => number;
  /** Has those of the object go off, or those of the test itself. They are its own, so this is done in it. */
  goOff: (stub?: DurableObjectStub) => Promise<void>;
}

/** Holds all timers of exactly so many milliseconds until the mocks are restored. */
export function holdTimers(ms: number): HeldTimers {
  const held = new Map<unknown, () => void>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  vi.spyOn(globalThis, "setTimeout").mockImplementation((callback: () => void, delay?: number) => {
    if (delay !== ms) return set(callback, delay);
    const timer = set(() => undefined, 0);
    held.set(timer, callback);
    return timer;
  });
  vi.spyOn(globalThis, "clearTimeout").mockImplementation((timer) => {
    held.delete(timer);
    clear(timer);
  });
  const goOff = (): void => {
    const callbacks = [...held.values()];
    held.clear();
    for (const callback of callbacks) callback();
  };
  return {
    count: () => held.size,
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
