/** What the index has of a cron is written together with the run that changed it, and catches up when that goes wrong. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { ThreadDO } from "../../src/thread/thread-do";
import type { Cron } from "../../src/wire/crons/cron";
import { readStoredFigures } from "../../src/calls/cron-entry";
import type { Figures } from "../../src/wire/crons/figures";
import {
  alarmOf,
  atClock,
  counted,
  createCron,
  cronStub,
  ended,
  figuresOf,
  getCron,
  ringAt,
  setClock,
  sharing,
  slotsOf,
  threadStub,
} from "../support/crons";
import { call } from "../support/edge";
import { gateReached, openGate } from "../support/graphs/steps";
import { rebind, setD1 } from "../support/outage";
import { hearReports } from "../support/reports";
import { tallyOf } from "../support/rows";
import { until } from "../support/until";

atClock("2040-01-01T00:00:00.000Z");

const FIRST = "2040-01-01T15:27:00.000Z";
const SECOND = "2040-01-02T15:27:00.000Z";

async function inIndex(cronId: string): Promise<{ next_run_date: string | null; figures: Figures }> {
  const row = await env.DB.prepare("SELECT next_run_date, figures FROM crons WHERE cron_id = ?")
    .bind(cronId)
    .first<{ next_run_date: number | null; figures: string }>();
  if (row === null) throw new Error("the index has no such cron");
  const { next_run_date: next } = row;
  return {
    next_run_date: next === null ? null : new Date(next).toISOString(),
    figures: readStoredFigures(row.figures, Date.now()),
  };
}

/** Whether the index has of the cron what its object has. */
async function isIndexed(cronId: string): Promise<boolean> {
  const { next_run_date: next } = await getCron(cronId);
  const held = JSON.stringify([next && new Date(next).toISOString(), await figuresOf(cronId)]);
  const { next_run_date: indexedNext, figures } = await inIndex(cronId);
  return JSON.stringify([indexedNext, figures]) === held;
}

/** Waits until the cron has heard of so many runs' ends, and the index knows what the cron does. */
async function untilIndexed(cronId: string, runs = 1): Promise<void> {
  await ended(cronId, runs);
  await until(() => isIndexed(cronId));
}

/** Has the object's writes to D1 wait. */
async function holdWrites(
  stub: DurableObjectStub<ThreadDO>,
): Promise<{ writing: () => number; release: () => void }> {
  let writes = 0;
  let released = false;
  const db = {
    prepare: (text: string) => env.DB.prepare(text),
    batch: async (statements: D1PreparedStatement[]) => {
      writes += 1;
      // Test and object may not settle each other's promises.
      while (!released) await new Promise((resolve) => setTimeout(resolve, 1));
      return env.DB.batch(statements);
    },
  };
  await rebind(stub, () => ({ DB: db }));
  return {
    writing: () => writes,
    release: () => {
      released = true;
    },
  };
}

/** A cron whose run waits at a gate, and the object of its thread. */
async function held(
  fields: object = {},
): Promise<{ cron: Cron; key: string; threads: ReturnType<typeof threadStub> }> {
  const key = crypto.randomUUID();
  const cron = await createCron({ assistant_id: "steps", input: { key, gate: key }, ...fields });
  await ringAt(FIRST, cron.cron_id);
  await gateReached(key);
  const [slot] = await slotsOf(cron.cron_id);
  return { cron, key, threads: threadStub(slot?.thread_id ?? "") };
}

