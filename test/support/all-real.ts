/** One process runs one test file after the other. What a file has faked is real again before the next one begins. */
import { vi } from "vitest";

export function makeAllReal(): void {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
}

makeAllReal();
