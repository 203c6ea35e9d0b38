/** What a cron may spend, what is kept of its past, and what it came to. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { Cron, CronSwitch } from "../../src/wire/crons/cron";
import type { Slot } from "../../src/wire/crons/slot";
import type { Thread } from "../../src/wire/threads/thread";
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
  settled,
  slotsOf,
  threadStub,
} from "../support/crons";
import { call, create, edgeFetch } from "../support/edge";
import { setD1, setFates } from "../support/outage";
import { hearReports } from "../support/reports";
import { until } from "../support/until";

atClock("2040-01-30T00:00:00.000Z");
afterEach(async () => {
  await call("POST", "/runs/crons/start");
});

/** Fires the slot at this time, waits for the run, and answers with what became of the slot. */
async function fireAt(iso: string, cron: Cron): Promise<string> {
  const runs = (await figuresOf(cron.cron_id)).slots.fired;
  await ringAt(iso, cron.cron_id);
  const [slot] = await slotsOf(cron.cron_id);
  if (slot?.status === "fired") await ended(cron.cron_id, runs + 1);
  return slot?.reason ?? slot?.status ?? "none";
}

describe("max_runs", () => {
  it("skips every slot past it, with the reason, until it is raised", async () => {
    const cron = await createCron({ schedule: "0 * * * *", max_runs: 2 });
    expect(await fireAt("2040-01-30T01:00:00.000Z", cron)).toBe("fired");
    expect((await call("POST", `/runs/crons/${cron.cron_id}/run`)).status).toBe(200);
    const reason = "max_runs: the cron has had its 2 runs";
    expect(await fireAt("2040-01-30T02:00:00.000Z", cron)).toBe(reason);
    expect(await fireAt("2040-01-30T03:00:00.000Z", cron)).toBe(reason);
    expect(await call("POST", `/runs/crons/${cron.cron_id}/run`)).toMatchObject({
      status: 409,
      body: { detail: reason },
    });
    await call("PATCH", `/runs/crons/${cron.cron_id}`, { max_runs: 3 });
    expect(await fireAt("2040-01-30T04:00:00.000Z", cron)).toBe("fired");
    expect(await fireAt("2040-01-30T05:00:00.000Z", cron)).toBe("max_runs: the cron has had its 3 runs");
    expect(await runsOf(cron.cron_id)).toHaveLength(3);
  });
});

describe("max_runs, when two slots are to fire at once,", () => {
  it("lets the earlier through, if one run is left", async () => {
    const cron = await createCron({ schedule: "0 * * * *", max_runs: 1 });
    const { cron_id: id } = cron;
    await setFates(cronStub(id), ["refused"]);
    await ringAt("2040-01-30T01:00:00.000Z", id);
    await ringAt("2040-01-30T02:00:00.000Z", id);
    expect((await slotsOf(id)).map(({ status }) => status)).toEqual(["skipped", "fired"]);
  });
});

describe("the token budget", () => {
  /** Its model, a stand-in, says how many tokens each call takes. */
  const spender = async (fields: Record<string, unknown>): Promise<Cron> =>
    createCron({
      assistant_id: "agent",
      schedule: "0 * * * *",
      input: { messages: [{ role: "user", content: "what time is it?" }] },
      ...fields,
    });

  it("of a day is over when it is used up, and starts anew at midnight of UTC", async () => {
    const cron = await spender({ max_tokens_per_day: 1 });
    expect(await fireAt("2040-01-30T01:00:00.000Z", cron)).toBe("fired");
    const { input, output, today } = (await figuresOf(cron.cron_id)).tokens;
    expect(input).toBeGreaterThan(0);
    expect(output).toBeGreaterThan(0);
    expect(today).toBe(input + output);
    expect(await fireAt("2040-01-30T23:00:00.000Z", cron)).toBe(
      `max_tokens_per_day: ${today} tokens of 1 are used`,
    );
    expect(await fireAt("2040-01-31T00:00:00.000Z", cron)).toBe("fired");
    expect((await figuresOf(cron.cron_id)).tokens).toMatchObject({ today, this_month: 2 * today });
    const [run] = await runsOf(cron.cron_id);
    expect(run).toMatchObject({ usage: { input_tokens: input, output_tokens: output } });
  });

  it("of a month goes on until the month does", async () => {
    const cron = await spender({ max_tokens_per_month: 1 });
    expect(await fireAt("2040-01-30T01:00:00.000Z", cron)).toBe("fired");
    expect(await fireAt("2040-01-31T23:00:00.000Z", cron)).toMatch(/^max_tokens_per_month/);
    expect(await fireAt("2040-02-01T00:00:00.000Z", cron)).toBe("fired");
  });
});

