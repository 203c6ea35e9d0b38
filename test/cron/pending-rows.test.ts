/** Which rows are pending is read once, and again after a change. */
import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { CronContext } from "../../src/cron/cron-context";
import type { PendingSlot } from "../../src/cron/slot-rows";
import type { Env } from "../../src/platform/config";
import { createCron, cronStub } from "../support/crons";

const slot = (scheduledFor: number): PendingSlot => ({
  scheduledFor,
  manual: false,
  origin: "schedule",
  threadId: "t",
  attempts: 0,
  deliveredAt: null,
  retryAt: 0,
  heldBy: null,
  overrides: null,
});

it("pending slots and backlogs are seen as they are, also after a transaction was rolled back", async () => {
  const { cron_id: cronId } = await createCron();
  await runInDurableObject(cronStub(cronId) as DurableObjectStub, (_instance, state) => {
    const { ledger, ranges, record } = new CronContext(state, {} as Env);
    const pending = (since = 0): number[] => ledger.pending(since).map(({ scheduledFor }) => scheduledFor);
    const backlogs = (): number[] => ranges.backlogs(0).map(({ first }) => first);
    const schedule = { expression: "* * * * *", timezone: null };
    const backlog = { first: 60_000, last: 240_000, schedule, origin: "backfill", claimAt: 0 } as const;
    expect([pending(), backlogs()]).toEqual([[], []]);
    ledger.claim(slot(1_000));
    const change = (): void => {
      record.transaction(() => {
        ledger.claim(slot(2_000));
        ranges.addBacklog(backlog);
        expect([pending(), backlogs()]).toEqual([[1_000, 2_000], [60_000]]);
        throw new Error("rolled back");
      });
    };
    expect(change).toThrow("rolled back");
    expect([pending(), backlogs()]).toEqual([[1_000], []]);
    ledger.claim(slot(3_000));
    ranges.addBacklog(backlog);
    expect([pending(), pending(2_000), backlogs()]).toEqual([[1_000, 3_000], [3_000], [60_000]]);
    ledger.markUnfired(slot(1_000), "missed", "late", 5);
    ranges.removeFirstSlot(backlog, 7);
    expect([pending(), backlogs()]).toEqual([[3_000], [120_000]]);
    expect(ranges.dropBacklog({ ...backlog, first: 120_000 }, "dropped")).toBe(3);
    expect(backlogs()).toEqual([]);
  });
});
