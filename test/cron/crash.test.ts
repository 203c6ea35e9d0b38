/** A host that dies between any two steps of a firing, with each step done or not: the slot is acted on once all the same. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { CronDefinition } from "../../src/calls/cron-definition";
import { threadIdOf } from "../../src/cron/slot-ids";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ended,
  figuresOf,
  getCron,
  rowsOf,
  rowsOfThread,
  runsOf,
  setClock,
  settled,
  slotsOf,
  threadStub,
} from "../support/crons";
import { call } from "../support/edge";
import { bury, Life, liveBy } from "../support/faults";
import { hearReports } from "../support/reports";
import { until } from "../support/until";

atClock("2040-01-01T00:00:00.000Z");

const indexed = (threadId: string): Promise<number | null> =>
  env.DB.prepare("SELECT count(*) AS n FROM threads WHERE thread_id = ?").bind(threadId).first<number>("n");

/** Whether the thread's run is recorded, and the thread removed. */
const isOver = async (threadId: string): Promise<boolean> => {
  const runs = await env.DB.prepare("SELECT status FROM runs WHERE thread_id = ?")
    .bind(threadId)
    .first<string>("status");
  return runs === "success" && (await call("GET", `/threads/${threadId}`)).status === 404;
};

/** Nothing is left of the thread. On a busy machine D1 may answer too late to one write, which the next alarm makes again. */
async function expectNothingLeft(threadId: string, where: string): Promise<void> {
  const left = async (): Promise<object> => {
    await runDurableObjectAlarm(threadStub(threadId));
    return { ...(await rowsOfThread(threadId)), indexed: await indexed(threadId) };
  };
  await expect.poll(left, { message: where }).toEqual({ threads: 0, runs: 0, indexed: 0 });
}

/** More than the steps of a firing. */
const MOST_STEPS = 100;

