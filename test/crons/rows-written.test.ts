/** What a firing costs in rows, the term of the bill that the code decides. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createCron, cronStub, ringAt, setClock, settled, slotsOf, threadStub } from "../support/crons";
import { tallyOf } from "../support/rows";

beforeEach(() => {
  setClock("2040-01-01T00:00:00.000Z");
});
afterEach(() => {
  vi.useRealTimers();
});

it("a stateless firing with delete writes at most 12 rows in the objects and 6 in D1", async () => {
  const cron = await createCron();
  await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
  const [first] = await slotsOf(cron.cron_id);
  await settled(first);
  const threads = threadStub(first?.thread_id ?? "");
  await runDurableObjectAlarm(threads);

  const cronRows = await tallyOf(cronStub(cron.cron_id));
  const threadRows = await tallyOf(threads);
  await ringAt("2040-01-02T15:27:00.000Z", cron.cron_id);
  await settled((await slotsOf(cron.cron_id))[0]);
  // The alarm that was set when the run was enqueued finds nothing to do.
  await runDurableObjectAlarm(threads);
  console.info("rows written", JSON.stringify({ cronRows, threadRows }));
  expect(cronRows.object).toBeGreaterThan(0);
  expect(threadRows.object).toBeGreaterThan(0);
  expect(cronRows.object + threadRows.object).toBeLessThanOrEqual(12);
  expect(cronRows.d1 + threadRows.d1).toBeGreaterThan(0);
  expect(cronRows.d1 + threadRows.d1).toBeLessThanOrEqual(6);
});
