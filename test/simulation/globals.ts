/** The engine's clock, timers and chance, handed over to whichever world is simulated at the moment. */
import { ensureDefaultAssistants } from "../../src/d1/default-assistants";
import type { Random } from "./random";
import type { Timeline } from "./timeline";

/** What the simulated server sees of its engine. */
export interface Engine {
  timeline: Timeline;
  random: Random;
  fetch: (url: string, signal: AbortSignal | null | undefined) => Promise<Response>;
  log: (line: string) => void;
}

let engine: Engine | undefined;

export const setEngine = (next: Engine): void => {
  engine = next;
};

const current = (): Engine => {
  if (engine === undefined) throw new Error("no world is simulated");
  return engine;
};

/** Once in a thread, before the first world. */
export async function takeOverEngine(): Promise<void> {
  // What an isolate does once would make its first world another than all others.
  const nothing = { prepare: () => ({ bind: () => undefined }), batch: async () => [] };
  await ensureDefaultAssistants(nothing as unknown as D1Database);
  Date.now = () => current().timeline.wall();
  Object.assign(globalThis, {
    setTimeout: (work: () => void, delayMs = 0) => current().timeline.after(delayMs, work),
    clearTimeout: (booking?: { cancel: () => void }) => booking?.cancel(),
    fetch: (url: string, { signal }: { signal?: AbortSignal | null }) => current().fetch(url, signal),
  });
  crypto.randomUUID = () => {
    const digits = Array.from({ length: 8 }, () =>
      current().random.int(0, 0xffff).toString(16).padStart(4, "0"),
    );
    return `${digits[0]}${digits[1]}-${digits[2]}-4${digits[3]?.slice(1)}-8${digits[4]?.slice(1)}-${digits.slice(5).join("")}`;
  };
  const log = (line: unknown): void => {
    current().log(String(line));
  };
  console.log = log;
  console.error = log;
}
