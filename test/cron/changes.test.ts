import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Cron } from "../../src/wire/crons/cron";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  figuresOf,
  getCron,
  ringAt,
  rowsOf,
  runsOf,
  setClock,
  settled,
  slotsOf,
  threadStub,
} from "../support/crons";
import { call } from "../support/edge";

const patch = (cronId: string, fields: object): Promise<{ status: number; body: Cron }> =>
  call<Cron>("PATCH", `/runs/crons/${cronId}`, fields);

const HOOK = "https://hook.example/hook";

atClock("2040-01-01T00:00:00.000Z");

describe("changing a cron", () => {
  it("leaves what is absent, clears with null, merges metadata, and does not move the schedule", async () => {
    const cron = await createCron({
      end_time: "2041-01-01T00:00:00Z",
      metadata: { a: 1, b: 2 },
      timezone: "Europe/Berlin",
    });
    setClock("2040-01-01T10:00:00.000Z");
    const { body } = await patch(cron.cron_id, {
      metadata: { b: 3 },
      input: { text: "new" },
      end_time: null,
    });
    expect(body).toMatchObject({
      end_time: null,
      metadata: { a: 1, b: 3 },
      timezone: "Europe/Berlin",
      schedule: "27 15 * * *",
      payload: { input: { text: "new" } },
      next_run_date: cron.next_run_date,
      created_at: cron.created_at,
      updated_at: "2040-01-01T10:00:00.000Z",
    });
    expect(await getCron(cron.cron_id)).toEqual(body);
  });

  it("clears with null all that a cron may be without", async () => {
    const cron = await createCron({ multitask_strategy: "reject", webhook: HOOK, context: { a: 1 } });
    await patch(cron.cron_id, { config: { tags: ["a"] }, durability: "sync", note: "mine" });
    const { body } = await patch(cron.cron_id, {
      input: null,
      multitask_strategy: null,
      webhook: null,
      context: null,
      config: null,
      durability: null,
      note: null,
    });
    expect(body.payload).toEqual({ assistant_id: cron.assistant_id });
    expect(body.note).toBeNull();
    const without = { schedule: null, enabled: null, metadata: null, on_run_completed: null };
    expect(await patch(cron.cron_id, without)).toMatchObject({
      status: 200,
      body: { schedule: "27 15 * * *", enabled: true, on_run_completed: "delete" },
    });
  });

  it("a new schedule takes effect from now on", async () => {
    const cron = await createCron();
    const { body } = await patch(cron.cron_id, { schedule: "0 6 * * *", timezone: "Asia/Tokyo" });
    expect(body.next_run_date).toBe("2040-01-01T21:00:00.000Z");
    await patch(cron.cron_id, { timezone: null });
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T06:00:00.000Z");
  });

  it.each([
    [{ schedule: "0 23 31 2 *" }, /^schedule/],
    [{ schedule: "nonsense" }, /^schedule/],
    [{ timezone: "Mars/Phobos" }, /^timezone/],
    [{ end_time: "tomorrow" }, /^end_time/],
    [{ multitask_strategy: "sometimes" }, /^multitask_strategy/],
    [{ jitter_seconds: -1 }, /^jitter_seconds/],
    [{ catchup: "some" }, /^catchup/],
    [{ alert_webhook: "http://127.0.0.1/hook" }, /^alert_webhook/],
    [{ thread_ttl: 0 }, /^thread_ttl/],
    [{ cron_id: crypto.randomUUID() }, /^cron_id: unknown field/],
    [{ thread_id: crypto.randomUUID() }, /^thread_id: unknown field/],
    [{ enabled: "yes" }, /^enabled/],
  ])("refuses %j and changes nothing", async (fields, detail) => {
    const cron = await createCron();
    const { status, body } = await call("PATCH", `/runs/crons/${cron.cron_id}`, fields);
    expect(status).toBe(422);
    expect(body.detail).toMatch(detail);
    expect(await getCron(cron.cron_id)).toEqual(cron);
  });

  it("disabled it has no next time and no alarm; enabled again it waits for the next slot", async () => {
    const cron = await createCron({ schedule: "* * * * *" });
    expect((await patch(cron.cron_id, { enabled: false })).body).toMatchObject({
      enabled: false,
      next_run_date: null,
    });
    expect(await alarmOf(cronStub(cron.cron_id))).toBeNull();
    setClock("2040-01-01T05:00:30.000Z");
    expect((await patch(cron.cron_id, { enabled: true })).body.next_run_date).toBe(
      "2040-01-01T05:01:00.000Z",
    );
    expect(await slotsOf(cron.cron_id)).toEqual([]);
    await ringAt("2040-01-01T05:01:00.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toHaveLength(1);
  });

  it("made disabled it does not fire", async () => {
    const cron = await createCron({ enabled: false });
    expect(cron).toMatchObject({ enabled: false, next_run_date: null });
    expect(await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id)).toBe(false);
  });

  it("disabled after the slot came due and before the alarm, the slot is skipped and says so", async () => {
    const cron = await createCron();
    setClock("2040-01-01T15:27:00.300Z");
    await patch(cron.cron_id, { enabled: false });
    expect(await slotsOf(cron.cron_id)).toMatchObject([
      { status: "skipped", reason: "the cron was disabled before the slot was acted on", lateness_ms: 300 },
    ]);
    await cronStub(cron.cron_id).poke(cron.cron_id, 0);
    expect(await runsOf(cron.cron_id)).toEqual([]);
  });

  it.each([
    ["all", "* * * * *", "2040-01-01T00:03:15.000Z", ["skipped", "skipped", "skipped"]],
    ["latest", "* * * * *", "2040-01-01T00:03:15.000Z", ["missed", "missed", "skipped"]],
    ["skip", "* * * * *", "2040-01-01T00:03:15.000Z", ["missed", "missed", "skipped"]],
    ["skip", "0 * * * *", "2040-01-01T01:30:00.000Z", ["missed"]],
  ])(
    "disabled when slots are due, those are skipped that `catchup` %s would fire: %s at %s",
    async (...of) => {
      const [catchup, schedule, at, expected] = of;
      const cron = await createCron({ schedule, catchup });
      setClock(at);
      await patch(cron.cron_id, { enabled: false });
      const slots = (await slotsOf(cron.cron_id)).toReversed();
      expect(slots.map(({ status }) => status)).toEqual(expected);
      const reasons = {
        skipped: "the cron was disabled before the slot was acted on",
        missed: "the server did not run at the time",
      };
      for (const { status, reason } of slots) expect(reason).toBe(reasons[status as "skipped" | "missed"]);
      const count = (status: string): number => expected.filter((one) => one === status).length;
      expect((await figuresOf(cron.cron_id)).slots).toMatchObject({
        fired: 0,
        skipped: count("skipped"),
        missed: count("missed"),
      });
    },
  );

  it("edited after the slot came due and before the alarm, the slot fires and the new schedule begins", async () => {
    const cron = await createCron();
    setClock("2040-01-01T15:27:00.300Z");
    await patch(cron.cron_id, { schedule: "0 18 * * *", input: { text: "edited" } });
    await runDurableObjectAlarm(cronStub(cron.cron_id));
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    expect(slot).toMatchObject({ scheduled_for: "2040-01-01T15:27:00.000Z", status: "fired" });
    expect(await runsOf(cron.cron_id)).toHaveLength(1);
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T18:00:00.000Z");
  });

  it("fires nothing at or after its end time, and has no next time then", async () => {
    const cron = await createCron({ schedule: "0 * * * *", end_time: "2040-01-01T02:00:00Z" });
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    expect(await getCron(cron.cron_id)).toMatchObject({ next_run_date: null, enabled: true });
    expect(await alarmOf(cronStub(cron.cron_id))).toBeNull();
    expect(await slotsOf(cron.cron_id)).toHaveLength(1);
  });

  it("a slot that the end time overtook is skipped and says so", async () => {
    const cron = await createCron({ schedule: "0 * * * *", end_time: "2040-01-01T01:30:00Z" });
    await ringAt("2040-01-01T04:00:00.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toMatchObject([
      {
        scheduled_for: "2040-01-01T01:00:00.000Z",
        status: "skipped",
        reason: "the cron ended before the slot was acted on",
      },
    ]);
    expect(await runsOf(cron.cron_id)).toEqual([]);
  });

  it("a slot before the end time fires, though jitter takes it beyond", async () => {
    const cron = await createCron({ end_time: "2040-01-01T15:27:00.001Z", jitter_seconds: 3600 });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toMatchObject([{ status: "pending" }]);
    await ringAt("2040-01-01T16:27:00.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toMatchObject([{ status: "fired", reason: null }]);
  });

  it("a slot that waits when the end time is moved before it is skipped", async () => {
    const cron = await createCron({ jitter_seconds: 3600 });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    await patch(cron.cron_id, { end_time: "2040-01-01T15:27:00Z" });
    await ringAt("2040-01-01T16:27:00.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toMatchObject([{ status: "skipped" }]);
  });

  it("reading it in every way moves nothing", async () => {
    const cron = await createCron();
    setClock("2040-01-01T15:27:05.000Z");
    for (const path of ["", "/slots", "/runs"]) await call("GET", `/runs/crons/${cron.cron_id}${path}`);
    await call("POST", "/runs/crons/search", {});
    await call("POST", "/runs/crons/count", {});
    expect(await getCron(cron.cron_id)).toEqual(cron);
    expect(await slotsOf(cron.cron_id)).toEqual([]);
  });
});

describe("deleting a cron", () => {
  it("leaves nothing of it: no rows, no alarm, no index entry, nothing in the object of its threads", async () => {
    const cron = await createCron();
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    expect((await call("DELETE", `/runs/crons/${cron.cron_id}`)).status).toBe(200);
    expect((await call("GET", `/runs/crons/${cron.cron_id}`)).status).toBe(404);
    expect((await call("GET", `/runs/crons/${cron.cron_id}/slots`)).status).toBe(404);
    expect((await call("PATCH", `/runs/crons/${cron.cron_id}`, {})).status).toBe(404);
    expect((await call("DELETE", `/runs/crons/${cron.cron_id}`)).status).toBe(404);
    expect(
      (await call<number>("POST", "/runs/crons/count", { metadata: cron.metadata, assistant_id: "echo" }))
        .status,
    ).toBe(200);
    expect(await rowsOf(cronStub(cron.cron_id))).toEqual({});
    expect(await alarmOf(cronStub(cron.cron_id))).toBeNull();
    // Other crons may have runs in the same object, which are on their way to D1.
    const inThreads = () => rowsOf(threadStub(slot?.thread_id ?? ""));
    await expect.poll(inThreads).toMatchObject({ threads: 0, runs: 0 });
    // What it ran stays on record.
    await expect.poll(() => runsOf(cron.cron_id)).toHaveLength(1);
  });

  it("when its slot is due already, nothing fires", async () => {
    const cron = await createCron();
    setClock("2040-01-01T15:27:00.100Z");
    await call("DELETE", `/runs/crons/${cron.cron_id}`);
    await cronStub(cron.cron_id).poke(cron.cron_id, 0);
    expect(await runsOf(cron.cron_id)).toEqual([]);
  });
});
