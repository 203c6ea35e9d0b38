/** A cron's object of this version, and a thread's object that is still of an earlier one: a deployment goes out step by step. */
import { expect, it, vi } from "vitest";
import { ThreadDO } from "../../src/thread/thread-do";
import type { Run } from "../../src/wire/runs/run";
import { alarmOf, atClock, createCron, cronStub, ended, figuresOf, ringAt, slotsOf } from "../support/crons";

const DUE = "2040-01-01T15:27:00.000Z";
atClock("2040-01-01T00:00:00.000Z");

const aRun = { run_id: "r", status: "pending", created_at: DUE, updated_at: DUE } as Run;

it.each([
  ["nothing", undefined],
  ["the run", aRun],
])(
  "an acknowledgement that is %s counts as one, and the end of the run is reported",
  async (_what, answer) => {
    const enqueueRun = ThreadDO.prototype.enqueueRun;
    vi.spyOn(ThreadDO.prototype, "enqueueRun").mockImplementation(async function (
      this: ThreadDO,
      run,
      { cronEntry, notAfter } = {},
    ) {
      await enqueueRun.call(this, run, { cronEntry: cronEntry ?? null, notAfter: notAfter ?? Infinity });
      return answer as never;
    });
    const { cron_id: cronId } = await createCron();
    await ringAt(DUE, cronId);
    await ended(cronId, 1);
    const slots = await slotsOf(cronId);
    expect(slots).toMatchObject([{ status: "fired", run: { status: "success" } }]);
    expect(await figuresOf(cronId)).toMatchObject({
      slots: { fired: 1, pending: 0 },
      runs: { success: 1, running: 0 },
    });
    expect(await alarmOf(cronStub(cronId))).toBe("2040-01-02T15:27:00.000Z");
  },
);

it("a lost answer is asked for until the thread's object knows the question, and the slot fires once", async () => {
  const enqueueRun = ThreadDO.prototype.enqueueRun;
  const enqueued = vi.spyOn(ThreadDO.prototype, "enqueueRun").mockImplementationOnce(async function (
    this: ThreadDO,
    ...args
  ) {
    await enqueueRun.apply(this, args);
    throw new Error("network connection lost");
  });
  const { findRun } = ThreadDO.prototype;
  Reflect.deleteProperty(ThreadDO.prototype, "findRun");
  const { cron_id: cronId } = await createCron();
  try {
    await ringAt(DUE, cronId);
    for (let n = 0; n < 12; n += 1) {
      await ringAt((await alarmOf(cronStub(cronId))) ?? "", cronId);
      expect((await slotsOf(cronId)).map(({ status }) => status)).toEqual(["pending"]);
    }
  } finally {
    ThreadDO.prototype.findRun = findRun;
  }
  await ringAt((await alarmOf(cronStub(cronId))) ?? "", cronId);
  expect(await slotsOf(cronId)).toMatchObject([{ status: "fired", run: { status: "success" } }]);
  expect(enqueued).toHaveBeenCalledOnce();
});
