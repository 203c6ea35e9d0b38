/** Runs of a stateless cron that take longer than the time to its next slot. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { standingThreadId } from "../../src/calls/thread-id";
import { ThreadDO } from "../../src/thread/thread-do";
import type { Cron } from "../../src/wire/crons/cron";
import type { Slot } from "../../src/wire/crons/slot";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ended,
  figuresOf,
  ringAt,
  runsOf,
  settled,
  slotsOf,
} from "../support/crons";
import { call, edgeFetch } from "../support/edge";
import { gateReached, openGate } from "../support/graphs/steps";
import { hearReports } from "../support/reports";
import { until } from "../support/until";

atClock("2040-01-01T00:00:00.000Z");

const at = (minute: number): string => `2040-01-01T00:0${minute}:00.000Z`;

/** A cron of every minute whose runs wait at the gate that is returned with it. */
async function slowCron(fields: Record<string, unknown>): Promise<{ cron: Cron; gate: string }> {
  const gate = crypto.randomUUID();
  const cron = await createCron({ assistant_id: "steps", schedule: "* * * * *", input: { gate }, ...fields });
  await ringAt(at(1), cron.cron_id);
  await gateReached(gate);
  return { cron, gate };
}

/** Has the cron believe that so many of its runs have not ended. */
async function addRunning(
  { cron_id: cronId }: Cron,
  length: number,
  threadIdOf: (runId: string) => string,
): Promise<void> {
  await runInDurableObject(cronStub(cronId), (_instance, { storage: { sql } }) => {
    const running = Array.from({ length }, () => {
      const runId = crypto.randomUUID();
      return { runId, threadId: threadIdOf(runId), scheduledFor: 0 };
    });
    sql.exec("UPDATE cron SET progress = json_set(progress, '$.running', json(?))", JSON.stringify(running));
  });
  await evictDurableObject(cronStub(cronId));
}

const statuses = async ({ cron_id: id }: Cron): Promise<string[]> =>
  (await slotsOf(id)).map(({ status }) => status).toReversed();

const runStatuses = async ({ cron_id: id }: Cron): Promise<string[]> =>
  (await runsOf(id)).map(({ status }) => status).toSorted();