describe("the switch of all crons", () => {
  it("skips every slot while it is off, and starts again without making up for any", async () => {
    const crons = await Promise.all([1, 2, 3].map(async () => createCron({ schedule: "0 * * * *" })));
    const { body: stopped } = await call<CronSwitch>("POST", "/runs/crons/stop", { note: "the bill" });
    expect(stopped).toEqual({ stopped: true, note: "the bill", changed_at: "2040-01-30T00:00:00.000Z" });
    for (const cron of crons) {
      expect(await fireAt("2040-01-30T01:00:00.000Z", cron)).toBe("all crons are stopped: the bill");
    }
    const [first] = crons;
    expect(await call("POST", `/runs/crons/${first?.cron_id ?? ""}/run`)).toMatchObject({ status: 409 });
    await call("POST", "/runs/crons/start", {});
    expect((await call<CronSwitch>("GET", "/runs/crons/switch")).body).toMatchObject({ stopped: false });
    for (const cron of crons) {
      expect(await alarmOf(cronStub(cron.cron_id))).toBe("2040-01-30T02:00:00.000Z");
      expect(await fireAt("2040-01-30T02:00:00.000Z", cron)).toBe("fired");
      expect(await runsOf(cron.cron_id)).toHaveLength(1);
    }
  });

  it("is remembered by a cron while D1 is down", async () => {
    const cron = await createCron({ schedule: "0 * * * *" });
    await call("POST", "/runs/crons/stop");
    expect(await fireAt("2040-01-30T01:00:00.000Z", cron)).toBe("all crons are stopped");
    await setD1(cronStub(cron.cron_id), false);
    expect(await fireAt("2040-01-30T02:00:00.000Z", cron)).toBe("all crons are stopped");
    await setD1(cronStub(cron.cron_id), true);
  });
});

