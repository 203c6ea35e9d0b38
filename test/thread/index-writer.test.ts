/** The index in D1, when it does not take a row. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { SOON_MS } from "../../src/thread/thread-alarm";
import type { Run } from "../../src/wire/runs/run";
import { setClock, threadStub } from "../support/crons";
import { call } from "../support/edge";
import { gateReached, openGate } from "../support/graphs/steps";
import { createRun, createThread, getRun, searchThreads } from "../support/threads";
import { holdTimers } from "../support/timers";

const drop = (): Promise<unknown> => env.DB.prepare("DROP TRIGGER IF EXISTS poison").run();
afterEach(drop);

const indexed = async (threadId: string): Promise<string[]> =>
  (await call<Run[]>("GET", `/threads/${threadId}/runs`)).body.map(({ run_id: id }) => id);

it("a row that D1 refuses does not hold up the others, and lands when D1 takes it", async () => {
  await env.DB.prepare(
    `CREATE TRIGGER poison BEFORE INSERT ON runs WHEN NEW.metadata LIKE '%"poisoned":true%'
     BEGIN SELECT RAISE(ABORT, 'poisoned'); END`,
  ).run();
  const { thread_id: id } = await createThread();
  const fields = { assistant_id: "echo", input: {}, after_seconds: 1000 };
  const poisoned: string[] = [];
  for (let n = 0; n < 12; n++) {
    const run = await createRun(id, { ...fields, metadata: { poisoned: true } });
    poisoned.push(run.run_id);
    expect((await getRun(run).catch(() => null))?.status).toBe("pending");
  }
  const well = await createRun(id, fields);
  expect(await indexed(id)).toEqual([well.run_id]);
  expect(await searchThreads({ ids: [id] })).toMatchObject([{ status: "busy" }]);

  await drop();
  // Whoever brings the index up to date next, takes along what is left over.
  const last = await createRun(id, fields);
  expect(
    (await call<Run[]>("GET", `/threads/${id}/runs?limit=100`)).body.map((run) => run.run_id).sort(),
  ).toEqual([...poisoned, well.run_id, last.run_id].sort());
  // By the clock of another test these runs would be due, and the alarm of the object would set timers.
  await call("DELETE", `/threads/${id}`);
});

it("has the runs that begin while the alarm of their object waits for another", async () => {
  setClock("2040-01-01T00:00:00.000Z");
  const { thread_id: id } = await createThread();
  const gate = crypto.randomUUID();
  onTestFinished(() => {
    openGate(gate);
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
  const wait = (): Promise<unknown> =>
    call("POST", `/threads/${id}/runs/wait`, { assistant_id: "steps", input: { gate } });
  const first = wait();
  await gateReached(gate);
  const stub = threadStub(id);
  const seconds = holdTimers(SOON_MS);
  setClock("2040-01-01T00:00:00.500Z");
  // Whatever set the alarm earlier: it rings when the run is not to be written yet.
  const alarm = runDurableObjectAlarm(stub);
  const secondIsOver = async (): Promise<void> => {
    await expect.poll(() => seconds.count()).toBe(1);
    await seconds.goOff(stub);
  };
  setClock("2040-01-01T00:00:01.500Z");
  await secondIsOver();
  await expect.poll(() => indexed(id)).toHaveLength(1);
  const second = wait();
  const countStored = (): Promise<unknown> =>
    runInDurableObject(stub as DurableObjectStub, (_instance, { storage }) =>
      storage.sql.exec("SELECT count(*) AS n FROM runs").one(),
    );
  await expect.poll(countStored).toEqual({ n: 2 });
  setClock("2040-01-01T00:00:03.000Z");
  await secondIsOver();
  await expect.poll(() => indexed(id)).toHaveLength(2);
  openGate(gate);
  await Promise.all([first, second, alarm]);
});
