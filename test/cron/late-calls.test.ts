/**
 * A call that has a run enqueued arrives although its cron was told that it has failed. The next delivery has made the run by then, and it has
 * ended.
 */
import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { ThreadDO } from "../../src/thread/thread-do";
import {
  atClock,
  createCron,
  ended,
  figuresOf,
  ringAt,
  rowsOfThread,
  runsOf,
  setClock,
  settled,
  slotsOf,
  threadStub,
} from "../support/crons";
import { executionsOf } from "../support/graphs/steps";
import { withAnswers, withoutAnswers } from "../support/reports";

atClock("2040-01-01T00:00:00.000Z");

it.each([
  ["answered", withAnswers],
  ["reported", withoutAnswers],
])("the run, whose end was %s, is not executed again", async (_how, tellEnds) => {
  tellEnds();
  const calls = vi.spyOn(ThreadDO.prototype, "call");
  const key = crypto.randomUUID();
  const cron = await createCron({ assistant_id: "steps", input: { key } });
  await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
  await ended(cron.cron_id, 1);
  const [slot] = await slotsOf(cron.cron_id);
  await settled(slot);
  const [, args] = calls.mock.calls.find(([method]) => method === "enqueueRun") ?? [];
  const before = await runsOf(cron.cron_id);

  setClock("2040-01-01T15:27:20.000Z");
  const threads = threadStub(slot?.thread_id ?? "");
  expect(args).toBeDefined();
  await threads.call("enqueueRun", args ?? []);
  expect(await rowsOfThread(slot?.thread_id ?? "")).toEqual({ threads: 0, runs: 0 });
  await runDurableObjectAlarm(threads);
  expect(executionsOf(key, "one")).toBe(1);
  expect(await runsOf(cron.cron_id)).toEqual(before);
  expect(await figuresOf(cron.cron_id)).toMatchObject({ runs: { success: 1, running: 0 } });
});
