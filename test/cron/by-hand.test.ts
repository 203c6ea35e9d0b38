/** What the owner of a cron does by hand; and making a cron twice. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { Cron } from "../../src/wire/crons/cron";
import type { Slot } from "../../src/wire/crons/slot";
import type { Run } from "../../src/wire/runs/run";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ended,
  figuresOf,
  getCron,
  ringAt,
  runsOf,
  setClock,
  slotsOf,
  untilAdvanced,
} from "../support/crons";
import { call } from "../support/edge";
import { withAnswers } from "../support/reports";

atClock("2040-01-01T00:00:00.000Z");

/** The path of what is done by hand with the cron. */
const of = ({ cron_id: id }: Cron, what: string): string => `/runs/crons/${id}/${what}`;

describe("run now", () => {
  it("makes a run at once and moves nothing of the schedule", async () => {
    const cron = await createCron();
    setClock("2040-01-01T09:00:00.000Z");
    const { body: slot } = await call<Slot>("POST", of(cron, "run"));
    expect(slot).toMatchObject({
      scheduled_for: "2040-01-01T09:00:00.000Z",
      origin: "manual",
      status: "fired",
      lateness_ms: 0,
    });
    await ended(cron.cron_id, 1);
    expect((await runsOf(cron.cron_id)).map(({ run_id: id }) => id)).toEqual([slot.run_id]);
    expect(await getCron(cron.cron_id)).toEqual(cron);
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T15:27:00.000Z");
  });

  it("at the very time of a slot does not take its place", async () => {
    const cron = await createCron();
    setClock("2040-01-01T15:27:00.000Z");
    await call("POST", of(cron, "run"));
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    expect(
      (await slotsOf(cron.cron_id)).map(({ origin, status }) => `${origin} ${status}`).toSorted(),
    ).toEqual(["manual fired", "schedule fired"]);
    await ended(cron.cron_id, 2);
    expect(await runsOf(cron.cron_id)).toHaveLength(2);
  });

  it("takes what is sent in place of the cron's own", async () => {
    const cron = await createCron({ metadata: { a: 1 }, config: { tags: ["cron"] } });
    await call("POST", of(cron, "run"), { input: { text: "other" }, metadata: { b: 2 } });
    await ended(cron.cron_id, 1);
    const [run] = await runsOf(cron.cron_id);
    expect(run?.metadata).toMatchObject({ a: 1, b: 2, cron_id: cron.cron_id });
    expect(run?.kwargs).toMatchObject({ input: { text: "other" }, config: { tags: ["cron"] } });
  });

  it("works on a cron that is paused", async () => {
    const cron = await createCron({ enabled: false });
    expect((await call<Slot>("POST", of(cron, "run"))).body.status).toBe("fired");
    expect(await getCron(cron.cron_id)).toMatchObject({ enabled: false, next_run_date: null });
  });

  it("is refused with what is wrong", async () => {
    const cron = await createCron();
    expect(await call("POST", of(cron, "run"), { schedule: "* * * * *" })).toMatchObject({
      status: 422,
      body: { detail: "schedule: unknown field" },
    });
    expect((await call("POST", `/runs/crons/${crypto.randomUUID()}/run`)).status).toBe(404);
  });
});

