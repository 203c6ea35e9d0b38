/** What a server is asked. */
interface Server {
  call(method: string, path: string, body?: unknown): Promise<unknown>;
}

/** Waits for as long as something moves; see the implementation. */
export declare function untilQuiet(
  server: Server,
  crons: readonly { cronId: string }[],
  stuckAfterMs: number,
  time?: { now: () => number; wait: (ms: number) => Promise<void> },
): Promise<{ waitedMs: number; stuck: string[] }>;
