/** Runs that end while their cron waits for the answer to enqueuing them. */
import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { CronDefinition } from "../../src/calls/cron-definition";
import { CronDO } from "../../src/cron/cron-do";
import { threadIdOf } from "../../src/cron/slot-ids";
import { removeOldRuns } from "../../src/d1/old-runs";
import type { Cron } from "../../src/wire/crons/cron";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ended,
  figuresOf,
  getCron,
  ringAt,
  rowsOf,
  rowsOfThread,
  runsOf,
  setClock,
  slotsOf,
  threadStub,
} from "../support/crons";
import { call } from "../support/edge";
import { executionsOf, gateReached, openGate } from "../support/graphs/steps";
import { setD1, setFates, type Fate } from "../support/outage";
import { withAnswers } from "../support/reports";
import { until } from "../support/until";

const DUE = "2040-01-01T15:27:00.000Z";

atClock("2040-01-01T00:00:00.000Z");

/** The id of the thread of the cron's first slot, which shares its object with threads of other tests, by chance. */
const threadIdOfFirst = ({ cron_id: cronId }: Cron): string => {
  const definition = { cronId, threadId: null, onRunCompleted: "delete" } as CronDefinition;
  return threadIdOf(definition, { scheduledFor: Date.parse(DUE), manual: false });
};

const threadOf = (cron: Cron): ReturnType<typeof threadStub> => threadStub(threadIdOfFirst(cron));

/** Rings the cron's alarm at the time for which it is set. */
async function ringNext(cronId: string): Promise<void> {
  await ringAt((await alarmOf(cronStub(cronId))) ?? "", cronId);
}

