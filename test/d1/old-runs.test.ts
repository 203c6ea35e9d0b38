/** Records of old runs are removed from D1: those older than RUN_RECORD_DAYS, and the oldest when D1 is short of space. */
import {
  createExecutionContext,
  createScheduledController,
  runDurableObjectAlarm,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import worker from "../../src/index";
import type { Env } from "../../src/platform/config";
import type { Run } from "../../src/wire/runs/run";
import { atClock, createCron, ringAt, setClock, settled, slotsOf, threadStub } from "../support/crons";
import { call } from "../support/edge";
import { ObservedD1 } from "../support/query-plans";
import { createRun, createThread, getRun, joinRun } from "../support/threads";
import { until } from "../support/until";

const DAY_MS = 86_400_000;

atClock("2040-01-01T00:00:00.000Z");
beforeEach(async () => {
  await env.DB.batch([env.DB.prepare("DELETE FROM runs"), env.DB.prepare("DELETE FROM settings")]);
});

/** What the platform does every minute. */
const minute = (settings: Partial<Env> = {}): Promise<void> =>
  worker.scheduled(createScheduledController(), { ...env, ...settings });

/** Writes `count` records of ended runs to D1, one a second from `from` on, each with `bytes` of input. */
async function fillD1(count: number, from: string, bytes = 10): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
     INSERT INTO runs (run_id, thread_id, assistant_id, status, metadata, kwargs, multitask_strategy, created_at, updated_at,
       due_at, revision)
     SELECT lower(hex(randomblob(16))), lower(hex(randomblob(16))), 'a', 'success',
       json_object('cron_id', 'c' || (i % 1000)),
       json_object('config', json('{}'), 'context', json('{}'), 'input', printf('%.*c', ?3, 'x')),
       'enqueue', ?2 + i * 1000, ?2 + i * 1000, 0, 1 FROM n`,
  )
    .bind(count, Date.parse(from), bytes)
    .run();
}

const countRuns = async (): Promise<number> =>
  (await env.DB.prepare("SELECT count(*) AS n FROM runs").first<number>("n")) ?? 0;

/** The runs of the cron that D1 has a record of, the newest first. */
async function recordsOf(cronId: string): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT run_id FROM runs WHERE cron_id = ? ORDER BY created_at DESC",
  )
    .bind(cronId)
    .all<{ run_id: string }>();
  return results.map((row) => row.run_id);
}

const sizeOfD1 = async (): Promise<number> => (await env.DB.prepare("SELECT 1").run()).meta.size_after;

/** A limit of which D1 as it is takes this share. */
const limitFor = async (share: number): Promise<string> => `${Math.ceil((await sizeOfD1()) / share)}`;

/** A GET of the server with these settings. */
async function get(path: string, settings: Partial<Env>): Promise<Response> {
  const context = createExecutionContext();
  const response = await worker.fetch(new Request(`http://edge${path}`), { ...env, ...settings }, context);
  await waitOnExecutionContext(context);
  return response;
}

const ask = async (path: string, settings: Partial<Env>): Promise<{ warning?: string }> =>
  (await get(path, settings)).json();

/** The value of a metric, whose name is given with its labels. */
async function metric(name: string, settings: Partial<Env> = {}): Promise<number> {
  const lines = (await (await get("/metrics", settings)).text()).split("\n");
  return Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length));
}

