/**
 * Waits for what comes about by itself. Tests wait by this and by `expect.poll`, whose limit is in vitest.config.ts. A limit of their own, or
 * Vitest's usual one of a second, is too short one day on a busy machine.
 */

/** Below the limit of a test, so that the test can say what it waited for. */
const LIMIT_MS = 120_000;
const INTERVAL_MS = 5;

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  // Not by `Date`, which tests set.
  const end = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it did not come true: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