describe("an earlier run that has not ended", () => {
  it("without a strategy is no matter: runs go on side by side", async () => {
    const { cron, gate } = await slowCron({});
    await ringAt(at(2), cron.cron_id);
    expect(await statuses(cron)).toEqual(["fired", "fired"]);
    openGate(gate);
    await ended(cron.cron_id, 2);
  });

  it("with `reject` has the slot skipped, with the reason, and the schedule goes on", async () => {
    const { cron, gate } = await slowCron({ multitask_strategy: "reject" });
    await ringAt(at(2), cron.cron_id);
    await ringAt(at(3), cron.cron_id);
    expect(await statuses(cron)).toEqual(["fired", "skipped", "skipped"]);
    const [slot] = await slotsOf(cron.cron_id);
    expect(slot?.reason).toMatch(/^the earlier run [0-9a-f-]+ has not ended$/);
    expect(await alarmOf(cronStub(cron.cron_id))).toBe(at(4));
    openGate(gate);
    await ended(cron.cron_id, 1);
    await ringAt(at(4), cron.cron_id);
    expect((await statuses(cron)).at(-1)).toBe("fired");
  });

  it("with `enqueue` holds one slot back, and has those after it skipped", async () => {
    const { cron, gate } = await slowCron({ multitask_strategy: "enqueue" });
    await ringAt(at(2), cron.cron_id);
    await ringAt(at(3), cron.cron_id);
    expect(await statuses(cron)).toEqual(["fired", "pending", "skipped"]);
    const slots = await slotsOf(cron.cron_id);
    expect(slots[1]?.reason).toMatch(/^waits for the earlier run [0-9a-f-]+ to end$/);
    expect(slots[0]?.reason).toMatch(/^another slot waits for the earlier run/);
    // The host dies: what is held back is stored.
    await evictDurableObject(cronStub(cron.cron_id));
    openGate(gate);
    await until(async () => (await statuses(cron))[1] === "fired");
    await ended(cron.cron_id, 2);
    expect(await runStatuses(cron)).toEqual(["success", "success"]);
    await ringAt(at(4), cron.cron_id);
    expect((await statuses(cron)).at(-1)).toBe("fired");
  });

  it("with `interrupt` is stopped, and its slot stays fired", async () => {
    const { cron, gate } = await slowCron({ multitask_strategy: "interrupt" });
    await ringAt(at(2), cron.cron_id);
    openGate(gate);
    await ended(cron.cron_id, 2);
    expect(await statuses(cron)).toEqual(["fired", "fired"]);
    expect(await runStatuses(cron)).toEqual(["interrupted", "success"]);
  });

  it("with `rollback` is stopped and leaves no trace but its slot", async () => {
    const { cron, gate } = await slowCron({ multitask_strategy: "rollback" });
    await ringAt(at(2), cron.cron_id);
    openGate(gate);
    await ended(cron.cron_id, 2);
    expect(await statuses(cron)).toEqual(["rolled_back", "fired"]);
    expect(await runStatuses(cron)).toEqual(["success"]);
    const { runs, slots } = await figuresOf(cron.cron_id);
    expect(runs).toMatchObject({ interrupted: 0, rolled_back: 1, success: 1, running: 0 });
    expect(slots).toMatchObject({ fired: 1, rolled_back: 1, pending: 0 });
    const [, slot] = await slotsOf(cron.cron_id);
    expect(slot).toMatchObject({ run_id: null, thread_id: null, reason: "its run was rolled back" });
    const { body: found } = await call<Slot[]>("GET", `/runs/crons/${cron.cron_id}/slots?status=rolled_back`);
    expect(found).toEqual([slot]);
    const metrics = await (await edgeFetch("http://edge/metrics")).text();
    expect(metrics).toMatch(
      new RegExp(`edgecron_slots{assistant_id="${cron.assistant_id}",status="rolled_back"} [1-9]`),
    );
  });

  it("with `keep` that is rolled back leaves no thread behind, and counts towards max_runs", async () => {
    const { cron, gate } = await slowCron({ on_run_completed: "keep", max_runs: 1 });
    const [slot] = await slotsOf(cron.cron_id);
    const path = `/threads/${slot?.thread_id ?? ""}`;
    await call("POST", `${path}/runs/${slot?.run_id ?? ""}/cancel?wait=1&action=rollback`);
    openGate(gate);
    await ended(cron.cron_id, 1);
    expect(await statuses(cron)).toEqual(["rolled_back"]);
    expect((await call("GET", path)).status).toBe(404);
    await ringAt(at(2), cron.cron_id);
    expect(await statuses(cron)).toEqual(["rolled_back", "skipped"]);
  });

  it("that has ended, though the cron was not told, does not freeze the schedule", async () => {
    hearReports(...Array.from({ length: 100 }, () => "refused" as const));
    const { cron, gate } = await slowCron({ multitask_strategy: "reject" });
    openGate(gate);
    await settled((await slotsOf(cron.cron_id))[0]);
    expect((await figuresOf(cron.cron_id)).runs).toMatchObject({ running: 1, success: 0 });
    await ringAt(at(2), cron.cron_id);
    expect(await statuses(cron)).toEqual(["fired", "fired"]);
  });

  it("holds back one slot of a backlog at a time, and each goes on when the one before has ended", async () => {
    const { cron, gate } = await slowCron({ multitask_strategy: "enqueue" });
    await call("POST", `/runs/crons/${cron.cron_id}/pause`);
    const period = { start: "2039-12-31T23:00:00Z", end: "2039-12-31T23:04:00Z" };
    await call("POST", `/runs/crons/${cron.cron_id}/backfill`, period);
    const claimed = async (): Promise<number> => (await figuresOf(cron.cron_id)).slots.pending;
    for (const second of ["01", "02", "03"]) {
      await ringAt(`2040-01-01T00:01:${second}.000Z`, cron.cron_id);
      expect(await claimed()).toBe(1);
    }
    openGate(gate);
    await until(async () => {
      const alarm = await alarmOf(cronStub(cron.cron_id));
      if (alarm !== null) await ringAt(alarm, cron.cron_id);
      return (await figuresOf(cron.cron_id)).runs.success === 5;
    });
    expect(await statuses(cron)).toEqual(["fired", "fired", "fired", "fired", "fired"]);
  });

  it("of hundreds is asked for with one call to their object", async () => {
    const cron = await createCron({ schedule: "* * * * *", multitask_strategy: "enqueue" });
    await addRunning(cron, 300, (runId) => standingThreadId(cron.cron_id, runId));
    const asked = vi.spyOn(ThreadDO.prototype, "unfinishedRuns");
    await ringAt(at(1), cron.cron_id);
    expect(await statuses(cron)).toEqual(["fired"]);
    expect(asked.mock.calls.map(([runIds]) => runIds.length)).toEqual([300]);
  });

  it("of a thousand is enough: further slots are skipped until some have ended", async () => {
    const cron = await createCron({ schedule: "* * * * *", jitter_seconds: 86_400 });
    await addRunning(cron, 999, (runId) => `thread of ${runId}`);
    await ringAt(at(1), cron.cron_id);
    await ringAt(at(2), cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status, reason }) => [status, reason])).toEqual([
      ["skipped", "1000 runs of the cron have not ended"],
      ["pending", null],
    ]);
    expect((await call("POST", `/runs/crons/${cron.cron_id}/run`)).status).toBe(409);
  });

  it("holds back a run by hand too, which goes on when it has ended", async () => {
    const { cron, gate } = await slowCron({ multitask_strategy: "enqueue" });
    const { status, body } = await call<{ status: string; run_id: string | null }>(
      "POST",
      `/runs/crons/${cron.cron_id}/run`,
      { input: {} },
    );
    expect([status, body.status]).toEqual([200, "pending"]);
    openGate(gate);
    await ended(cron.cron_id, 2);
    expect(await runStatuses(cron)).toEqual(["success", "success"]);
  });
});

it("a changed strategy holds from the next slot on", async () => {
  const { cron, gate } = await slowCron({ multitask_strategy: "reject" });
  const patched = await call<Cron>("PATCH", `/runs/crons/${cron.cron_id}`, { multitask_strategy: null });
  expect(patched.body.payload).not.toHaveProperty("multitask_strategy");
  await ringAt(at(2), cron.cron_id);
  expect(await statuses(cron)).toEqual(["fired", "fired"]);
  openGate(gate);
  await ended(cron.cron_id, 2);
});