describe("what is kept", () => {
  it("is the newest threads of a cron, as many as asked for, and those that wait for an answer", async () => {
    const cron = await createCron({ schedule: "0 * * * *", on_run_completed: "keep", keep_threads: 2 });
    for (const hours of ["01", "02", "03", "04"]) {
      expect(await fireAt(`2040-01-30T${hours}:00:00.000Z`, cron)).toBe("fired");
    }
    const threads = async (): Promise<Thread[]> =>
      (await call<Thread[]>("POST", "/threads/search", { metadata: { cron_id: cron.cron_id }, limit: 100 }))
        .body;
    const kept = (await slotsOf(cron.cron_id)).map(({ thread_id: id }) => id !== null);
    await until(async () => (await slotsOf(cron.cron_id)).filter(({ thread_id: id }) => id).length === 2);
    expect(kept.slice(0, 2)).toEqual([true, true]);
    for (const { thread_id: id } of await slotsOf(cron.cron_id, "?limit=2")) {
      expect((await call("GET", `/threads/${id ?? ""}`)).status).toBe(200);
    }
    await until(async () => (await threads()).length <= 2);
    expect(await runsOf(cron.cron_id)).toHaveLength(4);

    const asking = await createCron({
      assistant_id: "asks",
      schedule: "0 * * * *",
      on_run_completed: "keep",
      keep_threads: 1,
    });
    await fireAt("2040-01-30T05:00:00.000Z", asking);
    await fireAt("2040-01-30T06:00:00.000Z", asking);
    for (const { thread_id: id } of await slotsOf(asking.cron_id)) {
      expect((await call<Thread>("GET", `/threads/${id ?? ""}`)).body.status).toBe("interrupted");
    }
  });

  it("is a slot for as long as its thread is kept: who forgot it would leave the thread behind", async () => {
    const fields = { schedule: "* * * * *", on_run_completed: "keep", keep_threads: 15, history_limit: 10 };
    const cron = await createCron(fields);
    for (let minute = 1; minute <= 41; minute++) {
      await ringAt(`2040-01-30T00:${String(minute).padStart(2, "0")}:00.000Z`, cron.cron_id);
    }
    await ended(cron.cron_id, 41);
    const kept = async (): Promise<number> =>
      (await call<number>("POST", "/threads/count", { metadata: { cron_id: cron.cron_id } })).body;
    await until(async () => (await kept()) === 15);
  });

  it("is a thread for as long as its time to live says", async () => {
    const cron = await createCron({ on_run_completed: "keep", thread_ttl: { strategy: "delete", ttl: 60 } });
    expect(cron.thread_ttl).toEqual({ strategy: "delete", ttl: 60 });
    await ringAt("2040-01-30T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    const { body } = await call<{ ttl: unknown }>("GET", `/threads/${slot?.thread_id ?? ""}?include=ttl`);
    expect(body.ttl).toMatchObject({ strategy: "delete", ttl_minutes: 60 });
  });

  it("of the ledger and the history is what the limit says, and what was pruned does not fire again", async () => {
    const cron = await createCron({ schedule: "* * * * *", history_limit: 10 });
    for (let minute = 1; minute <= 41; minute++) {
      await ringAt(`2040-01-30T00:${String(minute).padStart(2, "0")}:00.000Z`, cron.cron_id);
    }
    await ended(cron.cron_id, 41);
    await until(async () => ((await rowsOf(cronStub(cron.cron_id))).slots ?? 0) <= 11);
    const slots = await slotsOf(cron.cron_id, "?limit=100");
    const runs = new Set((await runsOf(cron.cron_id)).map(({ run_id: id }) => id));
    expect(slots.filter(({ run_id: id }) => id !== null && !runs.has(id))).toEqual([]);
    expect(runs.size).toBeLessThanOrEqual(slots.length + 20);
    expect((await figuresOf(cron.cron_id)).slots.fired).toBe(41);

    // The clock goes back to before all that was pruned.
    setClock("2040-01-30T00:05:30.000Z");
    await call("PATCH", `/runs/crons/${cron.cron_id}`, { schedule: "*/2 * * * *" });
    await ringAt("2040-01-30T00:06:00.000Z", cron.cron_id);
    expect((await figuresOf(cron.cron_id)).slots.fired).toBe(41);
  });
});

describe("history_limit", () => {
  const kept = async (cronId: string): Promise<number> => (await rowsOf(cronStub(cronId))).slots ?? 0;

  it("holds for runs by hand and for backfills too", async () => {
    const cron = await createCron({ history_limit: 10 });
    for (let n = 0; n < 30; n++) await call("POST", `/runs/crons/${cron.cron_id}/run`, {});
    await ended(cron.cron_id, 30);
    await call("POST", `/runs/crons/${cron.cron_id}/run`, {});
    await until(async () => (await kept(cron.cron_id)) <= 15);
    expect((await slotsOf(cron.cron_id, "?limit=100")).length).toBeLessThanOrEqual(15);
    await until(async () => (await runsOf(cron.cron_id)).length <= 16);

    setClock("2040-03-01T00:00:00.000Z");
    const period = { start: "2040-01-05T00:00:00Z", end: "2040-02-05T00:00:00Z" };
    await call("POST", `/runs/crons/${cron.cron_id}/backfill`, period);
    for (let second = 1; second <= 40; second++) {
      await ringAt(`2040-03-01T00:00:${String(second).padStart(2, "0")}.000Z`, cron.cron_id);
    }
    await until(async () => (await kept(cron.cron_id)) <= 16);
  });

  it.each([
    { d1: "has them", up: true },
    { d1: "is down", up: false },
  ])("holds for runs whose ends are reported after the last claim, when D1 $d1", async ({ up }) => {
    const reports = hearReports(...Array<"refused">(30).fill("refused"));
    const cron = await createCron({ history_limit: 10 });
    const first = (await call<Slot>("POST", `/runs/crons/${cron.cron_id}/run`, {})).body;
    const threadObject = threadStub(first.thread_id ?? "");
    await setD1(threadObject, up);
    const slots = [first];
    for (let n = 1; n < 30; n++) {
      slots.push((await call<Slot>("POST", `/runs/crons/${cron.cron_id}/run`, {})).body);
    }
    await until(() => reports.attempts() === 30);
    if (up) await until(async () => (await runsOf(cron.cron_id)).length === 30);
    await setD1(threadObject, true);
    setClock("2040-01-30T01:00:00.000Z");
    await runDurableObjectAlarm(threadObject);
    await ended(cron.cron_id, 30);

    const newest = slots.slice(-10).map(({ run_id: id }) => id);
    await until(async () => (await rowsOf(threadObject)).runs === 0);
    expect((await slotsOf(cron.cron_id, "?limit=100")).map(({ run_id: id }) => id)).toEqual(
      newest.toReversed(),
    );
    expect((await runsOf(cron.cron_id)).map(({ run_id: id }) => id).toSorted()).toEqual(newest.toSorted());
  });

  it("holds at once when it is lowered", async () => {
    const cron = await createCron({ schedule: "* * * * *" });
    for (let minute = 1; minute <= 30; minute++) {
      await ringAt(`2040-01-30T00:${String(minute).padStart(2, "0")}:00.000Z`, cron.cron_id);
    }
    await ended(cron.cron_id, 30);
    await call("PATCH", `/runs/crons/${cron.cron_id}`, { history_limit: 10 });
    expect(await kept(cron.cron_id)).toBeLessThanOrEqual(10);
    expect(await runsOf(cron.cron_id)).toHaveLength(10);
  });
});

describe("figures", () => {
  it("say what the slots and runs came to, also in the sums of the metrics", async () => {
    const { assistant_id } = await create({ graph_id: "echo" });
    const cron = await createCron({ schedule: "0 * * * *", assistant_id });
    expect(await figuresOf(cron.cron_id)).toEqual({
      slots: { fired: 0, skipped: 0, missed: 0, rolled_back: 0, pending: 0 },
      runs: { running: 0, success: 0, error: 0, timeout: 0, interrupted: 0, rolled_back: 0 },
      success_ratio: null,
      last_missed_slot: null,
      failures_in_a_row: 0,
      tokens: { input: 0, output: 0, today: 0, this_month: 0 },
      start_lateness_ms: null,
      duration_ms: null,
      thread_space_used: null,
    });
    await fireAt("2040-01-30T01:00:02.000Z", cron);
    await call("POST", `/runs/crons/${cron.cron_id}/skip`, { count: 1 });
    expect(await figuresOf(cron.cron_id)).toMatchObject({
      slots: { fired: 1, skipped: 1 },
      runs: { success: 1 },
      success_ratio: 1,
      start_lateness_ms: { p50: 2000, p95: 2000, p99: 2000, max: 2000 },
      duration_ms: { p50: 0, max: 0 },
    });
    // A run is counted when it is a minute old.
    setClock("2040-01-30T01:02:00.000Z");
    const labels = `assistant_id="${assistant_id}"`;
    await until(async () =>
      (await metrics()).includes(`edgecron_runs_total{${labels},status="success"} 1\n`),
    );
    const text = await metrics();
    expect(text).toContain(`edgecron_slots{${labels},status="skipped"} 1\n`);
    expect(text).toContain(`edgecron_slots{${labels},status="missed"} 0\n`);
    expect(text).toContain(`edgecron_run_duration_seconds_count{${labels},status="success"} 1\n`);
    expect(text).toContain(`edgecron_tokens_total{${labels},status="success",direction="input"} 0\n`);
    expect(text).toContain(`edgecron_crons{${labels},status="enabled"} 1\n`);
    expect(text).toContain(`edgecron_crons_failing{${labels}} 0\n`);
    expect(text).toContain("# TYPE edgecron_runs_total counter\n");
    expect(text).toContain("edgecron_stopped 0\n");
    for (const line of text.trim().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="[^"\\]*",?)+\})? -?[0-9.]+)$/);
    }
  });

  it("of a cron that is deleted are gone", async () => {
    const { assistant_id } = await create({ graph_id: "echo" });
    const cron = await createCron({ assistant_id });
    expect(await metrics()).toContain(assistant_id);
    await call("DELETE", `/runs/crons/${cron.cron_id}`);
    expect(await metrics()).not.toContain(assistant_id);
    expect((await call("GET", `/runs/crons/${cron.cron_id}/figures`)).status).toBe(404);
    expect(
      await env.DB.prepare("SELECT 1 FROM crons WHERE cron_id = ?").bind(cron.cron_id).first(),
    ).toBeNull();
  });
});

