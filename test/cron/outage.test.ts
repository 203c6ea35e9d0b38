/** Firing while what is around the cron fails. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { CronDefinition } from "../../src/calls/cron-definition";
import { figuresOf } from "../../src/calls/cron-progress";
import { NO_PROGRESS } from "../../src/calls/cron-progress";
import type { Cron } from "../../src/wire/crons/cron";
import { DEFAULT_POLICY } from "../../src/wire/crons/policy";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  figuresOf as countsOf,
  getCron,
  ringAt,
  rowsOf,
  runsOf,
  setClock,
  settled,
  slotsOf,
  standingObjectsOf,
  threadStub,
} from "../support/crons";
import { call } from "../support/edge";
import { setD1, setFates } from "../support/outage";

atClock("2040-01-01T00:00:00.000Z");

/** Runs the cron's alarms one after the other, each at its time, until `end`. @returns how many there were */
async function liveUntil(end: string, cronId: string): Promise<number> {
  for (let alarms = 0; ; alarms++) {
    const at = await alarmOf(cronStub(cronId));
    if (at === null || at > end) return alarms;
    await ringAt(at, cronId);
  }
}

describe("the enqueueing of a run", () => {
  it.each([
    ["fails a few times", ["refused", "refused", "refused"] as const, 4],
    ["succeeds with its answer lost", ["answer lost"] as const, 1],
    [
      "succeeds with its answer lost, again and again",
      ["answer lost", "answer lost", "refused", "answer lost"] as const,
      // Before another delivery the thread object is asked, and has the run.
      1,
    ],
    ["answers twice", ["twice"] as const, 1],
  ])("%s: the slot fires once", async (_what, fates, expectedCalls) => {
    const cron = await createCron();
    const calls = await setFates(cronStub(cron.cron_id), [...fates]);
    await liveUntil("2040-01-01T16:00:00.000Z", cron.cron_id);
    const slots = await slotsOf(cron.cron_id);
    expect(slots).toMatchObject([{ status: "fired", scheduled_for: "2040-01-01T15:27:00.000Z" }]);
    await settled(slots[0]);
    expect(calls()).toBe(expectedCalls);
    expect(await runsOf(cron.cron_id)).toHaveLength(1);
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-02T15:27:00.000Z");
  });

  it("never succeeds: the slot ends as missed after ten attempts, and the cron lives on", async () => {
    const cron = await createCron();
    const calls = await setFates(cronStub(cron.cron_id), "always refused");
    await liveUntil("2040-01-01T23:00:00.000Z", cron.cron_id);
    expect(calls()).toBe(10);
    expect(await slotsOf(cron.cron_id)).toMatchObject([
      {
        status: "missed",
        reason: "its run could not be enqueued in 10 attempts: the thread object is overloaded",
      },
    ]);
    await setFates(cronStub(cron.cron_id), []);
    await liveUntil("2040-01-02T16:00:00.000Z", cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["fired", "missed"]);
  });

  it("fails while later slots come due: each slot has its own fate", async () => {
    const cron = await createCron({ schedule: "* * * * *" });
    await setFates(cronStub(cron.cron_id), [
      "refused",
      "refused",
      "refused",
      "refused",
      "refused",
      "refused",
      "refused",
    ]);
    await liveUntil("2040-01-01T00:05:30.000Z", cron.cron_id);
    const slots = await slotsOf(cron.cron_id);
    for (const slot of slots) await settled(slot);
    expect(slots.map(({ status }) => status)).toEqual(["fired", "fired", "fired", "fired", "fired"]);
    expect(await runsOf(cron.cron_id)).toHaveLength(5);
  });
});