describe("the index of a cron", () => {
  it("is written with the run, and costs the cron's object nothing", async () => {
    const cron = await createCron();
    const rows = await tallyOf(cronStub(cron.cron_id));
    await ringAt(FIRST, cron.cron_id);
    await untilIndexed(cron.cron_id);
    expect((await inIndex(cron.cron_id)).next_run_date).toBe(SECOND);
    expect((await inIndex(cron.cron_id)).figures).toMatchObject({
      slots: { fired: 1, pending: 0 },
      runs: { success: 1 },
    });
    expect(rows.d1).toBe(0);
  });

  it("is written with the run also by the next host of the cron", async () => {
    const cron = await createCron();
    const stub = cronStub(cron.cron_id);
    await evictDurableObject(stub);
    const rows = await tallyOf(stub);
    await ringAt(FIRST, cron.cron_id);
    await untilIndexed(cron.cron_id);
    expect(rows.d1).toBe(0);
  });

  it("is written by the cron when that could not write its definition before", async () => {
    const cron = await createCron();
    const stub = cronStub(cron.cron_id);
    await setD1(stub, false);
    await call("PATCH", `/runs/crons/${cron.cron_id}`, { metadata: { changed: true } });
    await evictDurableObject(stub);
    await ringAt(FIRST, cron.cron_id);
    await untilIndexed(cron.cron_id);
    const [found] = (await call<Cron[]>("POST", "/runs/crons/search", { metadata: { changed: true } })).body;
    expect(found).toMatchObject({ cron_id: cron.cron_id });
  });

  it("knows the next time while a run takes its time", async () => {
    const { cron, key, threads } = await held();
    expect((await inIndex(cron.cron_id)).next_run_date).toBe(FIRST);
    setClock("2040-01-01T15:27:01.000Z");
    const alarm = runDurableObjectAlarm(threads);
    await until(async () => (await inIndex(cron.cron_id)).next_run_date === SECOND);
    expect((await inIndex(cron.cron_id)).figures).toMatchObject({
      slots: { fired: 1, pending: 0 },
      runs: { running: 1 },
    });
    openGate(key);
    await alarm;
    await untilIndexed(cron.cron_id);
    expect((await inIndex(cron.cron_id)).figures.runs).toMatchObject({ running: 0, success: 1 });
  });

  it("keeps a change that comes while a run takes its time", async () => {
    const { cron, key } = await held();
    await call("PATCH", `/runs/crons/${cron.cron_id}`, { schedule: "0 3 * * *" });
    expect((await inIndex(cron.cron_id)).next_run_date).toBe("2040-01-02T03:00:00.000Z");
    openGate(key);
    await untilIndexed(cron.cron_id);
    expect((await inIndex(cron.cron_id)).next_run_date).toBe("2040-01-02T03:00:00.000Z");
    expect((await inIndex(cron.cron_id)).figures.runs.success).toBe(1);
  });

  it("is right when the cron answers late, after the run was written", async () => {
    const reports = hearReports("hangs");
    const cron = await createCron();
    await ringAt(FIRST, cron.cron_id);
    await until(async () => (await inIndex(cron.cron_id)).next_run_date === SECOND);
    expect((await inIndex(cron.cron_id)).figures.runs).toMatchObject({ running: 1, success: 0 });
    reports.release();
    await untilIndexed(cron.cron_id);
    expect((await inIndex(cron.cron_id)).figures.runs).toMatchObject({ running: 0, success: 1 });
  });

  it("is right when the cron's answer is lost, and the report is made again", async () => {
    hearReports("answer lost");
    const cron = await createCron();
    await ringAt(FIRST, cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await until(async () => (await figuresOf(cron.cron_id)).runs.success === 1);
    setClock("2040-01-01T15:27:05.000Z");
    await until(async () => {
      await runDurableObjectAlarm(threadStub(slot?.thread_id ?? ""));
      return isIndexed(cron.cron_id);
    });
  });

  it("is right when D1 is down as the run ends, and the host dies with what the cron has answered", async () => {
    const { cron, key, threads } = await held();
    await setD1(threads, false);
    openGate(key);
    await until(async () => (await figuresOf(cron.cron_id)).runs.success === 1);
    await runDurableObjectAlarm(threads);
    expect((await inIndex(cron.cron_id)).next_run_date).toBe(FIRST);
    const reports = hearReports();
    await evictDurableObject(threads);
    setClock("2040-01-01T15:28:00.000Z");
    await runDurableObjectAlarm(threads);
    await untilIndexed(cron.cron_id);
    // The cron was not asked once more.
    expect(reports.attempts()).toBe(0);
  });

  it("is right when the cron answers while D1 is being written to", async () => {
    const reports = hearReports("hangs");
    const { cron, key, threads } = await held();
    const { writing, release } = await holdWrites(threads);
    openGate(key);
    await until(() => writing() > 0);
    reports.release();
    await counted(cron.cron_id, 1);
    // The answer has come by the time that the report is over.
    await runInDurableObject(threads, (object) =>
      (object as unknown as { reports: { idle: () => Promise<void> } }).reports.idle(),
    );
    release();
    await untilIndexed(cron.cron_id);
    expect((await inIndex(cron.cron_id)).figures.runs).toMatchObject({ running: 0, success: 1 });
  });

  it("is right of forty crons that are due together in one object", async () => {
    const cronIds = sharing(40);
    for (const cron_id of cronIds) await createCron({ cron_id });
    setClock(FIRST);
    await Promise.all(cronIds.map((cronId) => runDurableObjectAlarm(cronStub(cronId))));
    for (const cronId of cronIds) await untilIndexed(cronId);
    for (const cronId of cronIds) expect((await inIndex(cronId)).figures.runs.success).toBe(1);
  });

  it("is right when the cron answers after the alarm has passed, and D1 is down by then", async () => {
    const reports = hearReports("hangs");
    const { cron, key, threads } = await held({ on_run_completed: "keep" });
    setClock("2040-01-01T15:27:02.000Z");
    const alarm = runDurableObjectAlarm(threads);
    openGate(key);
    await alarm;
    await setD1(threads, false);
    reports.release();
    await ended(cron.cron_id, 1);
    await setD1(threads, true);
    expect(await alarmOf(threads)).not.toBeNull();
    setClock("2040-01-01T15:28:30.000Z");
    await runDurableObjectAlarm(threads);
    await untilIndexed(cron.cron_id);
  });

  it("shows a slot that was held back as running once it fires", async () => {
    const { cron, key, threads } = await held({ multitask_strategy: "enqueue" });
    const second = crypto.randomUUID();
    await call("POST", `/runs/crons/${cron.cron_id}/run`, { input: { key: second, gate: second } });
    openGate(key);
    await gateReached(second);
    setClock("2040-01-01T15:27:03.000Z");
    const alarm = runDurableObjectAlarm(threads);
    await untilIndexed(cron.cron_id);
    expect((await inIndex(cron.cron_id)).figures).toMatchObject({
      slots: { pending: 0 },
      runs: { running: 1 },
    });
    openGate(second);
    await alarm;
    await untilIndexed(cron.cron_id, 2);
  });

  it("is written in full now and then, whatever has become of it", async () => {
    const cron = await createCron({ schedule: "* * * * *" });
    await env.DB.prepare("DELETE FROM crons WHERE cron_id = ?").bind(cron.cron_id).run();
    for (let minute = 1; minute <= 20; minute++) {
      await ringAt(
        new Date(Date.parse("2040-01-01T00:00:00.000Z") + minute * 60_000).toISOString(),
        cron.cron_id,
      );
    }
    await untilIndexed(cron.cron_id, 20);
  });

  it("is not lost to the late deletion of another cron with the same id", async () => {
    const cronId = crypto.randomUUID();
    await createCron({ cron_id: cronId });
    await call("DELETE", `/runs/crons/${cronId}`);
    const before = Date.now();
    setClock("2040-01-01T00:00:01.000Z");
    await createCron({ cron_id: cronId });
    const { unindexCron } = await import("../../src/d1/crons-table");
    await unindexCron(env.DB, cronId, before);
    expect(await isIndexed(cronId)).toBe(true);
  });

  it("is written in full by a cron that an earlier version made", async () => {
    const cron = await createCron();
    const stub = cronStub(cron.cron_id);
    await runInDurableObject(stub, (_object, { storage }) => {
      storage.sql.exec("ALTER TABLE cron DROP COLUMN defined");
      storage.kv.delete("schema_version");
    });
    await evictDurableObject(stub);
    await ringAt(FIRST, cron.cron_id);
    await untilIndexed(cron.cron_id);
  });

  it("is written anew by a cron that is poked, since it may be behind", async () => {
    const cron = await createCron();
    await ringAt(FIRST, cron.cron_id);
    await untilIndexed(cron.cron_id);
    await env.DB.prepare("UPDATE crons SET next_run_date = ?, figures = '{}', revision = 1 WHERE cron_id = ?")
      .bind(Date.parse(FIRST), cron.cron_id)
      .run();
    await cronStub(cron.cron_id).poke(cron.cron_id, 0);
    expect(await isIndexed(cron.cron_id)).toBe(true);
  });
});
