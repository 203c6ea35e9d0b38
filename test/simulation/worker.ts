/** A thread that simulates the schedules it is given, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { takeOverEngine } from "./globals";
import { simulate } from "./simulate";
import { readMigrations } from "./world";

const { root } = workerData as { root: string };
const migrations = readMigrations(root);
// The server logs the stacks of all that fails, and a lot does.
Error.stackTraceLimit = 3;
await takeOverEngine();
process.on("unhandledRejection", (error) => {
  // Of the dead nobody waits for an answer.
  if (!(error instanceof Error && error.message === "the host is dead")) throw error;
});
parentPort?.on("message", ({ seed, tracing }: { seed: string; tracing: boolean }) => {
  void simulate(seed, migrations, tracing).then((verdict) => parentPort?.postMessage(verdict));
});
