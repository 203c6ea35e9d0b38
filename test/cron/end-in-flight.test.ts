/** A run whose end is reported while its slot is still being delivered. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { CronDO } from "../../src/cron/cron-do";
import type { Answer } from "../../src/platform/rpc";
import { atClock, createCron, cronStub, figuresOf, ringAt, runsOf, slotsOf } from "../support/crons";
import { openGate } from "../support/graphs/steps";
import { rebind } from "../support/outage";

atClock("2040-01-01T00:00:00.000Z");

const DUE = "2040-01-01T00:01:00.000Z";
/** When the second delivery is made. */
const AGAIN = "2040-01-01T00:01:46.000Z";
const REFUSAL: Answer = { refusal: { code: "run.conflict", detail: "the thread is busy" } };

type Call = (method: string, args: unknown[]) => Promise<Answer>;

/** Has `answer` answer the cron's calls to thread objects; `real` makes the call. */
async function interceptThreads(
  cronId: string,
  answer: (real: Call, method: string, args: unknown[]) => Promise<Answer>,
): Promise<void> {
  await rebind(cronStub(cronId), () => ({
    THREAD: {
      idFromName: (name: string) => env.THREAD.idFromName(name),
      get: (id: DurableObjectId) => ({
        call: (method: string, args: unknown[]) => {
          const real: Call = (...call) => env.THREAD.get(id).call(...call);
          return answer(real, method, args);
        },
      }),
    },
  }));
}

/** A cron of every minute whose runs wait at a gate. */
async function gatedCron(): Promise<{ cronId: string; gate: string }> {
  const gate = crypto.randomUUID();
  const fields = { assistant_id: "steps", schedule: "* * * * *", input: { gate } };
  const { cron_id: cronId } = await createCron(fields);
  return { cronId, gate };
}

/** Settles when the cron has heard of the end of its one run; for use within a call that the cron waits for. */
async function heard(cronId: string): Promise<void> {
  await runInDurableObject(cronStub(cronId), async (instance: CronDO) => {
    for (;;) {
      const { success, rolled_back: rolledBack } = (await instance.getFigures()).runs;
      if (success + rolledBack > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
}

describe("a delivery that is refused after the end of its run was reported", () => {
  it("leaves the slot rolled back, and counts it once", async () => {
    const { cronId, gate } = await gatedCron();
    await interceptThreads(cronId, async (real, method, args) => {
      const answer = await real(method, args);
      if (method !== "enqueueRun") return answer;
      const [{ threadId, runId }] = args as [{ threadId: string; runId: string }];
      openGate(gate);
      await real("cancelRun", [threadId, runId, "rollback", false]);
      await heard(cronId);
      return REFUSAL;
    });
    await ringAt(DUE, cronId);
    const [slot] = await slotsOf(cronId);
    expect(slot).toMatchObject({ status: "rolled_back", reason: "its run was rolled back", run_id: null });
    expect((await figuresOf(cronId)).slots).toMatchObject({
      fired: 0,
      skipped: 0,
      missed: 0,
      rolled_back: 1,
    });
  });

  it("leaves the slot fired when the run succeeded", async () => {
    const { cronId, gate } = await gatedCron();
    await interceptThreads(cronId, async (real, method, args) => {
      const answer = await real(method, args);
      if (method !== "enqueueRun") return answer;
      openGate(gate);
      await heard(cronId);
      return REFUSAL;
    });
    await ringAt(DUE, cronId);
    const [slot] = await slotsOf(cronId);
    expect(slot).toMatchObject({ status: "fired", reason: null });
    expect((await runsOf(cronId)).map(({ run_id: id }) => id)).toEqual([slot?.run_id]);
    expect((await figuresOf(cronId)).slots).toMatchObject({ fired: 1, skipped: 0, missed: 0 });
  });
});

it("whose end is reported while a second delivery looks for it gets no second run", async () => {
  const { cronId, gate } = await gatedCron();
  let deliveries = 0;
  await interceptThreads(cronId, async (real, method, args) => {
    if (method === "findRun") {
      openGate(gate);
      await heard(cronId);
    }
    const answer = await real(method, args);
    if (method === "enqueueRun" && ++deliveries === 1) throw new Error("network connection lost");
    return answer;
  });
  await ringAt(DUE, cronId);
  expect((await slotsOf(cronId)).map(({ status }) => status)).toEqual(["pending"]);
  await ringAt(AGAIN, cronId);
  expect((await slotsOf(cronId)).map(({ status }) => status)).toEqual(["fired"]);
  expect(deliveries).toBe(1);
  expect(await runsOf(cronId)).toHaveLength(1);
  expect((await figuresOf(cronId)).slots).toMatchObject({ fired: 1, pending: 0 });
});