describe("skipping the next slots", () => {
  it("shows them as skipped, with the reason, and fires the one after them", async () => {
    const cron = await createCron();
    const { body } = await call<Cron>("POST", of(cron, "skip"), { count: 2, note: "holidays" });
    expect(body.next_run_date).toBe("2040-01-03T15:27:00.000Z");
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-03T15:27:00.000Z");
    expect(await slotsOf(cron.cron_id)).toMatchObject([
      { scheduled_for: "2040-01-02T15:27:00.000Z", status: "skipped", reason: "skipped by hand: holidays" },
      { scheduled_for: "2040-01-01T15:27:00.000Z", status: "skipped" },
    ]);
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    await ringAt("2040-01-03T15:27:00.000Z", cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual([
      "fired",
      "skipped",
      "skipped",
    ]);
    expect((await figuresOf(cron.cron_id)).slots).toMatchObject({ fired: 1, skipped: 2, missed: 0 });
  });

  it("is always from now on: said twice it skips no more, and 0 takes it back", async () => {
    const cron = await createCron();
    await call("POST", of(cron, "skip"), { count: 3 });
    await ringAt("2040-01-01T16:00:00.000Z", cron.cron_id);
    const { body } = await call<Cron>("POST", of(cron, "skip"), { count: 1 });
    expect(body.next_run_date).toBe("2040-01-03T15:27:00.000Z");
    const { body: back } = await call<Cron>("POST", of(cron, "skip"), { count: 0 });
    expect(back.next_run_date).toBe("2040-01-02T15:27:00.000Z");
    expect((await slotsOf(cron.cron_id)).map(({ scheduled_for: slot }) => slot)).toEqual([
      "2040-01-01T15:27:00.000Z",
    ]);
    expect((await figuresOf(cron.cron_id)).slots.skipped).toBe(1);
  });

  it("ends with the schedule that it was said of", async () => {
    const cron = await createCron();
    await call("POST", of(cron, "skip"), { count: 5 });
    const { body } = await call<Cron>("PATCH", `/runs/crons/${cron.cron_id}`, { schedule: "0 6 * * *" });
    expect(body.next_run_date).toBe("2040-01-01T06:00:00.000Z");
    expect(await slotsOf(cron.cron_id)).toEqual([]);
  });

  it("as far as the year 2227 leaves a cron that works", async () => {
    const cron = await createCron({ schedule: "@yearly" });
    const skipped = await call<Cron>("POST", of(cron, "skip"), { count: 186 });
    expect([skipped.status, skipped.body.next_run_date]).toEqual([200, "2227-01-01T00:00:00.000Z"]);
    expect((await call<Cron>("POST", of(cron, "skip"), { count: 0 })).body.next_run_date).toBe(
      "2041-01-01T00:00:00.000Z",
    );
  });

  it("passes over those that had their turn before the clock was set back", async () => {
    const cron = await createCron({ schedule: "* * * * *" });
    await ringAt("2040-01-01T00:01:00.000Z", cron.cron_id);
    await ringAt("2040-01-01T00:03:00.000Z", cron.cron_id);
    setClock("2040-01-01T00:00:30.000Z");
    const { body } = await call<Cron>("POST", `/runs/crons/${cron.cron_id}/skip`, { count: 1 });
    expect(body.next_run_date).toBe("2040-01-01T00:04:00.000Z");
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["fired", "skipped", "fired"]);
  });

  it("goes no further than the cron does", async () => {
    const cron = await createCron({ end_time: "2040-01-03T00:00:00Z" });
    const { body } = await call<Cron>("POST", of(cron, "skip"), { count: 10 });
    expect(body.next_run_date).toBeNull();
    expect(await slotsOf(cron.cron_id)).toHaveLength(2);
    expect(await call("POST", of(cron, "skip"), { count: 1001 })).toMatchObject({ status: 422 });
  });

  it("is refused by a cron without any, which would not remember", async () => {
    const cron = await createCron();
    await call("POST", of(cron, "pause"));
    const answer = await call("POST", of(cron, "skip"), { count: 1 });
    expect([answer.status, answer.body.detail]).toEqual([409, "no slot can be skipped: the cron is paused"]);
    expect((await call("POST", of(cron, "skip"), { count: 0 })).status).toBe(200);
  });
});