describe("a record that is older than RUN_RECORD_DAYS", () => {
  it("is removed after 30 days, for runs of crons and of requests alike", async () => {
    const cron = await createCron();
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    await runDurableObjectAlarm(threadStub(slot?.thread_id ?? ""));
    const { thread_id: threadId } = await createThread();
    const run = await createRun(threadId, { assistant_id: "echo", input: { text: "a" } });
    await joinRun(run);
    await call("POST", `/runs/crons/${cron.cron_id}/pause`);

    setClock("2040-01-31T15:26:59.000Z");
    await minute();
    expect(await recordsOf(cron.cron_id)).toEqual([slot?.run_id]);
    expect((await getRun(run)).status).toBe("success");

    setClock("2040-01-31T15:28:00.000Z");
    await minute();
    expect(await recordsOf(cron.cron_id)).toEqual([]);
    const gone = await call("GET", `/threads/${threadId}/runs/${run.run_id}`);
    expect([gone.status, gone.body]).toMatchObject([404, { detail: `no run with the id ${run.run_id}` }]);
    expect((await call<Run[]>("GET", `/threads/${threadId}/runs`)).body).toEqual([]);
    expect((await call("GET", `/threads/${threadId}`)).status).toBe(200);
    expect(await slotsOf(cron.cron_id)).toMatchObject([{ status: "fired", run_id: slot?.run_id }]);
    expect(await metric('edgecron_run_records_removed_total{reason="age"}')).toBe(2);
  });

  it("stays as long as the setting says, and for ever with 0 or a wrong setting", async () => {
    await fillD1(3, "2039-12-24T12:00:00.000Z");
    for (const days of ["0", "8", "30", "", "soon"]) {
      await minute({ RUN_RECORD_DAYS: days });
      expect(await countRuns(), days).toBe(3);
    }
    await minute({ RUN_RECORD_DAYS: "7" });
    expect(await countRuns()).toBe(0);
  });

  it("stays while its run has not ended, while its webhook is to be called, and if the run ended later", async () => {
    await fillD1(4, "2039-01-01T00:00:00.000Z");
    const { results } = await env.DB.prepare("SELECT run_id FROM runs ORDER BY run_id").all<{
      run_id: string;
    }>();
    const ids = results.map(({ run_id: id }) => id);
    const change = (set: string, n: number): D1PreparedStatement =>
      env.DB.prepare(`UPDATE runs SET ${set} WHERE run_id = ?`).bind(ids[n]);
    const yesterday = Date.now() - DAY_MS;
    await env.DB.batch([
      change(`status = 'pending', due_at = ${Date.now()}`, 0),
      change(`webhook = '{"status":"pending"}', due_at = ${Date.now()}`, 1),
      change(`updated_at = ${yesterday}`, 2),
    ]);
    await minute();
    const left = await env.DB.prepare("SELECT run_id FROM runs ORDER BY run_id").all<{ run_id: string }>();
    expect(left.results.map(({ run_id: id }) => id)).toEqual(ids.slice(0, 3));
  });

  it("is removed in time when 1,000 crons fire each minute, along an SQL index, by one written row for each", async () => {
    await fillD1(11_000, "2039-11-01T00:00:00.000Z");
    const d1 = new ObservedD1(env.DB);
    await minute({ DB: d1.binding });
    expect(await countRuns()).toBe(1000);
    expect(d1.sent.filter(({ sql }) => sql.startsWith("DELETE FROM runs"))).toHaveLength(20);
    // One row more counts what was removed, and one notes how old it was. Two more are the sums of the metrics.
    expect(d1.rowsWritten).toBe(10_004);
    expect(d1.rowsRead).toBeLessThan(70_000);
    const plans = (await d1.plans()).filter((line) => / runs\b/.test(line));
    expect(plans).toContain("SEARCH runs USING INDEX runs_by_creation (created_at<?)");
    expect(plans.filter((line) => line.startsWith("SCAN"))).toEqual([]);
    await minute();
    expect(await countRuns()).toBe(0);
  });
});

it("records that cannot be removed keep the minute from nothing else that it has to do", async () => {
  await env.DB.prepare("INSERT INTO deleted_threads (thread_id, deleted_at) VALUES ('t', 1)").run();
  const DB = {
    prepare: (sql: string) => {
      if (sql.startsWith("DELETE FROM runs")) throw new Error("D1_ERROR: D1 is down");
      return env.DB.prepare(sql);
    },
  } as unknown as D1Database;
  const failed = vi.spyOn(console, "error").mockReturnValue();
  await minute({ DB });
  expect(String(failed.mock.calls[0]?.[0])).toContain("a part of the minute's work failed");
  expect(await env.DB.prepare("SELECT 1 FROM deleted_threads").first()).toBeNull();
});