describe.each([true, false])("with the answer lost: %s", (answerLost) => {
  it("a cron object that dies at any step of a firing", async () => {
    let steps = 0;
    for (let lastStep = 1; lastStep <= MOST_STEPS; lastStep++) {
      setClock("2040-01-01T00:00:00.000Z");
      const cron = await createCron();
      const stub = cronStub(cron.cron_id);
      const life = new Life(lastStep, answerLost);
      await liveBy(stub, life);
      setClock("2040-01-01T15:27:00.000Z");
      await runDurableObjectAlarm(stub).catch(() => undefined);
      steps = life.steps;
      await bury();
      // The platform delivers the alarm of a dead host again, and the watchdog comes by as well.
      setClock("2040-01-01T15:27:45.000Z");
      await cronStub(cron.cron_id).poke(cron.cron_id, 0);
      await cronStub(cron.cron_id).poke(cron.cron_id, 0);

      const slots = await slotsOf(cron.cron_id);
      await settled(slots[0]);
      await runDurableObjectAlarm(threadStub(slots[0]?.thread_id ?? ""));
      const where = `died at step ${lastStep}`;
      expect(
        slots.map(({ status, scheduled_for: at }) => [status, at]),
        where,
      ).toEqual([["fired", "2040-01-01T15:27:00.000Z"]]);
      expect(await runsOf(cron.cron_id), where).toHaveLength(1);
      expect(await alarmOf(cronStub(cron.cron_id)), where).toBe("2040-01-02T15:27:00.000Z");
      expect((await getCron(cron.cron_id)).next_run_date, where).toBe("2040-01-02T15:27:00.000Z");
      if (!life.dead) break;
    }
    // It got to the end, so that every step has had its death.
    expect(steps).toBeGreaterThan(6);
    expect(steps).toBeLessThan(MOST_STEPS);
  });

  it("a thread object that dies at any step of a run", async () => {
    const { heard } = hearReports();
    let steps = 0;
    let died = true;
    for (let lastStep = 1; lastStep <= MOST_STEPS && died; lastStep++) {
      setClock("2040-01-01T00:00:00.000Z");
      const cron = await createCron();
      const threadId = threadIdOf(
        { cronId: cron.cron_id, threadId: null, onRunCompleted: "delete" } as CronDefinition,
        { scheduledFor: Date.parse("2040-01-01T15:27:00.000Z"), manual: false },
      );
      const thread = threadStub(threadId);
      await rowsOf(thread);
      const life = new Life(lastStep, answerLost);
      await liveBy(thread, life);
      setClock("2040-01-01T15:27:00.000Z");
      await runDurableObjectAlarm(cronStub(cron.cron_id)).catch(() => undefined);
      // The run goes on by itself: to its end, or to that of its host.
      await until(async () => life.dead || (await isOver(threadId)));
      steps = life.steps;
      died = life.dead;
      await bury();
      setClock("2040-01-01T15:28:30.000Z");
      await cronStub(cron.cron_id).poke(cron.cron_id, 0);
      await runDurableObjectAlarm(threadStub(threadId));
      await cronStub(cron.cron_id).poke(cron.cron_id, 0);

      const where = `died at step ${lastStep}`;
      const slots = await slotsOf(cron.cron_id);
      expect(
        slots.map(({ status }) => status),
        where,
      ).toEqual(["fired"]);
      await settled(slots[0]);
      expect(
        (await runsOf(cron.cron_id)).map(({ status }) => status),
        where,
      ).toEqual(["success"]);
      await runDurableObjectAlarm(threadStub(threadId));
      const reports = heard.splice(0).filter((report) => report.threadId === threadId);
      expect(reports.length, where).toBeGreaterThanOrEqual(1);
      expect(reports.length, where).toBeLessThanOrEqual(2);
      for (const report of reports) expect(report, where).toMatchObject({ status: "success" });
      await expectNothingLeft(threadId, where);
    }
    expect(steps).toBeGreaterThan(10);
    expect(steps).toBeLessThan(MOST_STEPS);
  });

  it("a thread object that dies at any step of a run whose end is the answer to the cron", async () => {
    let steps = 0;
    let died = true;
    for (let lastStep = 1; lastStep <= MOST_STEPS && died; lastStep++) {
      setClock("2040-01-01T00:00:00.000Z");
      const cron = await createCron();
      const threadId = threadIdOf(
        { cronId: cron.cron_id, threadId: null, onRunCompleted: "delete" } as CronDefinition,
        { scheduledFor: Date.parse("2040-01-01T15:27:00.000Z"), manual: false },
      );
      const life = new Life(lastStep, answerLost);
      await liveBy(threadStub(threadId), life);
      setClock("2040-01-01T15:27:00.000Z");
      await runDurableObjectAlarm(cronStub(cron.cron_id));
      steps = life.steps;
      died = life.dead;
      await bury();
      // The cron's next delivery finds the run, or sends it again.
      for (const at of ["2040-01-01T15:27:46.000Z", "2040-01-01T15:28:30.000Z"]) {
        setClock(at);
        await cronStub(cron.cron_id).poke(cron.cron_id, 0);
        await runDurableObjectAlarm(threadStub(threadId));
      }
      await ended(cron.cron_id, 1);

      const where = `died at step ${lastStep}`;
      const slots = await slotsOf(cron.cron_id);
      expect(slots, where).toMatchObject([{ status: "fired", run: { status: "success" } }]);
      await settled(slots[0]);
      await runDurableObjectAlarm(threadStub(threadId));
      expect(
        (await runsOf(cron.cron_id)).map(({ status }) => status),
        where,
      ).toEqual(["success"]);
      const { runs } = await figuresOf(cron.cron_id);
      expect(runs, where).toMatchObject({ success: 1, running: 0 });
      await expectNothingLeft(threadId, where);
    }
    expect(steps).toBeGreaterThan(0);
    expect(steps).toBeLessThan(MOST_STEPS);
  });
});
