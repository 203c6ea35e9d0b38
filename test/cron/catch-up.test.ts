/** Slots that came due while nobody looked, and slots that are delayed on purpose. */
import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
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
  slotsOf,
  untilAdvanced,
} from "../support/crons";
import { call } from "../support/edge";
import { withAnswers } from "../support/reports";

atClock("2040-01-01T00:00:00.000Z");
// The report of a run would come between two alarms.
beforeEach(withAnswers);

/** The hour and the fate of each slot, oldest first. */
const fates = async (cron: Cron): Promise<string[]> =>
  (await slotsOf(cron.cron_id, "?limit=1000"))
    .map(({ scheduled_for: at, status, origin }: Slot) => `${at.slice(8, 16)} ${status} ${origin}`)
    .toReversed();

/** Runs the cron's alarms, each at its time, until `end`. */
async function liveUntil(end: string, { cron_id: id }: Cron): Promise<void> {
  for (let at = await alarmOf(cronStub(id)); at !== null && at <= end; at = await alarmOf(cronStub(id))) {
    await ringAt(at, id);
    await untilAdvanced(id);
  }
}

describe("after three hours without a server", () => {
  const DUE = "2040-01-01T03:30:00.000Z";

  it("the latest slot is made up for, and the others are missed", async () => {
    const cron = await createCron({ schedule: "0 * * * *" });
    await ringAt(DUE, cron.cron_id);
    expect(await fates(cron)).toEqual([
      "01T01:00 missed schedule",
      "01T02:00 missed schedule",
      "01T03:00 fired catchup",
    ]);
    expect((await figuresOf(cron.cron_id)).slots).toEqual({
      fired: 1,
      skipped: 0,
      missed: 2,
      rolled_back: 0,
      pending: 0,
    });
  });

  it("with `skip` none is", async () => {
    const cron = await createCron({ schedule: "0 * * * *", catchup: "skip" });
    await ringAt(DUE, cron.cron_id);
    expect(await fates(cron)).toEqual([
      "01T01:00 missed schedule",
      "01T02:00 missed schedule",
      "01T03:00 missed schedule",
    ]);
    await ringAt("2040-01-01T04:00:00.500Z", cron.cron_id);
    expect((await fates(cron)).at(-1)).toBe("01T04:00 fired schedule");
  });

  it("with `all` each is, the oldest first, a second apart", async () => {
    const cron = await createCron({ schedule: "0 * * * *", catchup: "all" });
    await ringAt(DUE, cron.cron_id);
    expect(await fates(cron)).toEqual([
      "01T01:00 fired catchup",
      "01T02:00 pending catchup",
      "01T03:00 pending catchup",
    ]);
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T03:30:01.000Z");
    // In between the host dies: what waits is stored.
    await evictDurableObject(cronStub(cron.cron_id));
    await liveUntil("2040-01-01T03:31:00.000Z", cron);
    expect(new Set(await fates(cron))).toEqual(
      new Set(["01T01:00 fired catchup", "01T02:00 fired catchup", "01T03:00 fired catchup"]),
    );
    expect(await runsOf(cron.cron_id)).toHaveLength(3);
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T04:00:00.000Z");
  });

  it("no slot older than the window is", async () => {
    const cron = await createCron({ schedule: "0 * * * *", catchup: "all", catchup_window_seconds: 5400 });
    await ringAt(DUE, cron.cron_id);
    await liveUntil("2040-01-01T03:31:00.000Z", cron);
    expect(await fates(cron)).toEqual([
      "01T01:00 missed schedule",
      "01T02:00 fired catchup",
      "01T03:00 fired catchup",
    ]);
    const late = await createCron({ schedule: "0 6 * * *", catchup_window_seconds: 600 });
    await ringAt("2040-01-01T06:11:00.000Z", late.cron_id);
    expect((await slotsOf(late.cron_id)).map(({ status }) => status)).toEqual(["missed"]);
  });

  it("a pause gives up what was still to be made up for", async () => {
    const cron = await createCron({ schedule: "0 * * * *", catchup: "all" });
    await ringAt(DUE, cron.cron_id);
    await call("POST", `/runs/crons/${cron.cron_id}/pause`);
    expect(await fates(cron)).toEqual([
      "01T01:00 fired catchup",
      "01T02:00 skipped catchup",
      "01T03:00 skipped catchup",
    ]);
    expect(await alarmOf(cronStub(cron.cron_id))).toBeNull();
    expect((await figuresOf(cron.cron_id)).slots).toEqual({
      fired: 1,
      skipped: 2,
      missed: 0,
      rolled_back: 0,
      pending: 0,
    });
  });
});

describe("a thousand missed slots", () => {
  it("are one row, and nothing is refused", async () => {
    const cron = await createCron({ schedule: "* * * * *" });
    await ringAt("2040-01-01T16:40:10.000Z", cron.cron_id);
    expect((await figuresOf(cron.cron_id)).slots).toEqual({
      fired: 1,
      skipped: 0,
      missed: 999,
      rolled_back: 0,
      pending: 0,
    });
    expect(await slotsOf(cron.cron_id, "?limit=1000")).toHaveLength(1000);
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T16:41:00.000Z");
  });

  it("with `all` are two rows at the start, and the schedule goes on beside them", async () => {
    const cron = await createCron({ schedule: "* * * * *", catchup: "all" });
    await ringAt("2040-01-01T16:40:10.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id, "?limit=1000&status=pending")).toHaveLength(999);
    await liveUntil("2040-01-01T16:41:00.000Z", cron);
    const fired = await slotsOf(cron.cron_id, "?limit=1000&status=fired");
    expect(fired.filter(({ origin }) => origin === "schedule")).toMatchObject([
      { scheduled_for: "2040-01-01T16:41:00.000Z" },
    ]);
    expect(fired).toHaveLength(52);
    await ended(cron.cron_id, 52);
    expect(await runsOf(cron.cron_id)).toHaveLength(52);
  });
});

describe("jitter", () => {
  it("puts off no longer than the cron makes up for: after downtime the slot is missed", async () => {
    const cron = await createCron({ schedule: "0 * * * *", jitter_seconds: 600, catchup: "skip" });
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    await evictDurableObject(cronStub(cron.cron_id));
    await ringAt("2040-01-01T01:30:00.000Z", cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["missed"]);
    expect(await runsOf(cron.cron_id)).toEqual([]);
  });

  it("only delays, by the same for the same slot, and within its bound", async () => {
    const cron = await createCron({ schedule: "0 * * * *", jitter_seconds: 600 });
    const delays: number[] = [];
    for (const hour of ["01", "02", "03", "04"]) {
      const slot = `2040-01-01T${hour}:00:00.000Z`;
      await ringAt(slot, cron.cron_id);
      expect(await slotsOf(cron.cron_id, "?status=pending")).toHaveLength(1);
      const at = (await alarmOf(cronStub(cron.cron_id))) ?? "";
      delays.push(Date.parse(at) - Date.parse(slot));
      // A repeated alarm does not hurry it, and a host that dies does not forget it.
      await ringAt(slot, cron.cron_id);
      await evictDurableObject(cronStub(cron.cron_id));
      expect(await alarmOf(cronStub(cron.cron_id))).toBe(at);
      await ringAt(at, cron.cron_id);
      expect((await slotsOf(cron.cron_id))[0]).toMatchObject({ status: "fired", scheduled_for: slot });
    }
    expect(Math.min(...delays)).toBeGreaterThan(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(600_000);
    expect(new Set(delays).size).toBe(4);
    expect(await runsOf(cron.cron_id)).toHaveLength(4);
  });
});