describe("when D1 is short of space", () => {
  it("all crons fire and D1 stays below its limit, while the oldest records of ended runs make way", async () => {
    const settings = { D1_SIZE_LIMIT: "3 MB" };
    // The oldest run of all has not ended.
    const { thread_id: threadId } = await createThread();
    const waiting = await createRun(threadId, { assistant_id: "echo", input: {}, after_seconds: 86_400 });
    const crons: string[] = [];
    for (const letter of ["a", "b"]) {
      const cron = await createCron({ schedule: "*/10 * * * *", input: { text: letter.repeat(100_000) } });
      crons.push(cron.cron_id);
    }
    const sizes: number[] = [];
    for (let n = 1; n <= 24; n++) {
      const at = new Date(Date.parse("2040-01-01T00:00:00.000Z") + n * 600_000).toISOString();
      for (const id of crons) {
        await ringAt(at, id);
        const [slot] = await slotsOf(id, "?limit=1");
        await settled(slot);
        await until(async () => (await recordsOf(id)).includes(slot?.run_id ?? ""));
      }
      sizes.push(await sizeOfD1());
      await minute(settings);
    }
    console.info("sizes of D1", JSON.stringify(sizes));
    expect(Math.max(...sizes)).toBeLessThan(3_000_000);
    for (const id of crons) {
      const slots = await slotsOf(id, "?limit=100");
      expect(slots.map(({ status }) => status)).toEqual(Array(24).fill("fired"));
      // The records that are left are those of the newest slots.
      const left = await recordsOf(id);
      expect(left.length).toBeGreaterThan(5);
      expect(left.length).toBeLessThan(24);
      expect(left).toEqual(slots.slice(0, left.length).map((slot) => slot.run_id));
    }
    expect((await getRun(waiting)).status).toBe("pending");
    expect((await call<object[]>("POST", "/threads/search", { ids: [threadId] })).body).toHaveLength(1);
  });

  it("the log, the metrics and the health check say so", async () => {
    await fillD1(3000, "2039-12-31T12:00:00.000Z", 300);
    const settings = { D1_SIZE_LIMIT: await limitFor(0.85) };
    const limit = Number(settings.D1_SIZE_LIMIT);
    expect((await ask("/ok?check_db=1", settings)).warning).toMatch(
      /^D1 is short of space: 85 % of D1_SIZE_LIMIT/,
    );
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    // The keys of runs are random, so the first removals leave pages that are half empty, and those count in full.
    for (let minutes = 0; minutes < 5 && (await sizeOfD1()) >= 0.8 * limit; minutes++) await minute(settings);
    expect(await sizeOfD1()).toBeLessThan(0.8 * limit);
    const removed = 3000 - (await countRuns());
    expect(removed).toBeGreaterThan(0);
    expect(removed).toBeLessThan(1500);
    const logged = warn.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
    expect(logged[0]).toMatchObject({
      message: expect.stringMatching(/^D1 is short of space/) as string,
      limit,
    });
    expect(logged.reduce((sum, line) => sum + Number(line.removed), 0)).toBe(removed);
    expect(await metric('edgecron_run_records_removed_total{reason="size"}', settings)).toBe(removed);
    expect(await metric("edgecron_database_size_limit_bytes", settings)).toBe(limit);
    expect(await metric("edgecron_database_size_bytes", settings)).toBe(await sizeOfD1());

    // The removals give some space back each time, so the warning stays for an hour.
    setClock("2040-01-01T00:59:00.000Z");
    expect((await ask("/ok?check_db=1", settings)).warning).toMatch(/^D1 is short of space: \d\d % /);
    expect(await ask("/ok", settings)).toEqual({ ok: true });
    setClock("2040-01-01T01:00:00.000Z");
    expect(await ask("/ok?check_db=1", settings)).toEqual({ ok: true });
  });

  it("a record stays for fifteen minutes, so that a cron that has lost an answer finds its run", async () => {
    await fillD1(50, "2039-12-31T23:45:00.000Z", 30_000);
    const settings = { D1_SIZE_LIMIT: await limitFor(0.99) };
    await minute(settings);
    expect(await countRuns()).toBe(50);
    setClock("2040-01-01T00:00:05.000Z");
    await minute(settings);
    expect(await countRuns()).toBe(45);
  });
});