describe("D1 that is down", () => {
  it("stops no firing; nothing is lost, and the index catches up by itself", async () => {
    const cron = await createCron({ schedule: "*/10 * * * *" });
    const stub = cronStub(cron.cron_id);
    const threads = standingObjectsOf(cron.cron_id);
    const runsInThreads = async (): Promise<number> => {
      const rows = await Promise.all(threads.map((thread) => rowsOf(thread)));
      return rows.reduce((sum, { runs = 0 }) => sum + runs, 0);
    };
    await runsInThreads();
    for (const object of [stub, ...threads]) await setD1(object, false);
    await liveUntil("2040-01-01T01:00:00.000Z", cron.cron_id);
    const slots = await slotsOf(cron.cron_id);
    expect(slots.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => "fired"));
    // The cron lists its runs without D1. The runs have ended, and wait in their object for D1.
    expect(await runsInThreads()).toBe(6);

    for (const object of [stub, ...threads]) await setD1(object, true);
    await liveUntil("2040-01-01T01:06:00.000Z", cron.cron_id);
    setClock("2040-01-01T01:06:00.000Z");
    for (const thread of threads) await runDurableObjectAlarm(thread);
    expect((await runsOf(cron.cron_id)).map(({ status }) => status)).toEqual(
      Array.from({ length: 6 }, () => "success"),
    );
    for (const thread of threads) expect(await rowsOf(thread)).toMatchObject({ runs: 0, threads: 0 });
    const indexed = await call<Cron[]>("POST", "/runs/crons/search", { metadata: {}, limit: 1000 });
    expect(indexed.body.find(({ cron_id: id }) => id === cron.cron_id)).toEqual(await getCron(cron.cron_id));
  });

  it("for an hour, with a thousand firings: none is lost, and a minute later the index equals the objects", async () => {
    // Some five thousand failures are logged, and each takes the test runner a while.
    vi.spyOn(console, "error").mockReturnValue(undefined);
    const crons = await Promise.all(
      Array.from({ length: 10 }, () => createCron({ schedule: "*/36 * * * * *" })),
    );
    const threads = crons.flatMap(({ cron_id: cronId }) => standingObjectsOf(cronId));
    const stubs = [...crons.map(({ cron_id: id }) => cronStub(id)), ...threads];
    await Promise.all(stubs.map((stub) => rowsOf(stub)));
    await Promise.all(stubs.map(async (stub) => setD1(stub, false)));
    // At :00 and :36 of each minute.
    for (let half = 1; half <= 120; half++) {
      setClock(new Date(Date.UTC(2040, 0, 1, 0, half >> 1, (half % 2) * 36)).toISOString());
      await Promise.all(crons.map(async ({ cron_id: id }) => runDurableObjectAlarm(cronStub(id))));
    }
    const all = async (): Promise<Cron[]> =>
      (await call<Cron[]>("POST", "/runs/crons/search", { limit: 1000 })).body;
    const ours = new Set(crons.map(({ cron_id: id }) => id));
    const runsInD1 = async (): Promise<number | null> =>
      env.DB.prepare(
        "SELECT count(*) AS n FROM runs WHERE status = 'success' AND cron_id IN (SELECT value FROM json_each(?))",
      )
        .bind(JSON.stringify([...ours]))
        .first<number>("n");
    expect(await runsInD1()).toBe(0);

    setClock("2040-01-01T01:00:20.000Z");
    await Promise.all(stubs.map(async (stub) => setD1(stub, true)));
    // Only what has an alarm by then gets to do anything.
    const by = "2040-01-01T01:01:20.000Z";
    for (const stub of stubs) {
      for (let at = await alarmOf(stub); at !== null && at <= by; at = await alarmOf(stub)) {
        setClock(at);
        await runDurableObjectAlarm(stub);
      }
    }
    setClock(by);
    // An hour's, and those of 01:00:36 and 01:01:00.
    expect(await runsInD1()).toBe(10 * 122);
    const indexed = (await all()).filter(({ cron_id: id }) => ours.has(id));
    expect(indexed).toHaveLength(10);
    for (const cron of indexed) {
      expect(cron).toEqual(await getCron(cron.cron_id));
      const slots = await slotsOf(cron.cron_id, "?limit=1000");
      expect(slots.map(({ status }) => status)).toEqual(Array.from({ length: 122 }, () => "fired"));
      expect(await rowsOf(threadStub(slots[0]?.thread_id ?? ""))).toMatchObject({ runs: 0, threads: 0 });
      expect((await countsOf(cron.cron_id)).runs).toMatchObject({ success: 122, running: 0 });
    }
  }, 240_000);

  it("keeps a deletion waiting, and nothing fires meanwhile", async () => {
    const cron = await createCron();
    await setD1(cronStub(cron.cron_id), false);
    expect((await call("DELETE", `/runs/crons/${cron.cron_id}`)).status).toBe(200);
    expect((await call("GET", `/runs/crons/${cron.cron_id}`)).status).toBe(404);
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    await setD1(cronStub(cron.cron_id), true);
    await ringAt("2040-01-01T15:30:00.000Z", cron.cron_id);
    expect(await runsOf(cron.cron_id)).toEqual([]);
    expect(await rowsOf(cronStub(cron.cron_id))).toEqual({});
    const left = await env.DB.prepare("SELECT count(*) AS n FROM crons WHERE cron_id = ?")
      .bind(cron.cron_id)
      .first("n");
    expect(left).toBe(0);
  });

  it("an index write that comes late cannot go backwards", async () => {
    const cron = await createCron({ metadata: { n: 1 } });
    await call("PATCH", `/runs/crons/${cron.cron_id}`, { metadata: { n: 2 } });
    const { indexCron } = await import("../../src/d1/crons-table");
    const stale: CronDefinition = {
      cronId: cron.cron_id,
      assistantId: cron.assistant_id,
      threadId: null,
      schedule: cron.schedule,
      timezone: null,
      endTime: null,
      enabled: true,
      onRunCompleted: "delete",
      payload: {},
      metadata: { n: 0 },
      policy: DEFAULT_POLICY,
      note: null,
      createdAt: 0,
      updatedAt: 0,
    };
    const progress = NO_PROGRESS;
    await indexCron(env.DB, { definition: stale, nextRunAt: 1, revision: 1 }, figuresOf(progress, 0, 0));
    const found = await call<Cron[]>("POST", "/runs/crons/search", { metadata: { n: 2 } });
    expect(found.body.map(({ cron_id: id }) => id)).toContain(cron.cron_id);
  });
});

describe("an alarm whose every attempt throws", () => {
  it("is set again each time, more often than the platform would retry", async () => {
    const cron = await createCron();
    const stub = cronStub(cron.cron_id);
    const { runInDurableObject } = await import("cloudflare:test");
    setClock("2040-01-01T15:27:00.000Z");
    for (let i = 0; i < 9; i++) {
      await runInDurableObject(stub, async (instance) => {
        const host = instance as unknown as {
          context: { record: { read: () => unknown } };
          alarm: () => Promise<void>;
        };
        const read = vi.spyOn(host.context.record, "read").mockImplementation(() => {
          throw new Error("SQLITE_IOERR");
        });
        await host.alarm();
        read.mockRestore();
      });
      expect(await alarmOf(stub)).not.toBeNull();
    }
    await runDurableObjectAlarm(stub);
    expect(await slotsOf(cron.cron_id)).toMatchObject([{ status: "fired" }]);
  });
});