const metrics = async (): Promise<string> => (await edgeFetch("http://edge/metrics")).text();

it("a cron shows what its owner asked for, and null makes it the default again", async () => {
  const asked = {
    catchup: "all",
    catchup_window_seconds: 60,
    jitter_seconds: 5,
    max_attempts: 3,
    retry_delay_seconds: 10,
    run_timeout_seconds: 100,
    pause_after_failures: 5,
    alert_webhook: "https://example.com/alerts",
    max_runs: 9,
    max_tokens_per_day: 1000,
    max_tokens_per_month: 10_000,
    keep_threads: 4,
    thread_ttl: { strategy: "keep_latest", ttl: 5 },
    history_limit: 50,
  };
  const cron = await createCron(asked);
  expect(cron).toMatchObject(asked);
  const nulls = Object.fromEntries(Object.keys(asked).map((field) => [field, null]));
  const { body } = await call<Cron>("PATCH", `/runs/crons/${cron.cron_id}`, nulls);
  expect(body).toMatchObject({ catchup: "latest", jitter_seconds: 0, max_runs: null, history_limit: 10_000 });
  const found = await call<Cron[]>("POST", "/runs/crons/search", {});
  expect(found.body.find(({ cron_id: id }) => id === cron.cron_id)).toEqual(await getCron(cron.cron_id));
});
