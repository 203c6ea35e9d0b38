/**
 * A call that has a run enqueued, and that arrives after the host which sent it has died. Until it arrives, or is refused for being late, no
 * thread object knows of the run. Runs that must not overlap wait meanwhile.
 */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/platform/rpc";
import { atClock, createCron, cronStub, ended, ringAt, runsOf, setClock, slotsOf } from "../support/crons";
import { call } from "../support/edge";
import { bury, HostDied, Life, liveBy } from "../support/faults";
import { gateReached, openGate } from "../support/graphs/steps";
import { rebind } from "../support/outage";
import { withoutAnswers } from "../support/reports";

atClock("2040-01-01T00:00:00.000Z");

const at = (second: number): string => `2040-01-01T00:00:${second}.000Z`;

/** A cron of every ten seconds whose host dies when it has sent the run of the first slot. The run waits at the gate. */
async function diedDelivering(
  fields: Record<string, unknown>,
): Promise<{ cronId: string; gate: string; arrive: () => Promise<Answer> }> {
  const gate = crypto.randomUUID();
  const { cron_id: cronId } = await createCron({
    assistant_id: "steps",
    schedule: "*/10 * * * * *",
    input: { gate },
    ...fields,
  });
  const stub = cronStub(cronId);
  const life = new Life(Infinity, false);
  let arrive = (): Promise<Answer> => Promise.reject(new Error("nothing was sent"));
  await liveBy(stub, life);
  await rebind(stub, ({ THREAD }) => ({
    THREAD: {
      idFromName: (name: string) => env.THREAD.idFromName(name),
      get: (id: DurableObjectId) => ({
        call: (method: string, args: unknown[]) => {
          if (method !== "enqueueRun") return THREAD.get(id).call(method, args);
          arrive = () => env.THREAD.get(id).call(method, args);
          life.dead = true;
          throw new HostDied("the host died when it had sent the run");
        },
      }),
    },
  }));
  await ringAt(at(10), cronId).catch(() => undefined);
  await bury();
  return { cronId, gate, arrive: async () => arrive() };
}

/** The slots, oldest first. */
const slots = async (cronId: string): Promise<[string, string | null][]> =>
  (await slotsOf(cronId)).map(({ status, reason }): [string, string | null] => [status, reason]).toReversed();

const onItsWay = expect.stringMatching(/^waits for the delivery of the run [0-9a-f-]+$/) as string;
const tooLate = { refusal: { code: "run.too_late", detail: "the call came too late" } };
const goesOn = expect.stringMatching(/^waits for the earlier run [0-9a-f-]+ to end$/) as string;

