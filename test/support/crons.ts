/** Crons under test: made through the edge, their time set by hand, their alarms run by hand. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, vi } from "vitest";
import type { CronDefinition } from "../../src/calls/cron-definition";
import { threadObjectName } from "../../src/calls/thread-id";
import type { CronDO } from "../../src/cron/cron-do";
import { threadIdOf } from "../../src/cron/slot-ids";
import type { ThreadDO } from "../../src/thread/thread-do";
import type { Cron } from "../../src/wire/crons/cron";
import type { Figures } from "../../src/wire/crons/figures";
import type { Slot } from "../../src/wire/crons/slot";
import type { Run } from "../../src/wire/runs/run";
import { call } from "./edge";
import { until } from "./until";

/** Sets the clock, for the tests and for the objects: only `Date` is faked, so nothing waits for it. */
export function setClock(iso: string): void {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(iso) });
}

/** Each test of the file or suite starts at this time; after it the clock is real again, and so is what was spied upon. */
export function atClock(iso: string): void {
  beforeEach(() => {
    setClock(iso);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}

/** Makes a stateless cron of the graph "echo" that is due at 15:27 each day, unless `fields` says otherwise. */
export async function createCron(fields: Record<string, unknown> = {}): Promise<Cron> {
  const { status, body } = await call<Cron>("POST", "/runs/crons", {
    assistant_id: "echo",
    schedule: "27 15 * * *",
    input: { text: "hello" },
    ...fields,
  });
  if (status !== 200) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

export const cronStub = (cronId: string): DurableObjectStub<CronDO> =>
  env.CRON.get(env.CRON.idFromName(cronId)) as unknown as DurableObjectStub<CronDO>;

export const threadStub = (threadId: string): DurableObjectStub<ThreadDO> =>
  env.THREAD.get(env.THREAD.idFromName(threadObjectName(threadId))) as unknown as DurableObjectStub<ThreadDO>;

/** Sets the clock and runs the cron's alarm, as the platform does when it is due. @returns whether one was set */
export async function ringAt(iso: string, cronId: string): Promise<boolean> {
  setClock(iso);
  return runDurableObjectAlarm(cronStub(cronId));
}

/** The alarm that an object has set, as ISO text. */
export const alarmOf = (
  stub: DurableObjectStub<CronDO> | DurableObjectStub<ThreadDO>,
): Promise<string | null> =>
  runInDurableObject(stub as DurableObjectStub, async (_instance, state) => {
    const at = await state.storage.getAlarm();
    return at === null ? null : new Date(at).toISOString();
  });

export const getCron = async (cronId: string): Promise<Cron> =>
  (await call<Cron>("GET", `/runs/crons/${cronId}`)).body;

export const slotsOf = async (cronId: string, query = ""): Promise<Slot[]> =>
  (await call<Slot[]>("GET", `/runs/crons/${cronId}/slots${query}`)).body;

/** The runs that D1 has of a cron. */
export const runsOf = async (cronId: string): Promise<Run[]> =>
  (await call<Run[]>("POST", "/runs/search", { metadata: { cron_id: cronId }, limit: 1000 })).body;

/** Waits until the run of the slot is over; what it answers is the thread's business. */
export async function settled(slot: Slot | undefined): Promise<void> {
  if (slot?.run_id == null) throw new Error(`the slot has no run: ${JSON.stringify(slot)}`);
  await call("GET", `/threads/${slot.thread_id}/runs/${slot.run_id}/join`);
}

export const figuresOf = async (cronId: string): Promise<Figures> =>
  (await call<Figures>("GET", `/runs/crons/${cronId}/figures`)).body;

/** Waits until the cron has counted so many runs that have ended. Their objects may still be writing to D1. */
export async function counted(cronId: string, runs: number): Promise<void> {
  await until(async () => {
    const { success, error, timeout, interrupted, rolled_back: rolledBack } = (await figuresOf(cronId)).runs;
    return success + error + timeout + interrupted + rolledBack >= runs;
  });
}

/** Waits until the cron has counted so many runs that have ended, and all objects have done what the ends bring about. */
export async function ended(cronId: string, runs: number): Promise<void> {
  await counted(cronId, runs);
  const runsByObject = new Map<string, { threadId: string; runIds: string[] }>();
  for (const { run_id: runId, thread_id: threadId, run } of await slotsOf(cronId, "?limit=1000")) {
    if (runId === null || threadId === null || run === null) continue;
    const object = threadObjectName(threadId);
    const { runIds = [] } = runsByObject.get(object) ?? {};
    runsByObject.set(object, { threadId, runIds: [...runIds, runId] });
  }
  await Promise.all([...runsByObject.values()].map(({ threadId, runIds }) => settledIn(threadId, runIds)));
  await untilAdvanced(cronId);
}

/** Waits until the cron's object has done what it was asked to do. Until then its alarm may be one that is set for safety alone. */
export const untilAdvanced = (cronId: string): Promise<void> =>
  runInDurableObject(cronStub(cronId) as DurableObjectStub, async (instance) => {
    const { advance } = instance as unknown as { advance: { lastWork: Promise<void> } };
    for (let work; work !== advance.lastWork;) {
      work = advance.lastWork;
      await work;
    }
  });

/** Waits until the object of the thread has nothing more to do for the runs: D1 has their ends, unless it is down. */
const settledIn = (threadId: string, runIds: string[]): Promise<void> =>
  until(() =>
    runInDurableObject(threadStub(threadId) as DurableObjectStub, (instance) => {
      const { queue } = instance as unknown as { queue: { isExecuting: (runId: string) => boolean } };
      return !runIds.some((runId) => queue.isExecuting(runId));
    }),
  );

/** Waits until the object has made the writes to D1 that it has begun, or has found that D1 is down. */
export const untilWritten = (stub: DurableObjectStub<ThreadDO>): Promise<void> =>
  runInDurableObject(stub as DurableObjectStub, async (instance) => {
    const { index } = instance as unknown as { index: { lastWrite: Promise<boolean> } };
    for (let write; write !== index.lastWrite;) {
      write = index.lastWrite;
      await write;
    }
  });

/** How many rows each table of an object holds; empty when the object has nothing stored. */
export const rowsOf = (
  stub: DurableObjectStub<CronDO> | DurableObjectStub<ThreadDO>,
): Promise<Record<string, number>> =>
  runInDurableObject(stub as DurableObjectStub, (_instance, { storage: { sql } }) => {
    const tables = sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray();
    return Object.fromEntries(
      tables.map(({ name }) => [name, sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${name}`).one().n]),
    );
  });

/** How many rows the thread and its runs have in their object. A short-lived thread shares the object with those of other tests, by chance. */
export const rowsOfThread = (threadId: string): Promise<{ threads: number; runs: number }> =>
  runInDurableObject(threadStub(threadId) as DurableObjectStub, (_instance, { storage: { sql } }) => {
    const rowsIn = (table: string): number =>
      sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE thread_id = ?`, threadId).one().n;
    return { threads: rowsIn("threads"), runs: rowsIn("runs") };
  });

/** The standing objects in which the cron's temporary threads are: at first, and once its runs are known to be short. */
export const standingObjectsOf = (cronId: string): ReturnType<typeof threadStub>[] =>
  [[], [0]].map((durationMs) => {
    const definition = { cronId, threadId: null, onRunCompleted: "delete" } as CronDefinition;
    return threadStub(threadIdOf(definition, { scheduledFor: 0, manual: false }, durationMs));
  });

/** Ids of crons whose temporary threads share an object. */
export function sharing(count: number): string[] {
  const objectOf = (cronId: string): string => {
    const definition = { cronId, threadId: null, onRunCompleted: "delete" } as CronDefinition;
    return threadObjectName(threadIdOf(definition, { scheduledFor: 0, manual: false }));
  };
  const first = crypto.randomUUID();
  const cronIds = [first];
  while (cronIds.length < count) {
    const cronId = crypto.randomUUID();
    if (objectOf(cronId) === objectOf(first)) cronIds.push(cronId);
  }
  return cronIds;
}