describe("a backfill", () => {
  it("runs the slots that got no run, one after the other, and no other", async () => {
    const cron = await createCron({ schedule: "0 * * * *" });
    await ringAt("2040-01-01T05:10:00.000Z", cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual([
      "fired",
      "missed",
      "missed",
      "missed",
      "missed",
    ]);
    const period = { start: "2040-01-01T02:00:00Z", end: "2040-01-01T05:10:00Z" };
    const preview = async (): Promise<unknown> =>
      (await call("POST", of(cron, "backfill/preview"), period)).body;
    const before = await slotsOf(cron.cron_id);
    const times = ["02", "03", "04"].map((hour) => `2040-01-01T${hour}:00:00.000Z`);
    expect(await preview()).toEqual({ slots: 3, times, slots_with_run: 1 });
    expect(await slotsOf(cron.cron_id)).toEqual(before);
    expect((await call("POST", of(cron, "backfill"), period)).body).toEqual({ slots: 3 });
    expect(await preview()).toEqual({ slots: 0, times: [], slots_with_run: 4 });
    for (const second of ["01", "02", "03"]) await ringAt(`2040-01-01T05:10:${second}.000Z`, cron.cron_id);
    expect((await slotsOf(cron.cron_id)).map(({ status, origin }) => `${status} ${origin}`)).toEqual([
      "fired catchup",
      "fired backfill",
      "fired backfill",
      "fired backfill",
      "missed schedule",
    ]);
    // Asked again there is nothing left to do.
    expect((await call("POST", of(cron, "backfill"), period)).body).toEqual({ slots: 0 });
    await ended(cron.cron_id, 4);
    expect(await runsOf(cron.cron_id)).toHaveLength(4);
    expect((await figuresOf(cron.cron_id)).slots).toEqual({
      fired: 4,
      skipped: 0,
      missed: 1,
      rolled_back: 0,
      pending: 0,
    });
    expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-01T06:00:00.000Z");
  });

  it("goes back to before the cron was made, also of one that is paused", async () => {
    const cron = await createCron({ enabled: false });
    const period = { start: "2039-12-01T00:00:00Z", end: "2039-12-03T00:00:00Z" };
    expect((await call("POST", of(cron, "backfill"), period)).body).toEqual({ slots: 2 });
    await ringAt("2040-01-01T00:00:01.000Z", cron.cron_id);
    await ended(cron.cron_id, 2);
    const runs = await runsOf(cron.cron_id);
    expect(runs.map(({ metadata }: Run) => metadata.scheduled_for).toSorted()).toEqual([
      "2039-12-01T15:27:00.000Z",
      "2039-12-02T15:27:00.000Z",
    ]);
  });

  it("says nothing of how late the cron is", async () => {
    const cron = await createCron();
    await call("POST", of(cron, "backfill"), { start: "2039-12-01T00:00:00Z", end: "2039-12-02T00:00:00Z" });
    await ended(cron.cron_id, 1);
    expect((await figuresOf(cron.cron_id)).start_lateness_ms).toBeNull();
    await ringAt("2040-01-01T15:27:02.000Z", cron.cron_id);
    await ended(cron.cron_id, 2);
    expect((await figuresOf(cron.cron_id)).start_lateness_ms).toMatchObject({ p50: 2000, max: 2000 });
  });

  it("of two periods runs one after the other, and sets no alarm that finds nothing to do", async () => {
    const cron = await createCron({ schedule: "0 * * * *", enabled: false });
    // The report of a run would come between two alarms.
    withAnswers();
    const early = { start: "2039-12-01T00:00:00Z", end: "2039-12-01T03:00:00Z" };
    const late = { start: "2039-12-05T00:00:00Z", end: "2039-12-05T02:00:00Z" };
    expect((await call("POST", of(cron, "backfill"), late)).body).toEqual({ slots: 2 });
    expect((await call("POST", of(cron, "backfill"), early)).body).toEqual({ slots: 3 });
    const rung: (string | null)[] = [];
    for (let alarms = 1; alarms <= 5; alarms++) {
      await untilAdvanced(cron.cron_id);
      const at = await alarmOf(cronStub(cron.cron_id));
      rung.push(at);
      if (at !== null) await ringAt(at, cron.cron_id);
    }
    // The first of each was taken when it was asked for.
    expect(rung).toEqual([
      "2040-01-01T00:00:01.000Z",
      "2040-01-01T00:00:02.000Z",
      "2040-01-01T00:00:03.000Z",
      null,
      null,
    ]);
    await ended(cron.cron_id, 5);
  });

  it("looks at a long ledger once, not once for each slot", async () => {
    const cron = await createCron({ schedule: "* * * * *", enabled: false });
    const start = Date.UTC(2039, 0, 1);
    await runInDurableObject(cronStub(cron.cron_id), (_instance, { storage: { sql } }) => {
      for (let minute = 0; minute < 9_000; minute++) {
        sql.exec(
          "INSERT INTO slots (scheduled_for, manual, origin, status) VALUES (?, 0, 'schedule', 'fired')",
          start + minute * 60_000,
        );
      }
    });
    const statements = await runInDurableObject(cronStub(cron.cron_id), (_instance, { storage: { sql } }) =>
      vi.spyOn(sql, "exec"),
    );
    const period = { start: "2039-01-01T00:00:00Z", end: "2039-01-07T06:01:00Z" };
    expect((await call("POST", of(cron, "backfill"), period)).body).toEqual({ slots: 1 });
    // Most are those of the run that it makes.
    expect(statements.mock.calls.length).toBeLessThan(1_000);
  });

  it.each([
    [
      { start: "2039-01-01T00:00:00Z", end: "2041-01-01T00:00:00Z" },
      /^start, end: expected a period that is over/,
    ],
    [{ start: "2039-02-01T00:00:00Z", end: "2039-01-01T00:00:00Z" }, /^start, end/],
    [{ start: "2030-01-01T00:00:00Z", end: "2039-01-01T00:00:00Z" }, /at most 1000 slots/],
    [{ start: "then", end: "2039-01-01T00:00:00Z" }, /^start/],
    [{}, /^start/],
  ])("of %j is refused", async (period, detail) => {
    const cron = await createCron();
    const { status, body } = await call("POST", of(cron, "backfill"), period);
    expect(status).toBe(422);
    expect(body.detail).toMatch(detail);
    expect((await call("POST", of(cron, "backfill/preview"), period)).body).toEqual(body);
    expect(await slotsOf(cron.cron_id)).toEqual([]);
  });
});

describe("a pause", () => {
  it("has a note, as a resumption has, and the slots meanwhile do not exist", async () => {
    const cron = await createCron({ schedule: "0 * * * *" });
    expect((await call<Cron>("POST", of(cron, "pause"), { note: "too dear" })).body).toMatchObject({
      enabled: false,
      note: "too dear",
      next_run_date: null,
    });
    setClock("2040-01-01T05:30:00.000Z");
    expect((await call<Cron>("POST", of(cron, "resume"))).body).toMatchObject({
      enabled: true,
      note: null,
      next_run_date: "2040-01-01T06:00:00.000Z",
    });
    expect(await slotsOf(cron.cron_id)).toEqual([]);
    expect((await call("POST", of(cron, "pause"), { note: "" })).status).toBe(422);
  });
});

describe("making a cron with an id", () => {
  const made = async (fields: Record<string, unknown>): Promise<{ status: number; body: Cron }> =>
    call<Cron>("POST", "/runs/crons", {
      assistant_id: "echo",
      schedule: "27 15 * * *",
      input: { text: "a" },
      ...fields,
    });

  it("of no version that there is, is refused: its runs could have no ids", async () => {
    const { status, body } = await made({ cron_id: "0b5f0c0e-5d5c-0c39-1a39-0f5f7a0c6f11" });
    expect([status, body]).toEqual([422, { detail: "cron_id: expected a UUID", code: "request.invalid" }]);
  });

  it("of one that was just deleted makes it anew, with its alarm and its entry in the index", async () => {
    const id = crypto.randomUUID();
    await made({ cron_id: id });
    expect((await call("DELETE", `/runs/crons/${id}`)).status).toBe(200);
    expect((await made({ cron_id: id })).status).toBe(200);
    expect(await alarmOf(cronStub(id))).toBe("2040-01-01T15:27:00.000Z");
    const found = await call<Cron[]>("POST", "/runs/crons/search", { limit: 1000 });
    expect(found.body.map(({ cron_id: other }) => other)).toContain(id);
  });

  it("twice is refused, and changes nothing", async () => {
    const cronId = crypto.randomUUID();
    const { body: cron } = await made({ cron_id: cronId });
    expect(cron.cron_id).toBe(cronId);
    const again = await made({ cron_id: cronId, schedule: "0 6 * * *" });
    expect([again.status, again.body]).toEqual([
      409,
      { detail: "cron_id: there is a cron with this id", code: "cron.exists" },
    ]);
    expect(await getCron(cronId)).toEqual(cron);
  });

  it("with `do_nothing` answers with the one that is there", async () => {
    const cronId = crypto.randomUUID();
    const { body: cron } = await made({ cron_id: cronId, if_exists: "do_nothing" });
    const again = await made({ cron_id: cronId, if_exists: "do_nothing", schedule: "0 6 * * *" });
    expect([again.status, again.body]).toEqual([200, cron]);
  });

  it("with `update` changes it as a patch does, and moves nothing that is the same", async () => {
    const cronId = crypto.randomUUID();
    const fields = { cron_id: cronId, if_exists: "update", metadata: { team: "a" } };
    const { body: cron } = await made(fields);
    await ringAt("2040-01-01T15:27:00.000Z", cronId);
    await call("POST", `/runs/crons/${cronId}/pause`, { note: "by hand" });
    const { body: again } = await made({ ...fields, jitter_seconds: 5 });
    // A deployment does not undo what the owner did by hand.
    expect(again).toMatchObject({ enabled: false, note: "by hand", jitter_seconds: 5 });
    expect(again.created_at).toBe(cron.created_at);
    expect(await slotsOf(cronId)).toHaveLength(1);
    const other = await made({ ...fields, assistant_id: "steps" });
    expect(other.status).toBe(409);
  });

  it("with `update` clears what is null, as a patch does", async () => {
    const fields = { cron_id: crypto.randomUUID(), if_exists: "update" };
    const { body: cron } = await made({
      ...fields,
      timezone: "Asia/Tokyo",
      end_time: "2041-01-01T00:00:00Z",
      multitask_strategy: "reject",
      context: { a: 1 },
    });
    const bare = { ...fields, timezone: null, end_time: null, multitask_strategy: null, context: null };
    const { body } = await made(bare);
    expect(body).toMatchObject({ timezone: null, end_time: null, next_run_date: "2040-01-01T15:27:00.000Z" });
    const { multitask_strategy: strategy, context, ...rest } = cron.payload;
    expect([strategy, context]).toEqual(["reject", { a: 1 }]);
    expect(body.payload).toEqual(rest);
  });

  it("ten times at once makes one", async () => {
    const cronId = crypto.randomUUID();
    const all = await Promise.all(Array.from({ length: 10 }, () => made({ cron_id: cronId })));
    expect(all.map(({ status }) => status).toSorted()).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 409),
    ]);
  });

  it("on a thread takes the same", async () => {
    const { body: thread } = await call<{ thread_id: string }>("POST", "/threads", {});
    const cronId = crypto.randomUUID();
    const fields = { assistant_id: "echo", schedule: "* * * * *", cron_id: cronId, if_exists: "do_nothing" };
    const path = `/threads/${thread.thread_id}/runs/crons`;
    expect((await call("POST", path, fields)).status).toBe(200);
    expect((await call("POST", path, fields)).status).toBe(200);
    expect((await made({ cron_id: cronId, if_exists: "update" })).status).toBe(409);
  });
});