describe("a run on its way", () => {
  it("with `enqueue` holds one slot back, which goes on when the run has come and ended", async () => {
    const { cronId, gate, arrive } = await diedDelivering({ multitask_strategy: "enqueue" });
    await ringAt(at(20), cronId);
    await ringAt(at(30), cronId);
    const another = expect.stringMatching(/^another slot waits for the delivery/) as string;
    expect(await slots(cronId)).toEqual([
      ["pending", null],
      ["pending", onItsWay],
      ["skipped", another],
    ]);
    setClock(at(35));
    await arrive();
    await gateReached(gate);
    // The second delivery finds the run.
    await ringAt(at(41), cronId);
    expect((await slots(cronId)).slice(0, 2)).toEqual([
      ["fired", null],
      ["pending", goesOn],
    ]);
    openGate(gate);
    await ended(cronId, 2);
    expect((await runsOf(cronId)).map(({ status }) => status)).toEqual(["success", "success"]);
  });

  it("that has come and ended holds nothing back any more", async () => {
    withoutAnswers();
    const { cronId, gate, arrive } = await diedDelivering({ multitask_strategy: "enqueue" });
    await ringAt(at(20), cronId);
    openGate(gate);
    await arrive();
    await ended(cronId, 2);
    expect((await slots(cronId)).map(([status]) => status)).toEqual(["pending", "fired"]);
    await ringAt(at(40), cronId);
    expect((await slots(cronId))[0]).toEqual(["fired", null]);
    await ended(cronId, 3);
    expect(await runsOf(cronId)).toHaveLength(3);
  });

  it("that never comes is sent again, before the slot that waits", async () => {
    const { cronId, gate, arrive } = await diedDelivering({ multitask_strategy: "enqueue" });
    await ringAt(at(20), cronId);
    await ringAt(at(40), cronId);
    await gateReached(gate);
    expect((await slots(cronId)).slice(0, 2)).toEqual([
      ["fired", null],
      ["pending", goesOn],
    ]);
    setClock(at(41));
    expect(await arrive()).toEqual(tooLate);
    openGate(gate);
    await ended(cronId, 2);
    expect(await runsOf(cronId)).toHaveLength(2);
  });

  it("with `reject` is waited for, and has the slot skipped if it goes on", async () => {
    const { cronId, gate, arrive } = await diedDelivering({ multitask_strategy: "reject" });
    await ringAt(at(20), cronId);
    expect(await slots(cronId)).toEqual([
      ["pending", null],
      ["pending", onItsWay],
    ]);
    await arrive();
    await gateReached(gate);
    await ringAt(at(40), cronId);
    const notEnded = expect.stringMatching(/^the earlier run [0-9a-f-]+ has not ended$/) as string;
    expect((await slots(cronId)).slice(0, 2)).toEqual([
      ["fired", null],
      ["skipped", notEnded],
    ]);
    openGate(gate);
    await ended(cronId, 1);
  });

  it("with `interrupt` is stopped when it has come, before the next begins", async () => {
    const { cronId, gate, arrive } = await diedDelivering({ multitask_strategy: "interrupt" });
    await ringAt(at(20), cronId);
    await arrive();
    await gateReached(gate);
    expect((await slots(cronId))[1]).toEqual(["pending", onItsWay]);
    await ringAt(at(40), cronId);
    openGate(gate);
    await ended(cronId, 3);
    const fired = (await slotsOf(cronId, "?status=fired")).toReversed();
    expect(fired.map(({ run }) => run?.status)).toEqual(["interrupted", "interrupted", "success"]);
  });

  it("holds back a run by hand too", async () => {
    const { cronId, gate, arrive } = await diedDelivering({ multitask_strategy: "enqueue" });
    setClock(at(11));
    const { body } = await call<{ status: string; reason: string }>("POST", `/runs/crons/${cronId}/run`, {});
    expect(body).toMatchObject({ status: "pending", reason: onItsWay });
    await arrive();
    await gateReached(gate);
    await ringAt(at(40), cronId);
    expect((await slotsOf(cronId)).find(({ origin }) => origin === "manual")).toMatchObject({
      status: "pending",
      reason: goesOn,
    });
    openGate(gate);
    await ended(cronId, 2);
  });

  it("that arrives too late is refused by an answer, and its slot fires with the next delivery", async () => {
    const { cron_id: cronId } = await createCron({ schedule: "*/10 * * * * *" });
    const stub = cronStub(cronId);
    const answers: Answer[] = [];
    await rebind(stub, ({ THREAD }) => ({
      THREAD: {
        idFromName: (name: string) => env.THREAD.idFromName(name),
        get: (id: DurableObjectId) => ({
          call: async (method: string, args: unknown[]) => {
            if (method !== "enqueueRun") return THREAD.get(id).call(method, args);
            // The first call was sent at second 10.
            if (answers.length === 0) setClock(at(41));
            const answer = await THREAD.get(id).call(method, args);
            answers.push(answer);
            return answer;
          },
        }),
      },
    }));
    await ringAt(at(10), cronId);
    expect(answers).toEqual([tooLate]);
    expect(await slots(cronId)).toEqual([["pending", null]]);
    await ringAt(at(44), cronId);
    await ended(cronId, 2);
    const fired = await slotsOf(cronId, "?status=fired");
    expect(fired.at(-1)).toMatchObject({ scheduled_for: at(10), run: { status: "success" } });
    expect(await runsOf(cronId)).toHaveLength(2);
  });

  it("without a strategy holds nothing back", async () => {
    const { cronId, gate, arrive } = await diedDelivering({});
    await ringAt(at(20), cronId);
    expect((await slots(cronId)).map(([status]) => status)).toEqual(["pending", "fired"]);
    await arrive();
    openGate(gate);
    await ended(cronId, 2);
  });
});