/** Has D1 hold records of runs that ended then. @returns a limit of which D1 takes more than 80 % */
async function shortOfSpace(at: string): Promise<string> {
  const { meta } = await env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
     INSERT INTO runs (run_id, thread_id, assistant_id, status, metadata, kwargs, multitask_strategy, created_at, updated_at,
       due_at, revision)
     SELECT lower(hex(randomblob(16))), 't', 'a', 'success', '{}', printf('%.*c', 20000, 'x'), 'enqueue', ?1 + i, ?1 + i, 0, 1 FROM n`,
  )
    .bind(Date.parse(at))
    .run();
  return `${Math.ceil(meta.size_after / 0.85)}`;
}

/** A slot whose run has ended, while the answer to the cron was lost. */
async function slotWithLostAnswer(): Promise<Cron> {
  withAnswers();
  const cron = await createCron();
  await setFates(cronStub(cron.cron_id), ["answer lost"]);
  await ringAt(DUE, cron.cron_id);
  expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["pending"]);
  expect(await runsOf(cron.cron_id)).toMatchObject([{ status: "success" }]);
  return cron;
}

/** The slot fired once, and the end of its one run was counted once. */
async function expectFiredOnce(cronId: string): Promise<void> {
  await ended(cronId, 1);
  expect((await slotsOf(cronId)).map(({ status }) => status)).toEqual(["fired"]);
  expect(await runsOf(cronId)).toMatchObject([{ status: "success", attempts: 1 }]);
  expect(await figuresOf(cronId)).toMatchObject({
    slots: { fired: 1, pending: 0 },
    runs: { success: 1, running: 0 },
  });
}

it("a run that ends at once is not reported by a call of its own, and D1 has its end with the firing", async () => {
  withAnswers();
  const reported = vi.spyOn(CronDO.prototype, "runEnded");
  const cron = await createCron();
  await ringAt(DUE, cron.cron_id);
  await expectFiredOnce(cron.cron_id);
  expect(reported).not.toHaveBeenCalled();
  expect(await rowsOfThread(threadIdOfFirst(cron))).toEqual({ threads: 0, runs: 0 });
  const [found] = (await call<Cron[]>("POST", "/runs/crons/search", { limit: 1000 })).body.filter(
    ({ cron_id: id }) => id === cron.cron_id,
  );
  expect(found).toEqual(await getCron(cron.cron_id));
});

it("a run that takes longer is acknowledged first, and its end is reported", async () => {
  const reported = vi.spyOn(CronDO.prototype, "runEnded");
  const gate = crypto.randomUUID();
  const cron = await createCron({ assistant_id: "steps", input: { gate } });
  await ringAt(DUE, cron.cron_id);
  expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["fired"]);
  expect((await figuresOf(cron.cron_id)).runs).toMatchObject({ running: 1, success: 0 });
  expect(await alarmOf(threadOf(cron))).not.toBeNull();
  openGate(gate);
  await ended(cron.cron_id, 1);
  expect(reported).toHaveBeenCalledOnce();
  await expectFiredOnce(cron.cron_id);
});

it("a run that fails for good alerts and pauses as a reported one does", async () => {
  withAnswers();
  const cron = await createCron({
    assistant_id: "fails",
    pause_after_failures: 1,
  });
  await ringAt(DUE, cron.cron_id);
  expect(await getCron(cron.cron_id)).toMatchObject({
    enabled: false,
    note: expect.stringContaining("paused after 1 failed runs in a row") as string,
  });
  expect((await figuresOf(cron.cron_id)).runs).toMatchObject({ error: 1, running: 0 });
});

describe("an answer that is lost", () => {
  it("leaves no thread of a run whose row was removed just before the host died", async () => {
    const cron = await slotWithLostAnswer();
    const threads = threadOf(cron);
    await evictDurableObject(threads);
    await runInDurableObject(threads as DurableObjectStub, (_instance, { storage: { sql } }) =>
      sql.exec(
        `INSERT INTO threads (thread_id, status, metadata, config, temporary, created_at, updated_at, revision)
         VALUES (?, 'busy', '{}', '{}', 1, 0, 0, 1)`,
        crypto.randomUUID(),
      ),
    );
    await evictDurableObject(threads);
    await ringNext(cron.cron_id);
    await expectFiredOnce(cron.cron_id);
    await runDurableObjectAlarm(threads);
    await expect.poll(() => rowsOf(threads)).toMatchObject({ threads: 0, runs: 0 });
  });

  it("is found again in the memory of the thread object", async () => {
    const { cron_id: cronId } = await slotWithLostAnswer();
    await setD1(cronStub(cronId), false);
    await ringNext(cronId);
    await setD1(cronStub(cronId), true);
    await expectFiredOnce(cronId);
  });

  it("is found again in D1, when the thread object has lost its memory", async () => {
    const cron = await slotWithLostAnswer();
    await evictDurableObject(threadOf(cron));
    await ringNext(cron.cron_id);
    await expectFiredOnce(cron.cron_id);
  });

  it("is waited for when D1 is down then, however long that takes", async () => {
    const cron = await slotWithLostAnswer();
    await evictDurableObject(threadOf(cron));
    await setD1(cronStub(cron.cron_id), false);
    for (let retries = 0; retries < 20; retries++) await ringNext(cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["pending"]);
    await setD1(cronStub(cron.cron_id), true);
    await ringNext(cron.cron_id);
    await expectFiredOnce(cron.cron_id);
  });

  it("is found again in D1, though D1 is short of space while the deliveries are made", async () => {
    const cron = await slotWithLostAnswer();
    await evictDurableObject(threadOf(cron));
    setClock("2040-01-01T15:39:00.000Z");
    await removeOldRuns({ ...env, D1_SIZE_LIMIT: await shortOfSpace("2040-01-01T15:28:00.000Z") });
    await ringAt("2040-01-01T15:39:00.000Z", cron.cron_id);
    await expectFiredOnce(cron.cron_id);
    expect((await runsOf(cron.cron_id))[0]?.created_at).toBe(DUE);
  });

  it("makes the slot missed when nobody can know any more whether its run was made, and no second run", async () => {
    const cron = await slotWithLostAnswer();
    const stub = cronStub(cron.cron_id);
    await evictDurableObject(threadOf(cron));
    await setD1(stub, false);
    await ringNext(cron.cron_id);
    setClock("2040-01-01T18:00:00.000Z");
    await removeOldRuns({ ...env, D1_SIZE_LIMIT: await shortOfSpace("2040-01-01T15:28:00.000Z") });
    await setD1(stub, true);
    await ringAt("2040-01-01T18:00:01.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toMatchObject([
      {
        status: "missed",
        reason: "its run may have been made: the record of such a run is removed by now",
        run_id: null,
      },
    ]);
    expect(await runsOf(cron.cron_id)).toEqual([]);
    expect((await figuresOf(cron.cron_id)).runs).toMatchObject({ success: 0, running: 0 });
    expect((await getCron(cron.cron_id)).next_run_date).toBe("2040-01-02T15:27:00.000Z");
  });

  it("is not waited for when no run was made of a slot that is older than the records in D1", async () => {
    await env.DB.prepare("DELETE FROM settings").run();
    await shortOfSpace("2039-12-27T00:00:00.000Z");
    await removeOldRuns({ ...env, RUN_RECORD_DAYS: "1" });
    const cron = await createCron();
    await setFates(cronStub(cron.cron_id), ["refused"]);
    const period = { start: "2039-12-25T00:00:00.000Z", end: "2039-12-26T00:00:00.000Z" };
    await call("POST", `/runs/crons/${cron.cron_id}/backfill`, period);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["pending"]);
    await ringNext(cron.cron_id);
    await expectFiredOnce(cron.cron_id);
  });

  it("is known though the owner deletes the run before it is asked for", async () => {
    const cron = await slotWithLostAnswer();
    const [run] = await runsOf(cron.cron_id);
    const { status } = await call("DELETE", `/threads/${run?.thread_id}/runs/${run?.run_id}`);
    expect(status).toBe(204);
    await evictDurableObject(threadOf(cron));
    await ringNext(cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map((slot) => slot.status)).toEqual(["fired"]);
    expect(await runsOf(cron.cron_id)).toEqual([]);
    expect((await figuresOf(cron.cron_id)).runs).toMatchObject({ success: 1, running: 0 });
  });
});

describe("a cron that has given up waiting for the answer, while the thread object still works on the call", () => {
  /** A slot whose run waits at a gate in its first step, and of which the cron knows only that it is there. */
  async function foundAgain(fates: Fate[]): Promise<{ cron: Cron; gate: string }> {
    const gate = crypto.randomUUID();
    const cron = await createCron({ assistant_id: "steps", input: { key: gate, gate, gate_at: "one" } });
    await setFates(cronStub(cron.cron_id), fates);
    await ringAt(DUE, cron.cron_id);
    await gateReached(gate);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["pending"]);
    await ringNext(cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["fired"]);
    return { cron, gate };
  }

  it("is told of the end by a report", async () => {
    const { cron, gate } = await foundAgain(["too slow"]);
    openGate(gate);
    await ended(cron.cron_id, 1);
    await expectFiredOnce(cron.cron_id);
    expect(executionsOf(gate, "one")).toBe(1);
  });

  it("may rely on the run, also if the host of the thread dies", async () => {
    const { cron, gate } = await foundAgain(["too slow"]);
    await abortAllDurableObjects();
    expect(await rowsOfThread(threadIdOfFirst(cron))).toEqual({ runs: 1, threads: 1 });
    openGate(gate);
    await runDurableObjectAlarm(threadOf(cron));
    await ended(cron.cron_id, 1);
    expect(await runsOf(cron.cron_id)).toMatchObject([{ status: "success", attempts: 2 }]);
  });
});

it("a run that goes on while the answer is lost is found, and reports its end", async () => {
  const gate = crypto.randomUUID();
  const cron = await createCron({ assistant_id: "steps", input: { gate } });
  await setFates(cronStub(cron.cron_id), ["answer lost"]);
  await ringAt(DUE, cron.cron_id);
  expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["pending"]);
  await ringNext(cron.cron_id);
  expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["fired"]);
  openGate(gate);
  await ended(cron.cron_id, 1);
  await expectFiredOnce(cron.cron_id);
});

it("a cron that is deleted while the end of its run is on the way leaves no row in D1", async () => {
  const gate = crypto.randomUUID();
  const { cron_id: cronId } = await createCron({ assistant_id: "steps", input: { gate } });
  const rung = ringAt(DUE, cronId);
  await gateReached(gate);
  const deleted = call("DELETE", `/runs/crons/${cronId}`);
  await until(async () => (await call("GET", `/runs/crons/${cronId}`)).status === 404);
  openGate(gate);
  expect((await deleted).status).toBe(200);
  await rung;
  expect(await env.DB.prepare("SELECT 1 FROM crons WHERE cron_id = ?").bind(cronId).first()).toBeNull();
});
