/** Stateless crons whose runs stop at an interrupt: whoever answers finds the thread, however late. */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Cron } from "../../../src/wire/crons/cron";
import type { Run } from "../../../src/wire/runs/run";
import type { Thread } from "../../../src/wire/threads/thread";
import {
  atClock,
  createCron,
  ringAt,
  rowsOf,
  runsOf,
  setClock,
  settled,
  slotsOf,
  threadStub,
} from "../../support/crons";
import { call } from "../../support/edge";
import { searchThreads, waitRun } from "../../support/threads";

atClock("2040-01-01T00:00:00.000Z");

const asking = (fields: object = {}): Promise<Cron> =>
  createCron({ assistant_id: "interrupts", input: { question: "well?" }, ...fields });

/** Fires the cron on a day of January; answers with the firing's run, which has ended. */
async function fire(cron: Cron, day: string): Promise<Run> {
  await ringAt(`2040-01-${day}T15:27:00.000Z`, cron.cron_id);
  const [slot] = await slotsOf(cron.cron_id);
  await settled(slot);
  const run = (await runsOf(cron.cron_id)).find(({ run_id: runId }) => runId === slot?.run_id);
  if (run === undefined) throw new Error("the slot has no run");
  return run;
}

const getThread = (id: string): ReturnType<typeof call<Thread>> => call<Thread>("GET", `/threads/${id}`);

describe("a firing that stops at an interrupt", () => {
  it("keeps its thread, through alarms and evictions, until it is answered and after", async () => {
    const cron = await asking({ on_run_completed: "delete" });
    const { thread_id: id } = await fire(cron, "01");
    for (const at of ["2040-01-01T15:30:00.000Z", "2040-02-01T00:00:00.000Z", "2049-01-01T00:00:00.000Z"]) {
      setClock(at);
      await runDurableObjectAlarm(threadStub(id));
      await abortAllDurableObjects();
    }
    const { status, body: thread } = await getThread(id);
    expect(status).toBe(200);
    expect(thread).toMatchObject({ status: "interrupted", values: { question: "well?" } });
    const found = await searchThreads({ status: "interrupted", metadata: { cron_id: cron.cron_id } });
    expect(found).toEqual([thread]);

    const resume = { assistant_id: "interrupts", command: { resume: "fine" } };
    expect(await waitRun(id, resume)).toEqual({ question: "well?", answer: "fine" });
    await runDurableObjectAlarm(threadStub(id));
    await abortAllDurableObjects();
    expect((await getThread(id)).body).toMatchObject({ status: "idle", values: { answer: "fine" } });
    expect((await call("DELETE", `/threads/${id}`)).status).toBe(204);
    expect((await getThread(id)).status).toBe(404);
  });

  it("is not lost to later firings, which share its object, nor with the cron", async () => {
    const cron = await asking();
    const first = await fire(cron, "01");
    const second = await fire(cron, "02");
    expect(second.thread_id).not.toBe(first.thread_id);
    await waitRun(second.thread_id, { assistant_id: "interrupts", command: { resume: "fine" } });
    await call("DELETE", `/runs/crons/${cron.cron_id}`);
    await runDurableObjectAlarm(threadStub(first.thread_id));
    expect((await getThread(first.thread_id)).body.status).toBe("interrupted");
    const values = await waitRun(first.thread_id, {
      assistant_id: "interrupts",
      command: { resume: "late" },
    });
    expect(values).toEqual({ question: "well?", answer: "late" });

    for (const { thread_id: id } of [first, second]) await call("DELETE", `/threads/${id}`);
    await runDurableObjectAlarm(threadStub(first.thread_id));
    expect(await rowsOf(threadStub(first.thread_id))).toMatchObject({ threads: 0, runs: 0 });
  });

  it("that stops once more waits once more", async () => {
    const cron = await createCron({ assistant_id: "asks", input: {} });
    const { thread_id: id } = await fire(cron, "01");
    const questions = (await getThread(id)).body.interrupts as Record<string, { id: string }[]>;
    const resume = Object.fromEntries(
      Object.values(questions)
        .flat()
        .map((question) => [question.id, "yes"]),
    );
    await waitRun(id, { assistant_id: "asks", command: { resume } });
    await runDurableObjectAlarm(threadStub(id));
    expect((await getThread(id)).body.status).toBe("interrupted");
    expect(await waitRun(id, { assistant_id: "asks", command: { resume: "no" } })).toMatchObject({
      summary: "left: yes, right: yes no",
    });
  });

  it("with a time to live of its own goes when that is over", async () => {
    const cron = await asking();
    const { thread_id: id } = await fire(cron, "01");
    await call("PATCH", `/threads/${id}`, { ttl: 60 });
    setClock("2040-01-01T16:27:00.000Z");
    await runDurableObjectAlarm(threadStub(id));
    expect((await getThread(id)).status).toBe(404);
    expect(await searchThreads({ metadata: { cron_id: cron.cron_id } })).toEqual([]);
  });
});
