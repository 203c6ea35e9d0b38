/** What a firing costs in rows, the term of the bill that the code decides. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, it } from "vitest";
import type { CronDefinition } from "../../src/calls/cron-definition";
import { threadIdOf } from "../../src/cron/slot-ids";
import type { Cron } from "../../src/wire/crons/cron";
import type { Thread } from "../../src/wire/threads/thread";
import {
  atClock,
  createCron,
  cronStub,
  ended,
  ringAt,
  setClock,
  settled,
  slotsOf,
  threadStub,
} from "../support/crons";
import { call } from "../support/edge";
import { withAnswers } from "../support/reports";
import { tallyOf, type Tally } from "../support/rows";

/** What docs/architecture.md says. */
const MOST = { kept: { object: 22, d1: 11 }, onThread: { object: 19, d1: 7 } };

const NOTHING: Tally = { object: 0, d1: 0, statements: 0 };

const totalOf = ({ cron, thread }: { cron: Tally; thread: Tally }): number =>
  [cron, thread].reduce((sum, { object, d1, statements }) => sum + object + d1 + statements, 0);

atClock("2040-01-01T00:00:00.000Z");

it("a stateless firing with delete writes at most 5 rows in the objects and 4 in D1", async () => {
  withAnswers();
  const cron = await createCron();
  await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
  await ended(cron.cron_id, 1);
  // From the second on the object is the one for short runs.
  await ringAt("2040-01-02T15:27:00.000Z", cron.cron_id);
  await ended(cron.cron_id, 2);
  const threads = threadStub((await slotsOf(cron.cron_id))[0]?.thread_id ?? "");
  await runDurableObjectAlarm(threads);

  const [cronRows, threadRows] = [await tallyOf(cronStub(cron.cron_id)), await tallyOf(threads)];
  const costs: { cron: Tally; thread: Tally }[] = [];
  for (const day of [3, 4, 5, 6, 7]) {
    Object.assign(cronRows, NOTHING);
    Object.assign(threadRows, NOTHING);
    await ringAt(`2040-01-0${day}T15:27:00.000Z`, cron.cron_id);
    await settled((await slotsOf(cron.cron_id))[0]);
    // The alarm that was set when the run was enqueued finds nothing to do.
    await runDurableObjectAlarm(threads);
    costs.push({ cron: { ...cronRows }, thread: { ...threadRows } });
  }
  console.info("rows written", JSON.stringify(costs));
  // One in twenty firings writes the cron's row in full.
  const [cheapest] = costs.toSorted((one, other) => totalOf(one) - totalOf(other));
  if (cheapest === undefined) throw new Error("nothing has fired");
  expect(cheapest.cron.object).toBeGreaterThan(0);
  // The run ends before it is stored, and D1 has its record before the cron has the answer.
  expect(cheapest.thread.object).toBe(0);
  expect(cheapest.cron.object).toBeLessThanOrEqual(5);
  // What SQLite is asked costs processor time, which is what many firings at once have to share. It is 5 questions where both objects
  // are in memory, and a few more where an earlier run in the object was stored.
  expect(cheapest.cron.statements + cheapest.thread.statements).toBeLessThanOrEqual(8);
  expect(cheapest.cron.d1 + cheapest.thread.d1).toBeGreaterThan(0);
  expect(cheapest.cron.d1 + cheapest.thread.d1).toBeLessThanOrEqual(4);
});

it("a firing whose thread is kept, and one on a thread, write no more than is documented", async () => {
  withAnswers();
  const kept = await createCron({ on_run_completed: "keep" });
  const definition = { cronId: kept.cron_id, threadId: null, onRunCompleted: "keep" } as CronDefinition;
  const keptThread = threadStub(
    threadIdOf(definition, { scheduledFor: Date.parse("2040-01-01T15:27:00.000Z"), manual: false }),
  );
  const threadId = (await call<Thread>("POST", "/threads", {})).body.thread_id;
  const { body: onThread } = await call<Cron>("POST", `/threads/${threadId}/runs/crons`, {
    assistant_id: "echo",
    schedule: "27 15 * * *",
    input: { text: "hello" },
  });
  await ringAt("2040-01-01T15:27:00.000Z", onThread.cron_id);
  await settled((await slotsOf(onThread.cron_id))[0]);
  await runDurableObjectAlarm(threadStub(threadId));

  setClock("2040-01-01T15:00:00.000Z");
  const rowsOf = async (cronId: string, thread: DurableObjectStub, at: string): Promise<Tally> => {
    const cronRows = await tallyOf(cronStub(cronId));
    const threadRows = await tallyOf(thread);
    await ringAt(at, cronId);
    await settled((await slotsOf(cronId))[0]);
    await runDurableObjectAlarm(thread);
    return {
      object: cronRows.object + threadRows.object,
      d1: cronRows.d1 + threadRows.d1,
      statements: cronRows.statements + threadRows.statements,
    };
  };
  const keptRows = await rowsOf(kept.cron_id, keptThread, "2040-01-01T15:27:00.000Z");
  const threadRows = await rowsOf(onThread.cron_id, threadStub(threadId), "2040-01-02T15:27:00.000Z");
  console.info("rows written", JSON.stringify({ keptRows, threadRows }));
  expect(keptRows.object).toBeLessThanOrEqual(MOST.kept.object);
  expect(keptRows.d1).toBeLessThanOrEqual(MOST.kept.d1);
  expect(threadRows.object).toBeLessThanOrEqual(MOST.onThread.object);
  expect(threadRows.d1).toBeLessThanOrEqual(MOST.onThread.d1);
});
