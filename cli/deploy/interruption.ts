/** What ends a command early: a signal, or Ctrl-C at a question or while progress is shown. */
import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const STOPPED_BY_USER = 128 + constants.signals.SIGINT;

/**
 * Does the work such that the process ends by `process.exit` when it is told to: then what has to be removed or shown at the end is.
 * @returns the exit code of the work
 */
export async function interruptible(work: () => Promise<number>): Promise<number> {
  // The library that shows progress ends the process with 0 at Ctrl-C.
  const onExit = (code: number): void => {
    if (code === 0) process.exitCode = STOPPED_BY_USER;
  };
  process.on("exit", onExit);
  const handlers = SIGNALS.map((signal) => {
    const end = (): void => {
      process.exit(128 + constants.signals[signal]);
    };
    process.on(signal, end);
    return { signal, end };
  });
  try {
    return await work();
  } finally {
    process.off("exit", onExit);
    for (const { signal, end } of handlers) process.off(signal, end);
  }
}
