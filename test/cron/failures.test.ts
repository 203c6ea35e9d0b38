/** Runs that fail: attempts, pauses, and who is told. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Cron } from "../../src/wire/crons/cron";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ended,
  figuresOf,
  getCron,
  ringAt,
  rowsOf,
  runsOf,
  setClock,
  slotsOf,
  threadStub,
} from "../support/crons";
import { call } from "../support/edge";
import { receiver, type Received } from "../support/webhooks";
import { until } from "../support/until";

atClock("2040-01-01T00:00:00.000Z");

const failing = async (fields: Record<string, unknown> = {}): Promise<Cron> =>
  createCron({ assistant_id: "fails", schedule: "0 * * * *", input: { message: "no luck" }, ...fields });

const hour = (hours: number): string => `2040-01-01T${String(hours).padStart(2, "0")}:00:00.000Z`;

const typesOf = (calls: Received[]): unknown[] => calls.map(({ body }) => body.type);

describe("failures in a row", () => {
  it("pause the cron at the number asked for, with a note, and no earlier", async () => {
    const cron = await failing({ pause_after_failures: 3 });
    for (const hours of [1, 2]) {
      await ringAt(hour(hours), cron.cron_id);
      await ended(cron.cron_id, hours);
    }
    expect(await getCron(cron.cron_id)).toMatchObject({ enabled: true });
    await ringAt(hour(3), cron.cron_id);
    await ended(cron.cron_id, 3);
    expect(await getCron(cron.cron_id)).toMatchObject({
      enabled: false,
      next_run_date: null,
      note: "paused after 3 failed runs in a row",
    });
    await until(async () => (await alarmOf(cronStub(cron.cron_id))) === null);
    expect(await ringAt(hour(4), cron.cron_id)).toBe(false);
  });

  it("are counted anew after a success, and when the cron is resumed", async () => {
    const cron = await failing({ pause_after_failures: 2 });
    await ringAt(hour(1), cron.cron_id);
    await ended(cron.cron_id, 1);
    // The same cron, of a graph that works: by hand, with the count of failures in between.
    expect((await figuresOf(cron.cron_id)).failures_in_a_row).toBe(1);
    await ringAt(hour(2), cron.cron_id);
    await ended(cron.cron_id, 2);
    await call("POST", `/runs/crons/${cron.cron_id}/resume`);
    expect((await figuresOf(cron.cron_id)).failures_in_a_row).toBe(0);
    await ringAt(hour(3), cron.cron_id);
    await ended(cron.cron_id, 3);
    expect((await getCron(cron.cron_id)).enabled).toBe(true);
  });

  it("a run that was stopped is neither a failure nor a success", async () => {
    const cron = await createCron({
      assistant_id: "steps",
      schedule: "0 * * * *",
      input: { gate: crypto.randomUUID() },
      pause_after_failures: 1,
    });
    await ringAt(hour(1), cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await call("POST", `/threads/${slot?.thread_id ?? ""}/runs/${slot?.run_id ?? ""}/cancel?wait=true`);
    await ended(cron.cron_id, 1);
    expect((await figuresOf(cron.cron_id)).runs.interrupted).toBe(1);
    expect((await getCron(cron.cron_id)).enabled).toBe(true);
  });
});

describe("an alert", () => {
  it("tells of a failed run, and of the pause that it leads to", async () => {
    const { url, calls } = receiver();
    const cron = await failing({ pause_after_failures: 1, alert_webhook: url, metadata: { team: "a" } });
    await ringAt(hour(1), cron.cron_id);
    await until(() => calls.length === 2);
    const [run] = await runsOf(cron.cron_id);
    expect(calls.map(({ body }) => body)).toMatchObject([
      {
        type: "cron.run_failed",
        timestamp: hour(1),
        data: {
          cron_id: cron.cron_id,
          metadata: { team: "a" },
          run_id: run?.run_id,
          scheduled_for: hour(1),
          status: "error",
          error: { error: "Error", message: "no luck" },
        },
      },
      { type: "cron.paused", data: { reason: "paused after 1 failed runs in a row" } },
    ]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    await until(async () => (await rowsOf(cronStub(cron.cron_id))).alerts === 0);
  });

  it("tells of missed slots at once, however many they are", async () => {
    const { url, calls } = receiver();
    const cron = await createCron({ schedule: "0 * * * *", alert_webhook: url });
    await ringAt("2040-01-01T05:30:00.000Z", cron.cron_id);
    await until(() => calls.length === 1);
    expect(calls[0]?.body).toMatchObject({
      type: "cron.slot_missed",
      data: { first_slot: hour(1), last_slot: hour(4), slots: 4 },
    });
  });

  it("tells that the cron's thread was deleted", async () => {
    const { url, calls } = receiver();
    const { body: thread } = await call<{ thread_id: string }>("POST", "/threads", {});
    await call("POST", `/threads/${thread.thread_id}/runs/crons`, {
      assistant_id: "echo",
      schedule: "0 * * * *",
      alert_webhook: url,
    });
    await call("DELETE", `/threads/${thread.thread_id}`);
    await until(() => calls.length === 1);
    expect(calls[0]?.body).toMatchObject({
      type: "cron.paused",
      data: { reason: "the cron's thread was deleted" },
    });
  });

  it("tells once that the cron's thread is nearly full, before its runs fail, and again when it has been emptied since", async () => {
    const { url, calls } = receiver();
    const { body: thread } = await call<{ thread_id: string }>("POST", "/threads", {});
    const { body: cron } = await call<Cron>("POST", `/threads/${thread.thread_id}/runs/crons`, {
      assistant_id: "echo",
      input: { text: "a" },
      schedule: "0 * * * *",
      alert_webhook: url,
    });
    const fireWith = async (hours: number, databaseSize: number): Promise<number | null> => {
      await runInDurableObject(threadStub(thread.thread_id) as DurableObjectStub, (_object, { storage }) => {
        Object.defineProperty(storage.sql, "databaseSize", { configurable: true, value: databaseSize });
      });
      await ringAt(hour(hours), cron.cron_id);
      await ended(cron.cron_id, hours);
      return (await figuresOf(cron.cron_id)).thread_space_used;
    };
    expect(await fireWith(1, 7_900_000_000)).toBeNull();
    expect(await fireWith(2, 8_312_000_000)).toBe(0.831);
    await until(() => calls.length === 1);
    expect(calls[0]?.body).toMatchObject({
      type: "cron.thread_almost_full",
      data: { cron_id: cron.cron_id, thread_id: thread.thread_id, space_used: 0.831 },
    });
    expect(await fireWith(3, 8_400_000_000)).toBe(0.84);
    expect(await fireWith(4, 1_000_000)).toBeNull();
    expect(await fireWith(5, 8_500_000_000)).toBe(0.85);
    await until(() => calls.length === 2);
    expect(calls[1]?.body.data).toMatchObject({ space_used: 0.85 });
  });

  it("is sent again until it is answered, by the alarm, also of a host that died", async () => {
    const { url, calls } = receiver("breaks", 500, 200);
    const cron = await failing({ alert_webhook: url });
    await ringAt(hour(1), cron.cron_id);
    await until(() => calls.length === 1);
    await evictDurableObject(cronStub(cron.cron_id));
    for (const attempts of [2, 3]) {
      setClock((await alarmOf(cronStub(cron.cron_id))) ?? "");
      await runDurableObjectAlarm(cronStub(cron.cron_id));
      await until(() => calls.length === attempts);
    }
    await until(async () => (await rowsOf(cronStub(cron.cron_id))).alerts === 0);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(1);
    expect(typesOf(calls)).toEqual(["cron.run_failed", "cron.run_failed", "cron.run_failed"]);
    await until(async () => (await alarmOf(cronStub(cron.cron_id))) === hour(2));
  });

  it("that hangs holds up no firing", async () => {
    const { url, hanging } = receiver("hangs");
    const cron = await failing({ alert_webhook: url });
    await ringAt(hour(1), cron.cron_id);
    await until(() => hanging() === 1);
    await ringAt(hour(2), cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["fired", "fired"]);
    await ended(cron.cron_id, 2);
    // Nothing of the call is left when the cron goes.
    await call("DELETE", `/runs/crons/${cron.cron_id}`);
    expect(await rowsOf(cronStub(cron.cron_id))).toEqual({});
  });

  it("that waits for another to be answered does not have the alarm come again and again", async () => {
    const { url, hanging, calls } = receiver("hangs");
    const cron = await failing({ alert_webhook: url, pause_after_failures: 1 });
    await ringAt(hour(1), cron.cron_id);
    await until(() => hanging() === 1);
    await until(async () => ((await alarmOf(cronStub(cron.cron_id))) ?? "") > "2040-01-01T01:00:15.000Z");
    await runDurableObjectAlarm(cronStub(cron.cron_id));
    expect((await alarmOf(cronStub(cron.cron_id))) ?? "").toMatch(/^2040-01-01T01:00:[23]/);
    expect(calls).toHaveLength(1);
    expect(await rowsOf(cronStub(cron.cron_id))).toMatchObject({ alerts: 2 });
    await call("DELETE", `/runs/crons/${cron.cron_id}`);
  });

  it("is not sent to an address that is not public, and none is stored without a URL", async () => {
    const { status, body } = await call("POST", "/runs/crons", {
      assistant_id: "echo",
      schedule: "0 * * * *",
      alert_webhook: "http://169.254.169.254/",
    });
    expect(status).toBe(422);
    expect(body.detail).toMatch(/^alert_webhook/);
    const cron = await failing();
    await ringAt(hour(1), cron.cron_id);
    await ended(cron.cron_id, 1);
    expect(await rowsOf(cronStub(cron.cron_id))).toMatchObject({ alerts: 0 });
  });
});

describe("an assistant that is deleted", () => {
  it("pauses its crons, and they say so", async () => {
    const { body: assistant } = await call<{ assistant_id: string }>("POST", "/assistants", {
      graph_id: "echo",
    });
    const cron = await createCron({ assistant_id: assistant.assistant_id });
    const other = await createCron();
    await call("DELETE", `/assistants/${assistant.assistant_id}`);
    expect(await getCron(cron.cron_id)).toMatchObject({
      enabled: false,
      note: "the cron's assistant was deleted",
    });
    expect((await getCron(other.cron_id)).enabled).toBe(true);
  });
});
