/** Webhooks whose host dies at any moment, and webhooks that hang, which nobody else may have to wait for. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { CronDefinition } from "../../../src/calls/cron-definition";
import { threadIdOf } from "../../../src/cron/slot-ids";
import { pokeOverdue } from "../../../src/edge/watchdog";
import { backoffMs, WEBHOOK_BACKOFF } from "../../../src/platform/backoff";
import { WEBHOOK_CALL_MS } from "../../../src/platform/time-limits";
import { MAX_WEBHOOK_ATTEMPTS } from "../../../src/platform/webhook-call";
import type { Run } from "../../../src/wire/runs/run";
import { MAX_WAITING } from "../../../src/thread/webhooks/webhooks";
import { SparseTable } from "../../../src/thread/sparse-table";
import { WebhookStore } from "../../../src/thread/webhooks/webhook-store";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ended,
  ringAt,
  rowsOf,
  runsOf,
  setClock,
  settled,
  sharing,
  slotsOf,
  threadStub,
  untilWritten,
} from "../../support/crons";
import { call } from "../../support/edge";
import { bury, Life, liveBy } from "../../support/faults";
import { gateReached, openGate } from "../../support/graphs/steps";
import { createRun, createThread, getRun, joinRun, waitRun } from "../../support/threads";
import { until } from "../../support/until";
import { attempted, deliveryOf, receiver, ringForNextAttempt } from "../../support/webhooks";

const START = "2040-01-01T00:00:00.000Z";

atClock(START);

const echo = (webhook?: string): object => ({ assistant_id: "echo", input: { text: "a" }, webhook });

/** More than the steps of a firing with a webhook. */
const MOST_STEPS = 150;

describe("an alarm that is lost while nothing but a webhook waits", () => {
  const lose = (threadId: string): Promise<void> =>
    runInDurableObject(threadStub(threadId), (_instance, { storage }) => storage.deleteAlarm());

  it("is set again by the watchdog, and the webhook is called", async () => {
    const { url, calls } = receiver(500, 200);
    const { thread_id: threadId } = await createThread();
    const run = await createRun(threadId, echo(url));
    const { next_attempt_at: at } = await attempted(run, 1);
    const next = Date.parse(at ?? "");
    await until(async () => (await indexedWebhook(run.run_id)).includes(at ?? "?"));
    await lose(threadId);
    setClock(new Date(next + 60_000).toISOString());
    await pokeOverdue(env);
    // It is not late enough to be lost.
    expect(await alarmOf(threadStub(threadId))).toBeNull();
    setClock(new Date(next + 121_000).toISOString());
    await pokeOverdue(env);
    expect(await alarmOf(threadStub(threadId))).not.toBeNull();
    await runDurableObjectAlarm(threadStub(threadId));
    expect(calls).toHaveLength(2);
    expect(await deliveryOf(run)).toMatchObject({ status: "delivered", attempts: 2 });
    await lose(threadId);
    await pokeOverdue(env);
    expect(await alarmOf(threadStub(threadId))).toBeNull();
  });

  it("of a run that nobody knows any more ends as failed in the index", async () => {
    const { url } = receiver(500);
    const { thread_id: threadId } = await createThread();
    const run = await createRun(threadId, echo(url));
    const { next_attempt_at: at } = await attempted(run, 1);
    await until(async () => (await indexedWebhook(run.run_id)).includes(at ?? "?"));
    await runInDurableObject(threadStub(threadId), (_instance, { storage }) => storage.deleteAll());
    await abortAllDurableObjects();
    setClock(new Date(Date.parse(at ?? "") + 121_000).toISOString());
    await pokeOverdue(env);
    expect(await getRun(run)).toMatchObject({
      status: "success",
      webhook: { status: "failed", last_error: "the run was lost", next_attempt_at: null },
    });
  });

  /** What the index says of the run's webhook. */
  async function indexedWebhook(runId: string): Promise<string> {
    const webhook = await env.DB.prepare("SELECT webhook FROM runs WHERE run_id = ?")
      .bind(runId)
      .first<string>("webhook");
    return webhook ?? "";
  }
});

describe("a host that dies", () => {
  it("while it waits for the answer leads to a second call with the same id", async () => {
    const { url, calls } = receiver("hangs", 200);
    const run = await createRun(null, echo(url));
    await until(() => calls.length === 1);
    await abortAllDurableObjects();
    const booked = Date.parse(START) + WEBHOOK_CALL_MS + backoffMs(WEBHOOK_BACKOFF, 1, run.run_id);
    expect(await deliveryOf(run)).toEqual({
      status: "pending",
      attempts: 1,
      last_error: null,
      next_attempt_at: new Date(booked).toISOString(),
    });
    setClock(new Date(booked - 1).toISOString());
    await runDurableObjectAlarm(threadStub(run.thread_id));
    expect(await alarmOf(threadStub(run.thread_id))).toBe(new Date(booked).toISOString());
    expect(calls).toHaveLength(1);
    await ringForNextAttempt(run);
    expect(calls.map(({ id }) => id)).toEqual(Array(2).fill(`msg_${run.run_id}`));
    expect(await deliveryOf(run)).toMatchObject({ status: "delivered", attempts: 2 });
    expect(await rowsOf(threadStub(run.thread_id))).toEqual({});
  });

  it("in the last attempt leaves a webhook that has failed", async () => {
    const { url, calls } = receiver(...Array<number>(MAX_WEBHOOK_ATTEMPTS - 1).fill(500), "hangs");
    const run = await createRun(null, echo(url));
    await attempted(run, 1);
    for (let attempt = 2; attempt < MAX_WEBHOOK_ATTEMPTS; attempt++) await ringForNextAttempt(run);
    const { next_attempt_at: at } = await deliveryOf(run);
    setClock(at ?? "");
    // As the alarm does, but without an alarm in progress, which the abort would take down the runtime with.
    await runInDurableObject(threadStub(run.thread_id), (instance) => {
      (instance as unknown as { webhooks: { callDue: () => void } }).webhooks.callDue();
    });
    await until(() => calls.length === MAX_WEBHOOK_ATTEMPTS);
    await abortAllDurableObjects();
    await ringForNextAttempt(run);
    expect(calls).toHaveLength(MAX_WEBHOOK_ATTEMPTS);
    expect(await deliveryOf(run)).toEqual({
      status: "failed",
      attempts: MAX_WEBHOOK_ATTEMPTS,
      last_error: "the host died in the last attempt",
      next_attempt_at: null,
    });
    expect(await rowsOf(threadStub(run.thread_id))).toEqual({});
  });

  it.each([true, false])(
    "at any step of a firing calls all the same, answer lost: %s",
    async (answerLost) => {
      let died = true;
      let steps = 0;
      // To die after a step is to die before the next: every second will do.
      for (let lastStep = answerLost ? 1 : 2; lastStep <= MOST_STEPS && died; lastStep += 2) {
        setClock(START);
        const { url, calls } = receiver();
        const cron = await createCron({ webhook: url });
        const delivered = async (): Promise<boolean> =>
          (await runsOf(cron.cron_id))[0]?.webhook?.status === "delivered";
        const definition = {
          cronId: cron.cron_id,
          threadId: null,
          onRunCompleted: "delete",
        } as CronDefinition;
        const threadId = threadIdOf(definition, {
          scheduledFor: Date.parse("2040-01-01T15:27:00.000Z"),
          manual: false,
        });
        await rowsOf(threadStub(threadId));
        const life = new Life(lastStep, answerLost);
        await liveBy(threadStub(threadId), life);
        // The call is a step too.
        const fetching = vi.mocked(globalThis.fetch);
        const receive = fetching.getMockImplementation() ?? fetch;
        fetching.mockImplementation((...args) => life.step(() => receive(...args)));
        await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id).catch(() => undefined);
        // It goes on by itself: to its end, or to that of its host.
        await until(async () => life.dead || (await delivered()));
        steps = life.steps;
        died = life.dead;
        await bury();
        fetching.mockImplementation(receive);
        setClock("2040-01-01T15:28:30.000Z");
        await cronStub(cron.cron_id).poke(cron.cron_id, 0);
        await settled((await slotsOf(cron.cron_id))[0]);
        for (let minute = 29; minute < 33 && !(await delivered()); minute++) {
          setClock(`2040-01-01T15:${minute}:30.000Z`);
          await runDurableObjectAlarm(threadStub(threadId));
        }
        // The index may hear of it a moment later.
        await until(delivered);

        const where = `died at step ${lastStep}`;
        const [run] = await runsOf(cron.cron_id);
        expect(run?.webhook, where).toMatchObject({ status: "delivered", next_attempt_at: null });
        expect(calls.length, where).toBeGreaterThanOrEqual(1);
        expect(calls.length, where).toBeLessThanOrEqual(2);
        for (const { id, body } of calls) {
          expect([id, body.status, body.values], where).toMatchObject([
            `msg_${run?.run_id}`,
            "success",
            { reply: "You said: hello" },
          ]);
        }
        const left = async (): Promise<object> => {
          await runDurableObjectAlarm(threadStub(threadId));
          return rowsOf(threadStub(threadId));
        };
        await expect.poll(left, { message: where }).toMatchObject({ threads: 0, runs: 0 });
      }
      expect(steps).toBeGreaterThan(20);
      expect(steps).toBeLessThan(MOST_STEPS);
    },
  );
});

describe("a webhook that hangs", () => {
  /** A cron whose runs are known to be short, so that all of the next ones are in one object. Only these have the webhook. */
  async function createWithShortRuns(cronId: string, webhook: string): Promise<void> {
    await createCron({ cron_id: cronId });
    await call("POST", `/runs/crons/${cronId}/run`, {});
    await ended(cronId, 1);
    await call("PATCH", `/runs/crons/${cronId}`, { webhook });
  }

  it("delays neither who waits for the run, nor the next of the thread, nor one that is due later", async () => {
    const { url, hanging, release } = receiver("hangs");
    const { thread_id: id } = await createThread();
    expect(await waitRun(id, echo(url))).toMatchObject({ reply: "You said: a" });
    await until(() => hanging() === 1);
    expect(await waitRun(id, echo())).toMatchObject({ reply: "You said: a" });
    // The alarm's handler keeps the object awake for the webhook, and lets go of it for the run.
    setClock("2040-01-01T00:00:01.000Z");
    const waiting = runDurableObjectAlarm(threadStub(id));
    const later = await createRun(id, { ...echo(), after_seconds: 5 });
    await waiting;
    expect(await alarmOf(threadStub(id))).toBe("2040-01-01T00:00:06.000Z");
    setClock("2040-01-01T00:00:06.000Z");
    const alarm = runDurableObjectAlarm(threadStub(id));
    expect(await joinRun(later)).toMatchObject({ reply: "You said: a" });
    expect(hanging()).toBe(1);
    await release(threadStub(id));
    await alarm;
  });

  it("does not delay the next firing of its cron", async () => {
    const { url, calls, hanging, release } = receiver("hangs");
    const cronId = crypto.randomUUID();
    await createWithShortRuns(cronId, url);
    for (const day of [1, 2]) {
      await ringAt(`2040-01-0${day}T15:27:00.000Z`, cronId);
      await settled((await slotsOf(cronId))[0]);
      // Those of a cron are called one after the other.
      await until(() => hanging() === 1);
    }
    const runs = async (): Promise<Run[]> => (await runsOf(cronId)).slice(0, 2);
    expect((await runs()).map(({ status }) => status)).toEqual(["success", "success"]);
    const [slot] = await slotsOf(cronId);
    await until(async () => {
      await release(threadStub(slot?.thread_id ?? ""));
      return (await runs()).every(({ webhook }) => webhook?.status === "delivered");
    });
    expect(calls).toHaveLength(2);
  });

  it("holds up none of a cron that shares its object, and has none of its given up", async () => {
    const [one, two] = [receiver("hangs"), receiver("hangs")];
    const [first = "", second = ""] = sharing(2);
    await createWithShortRuns(first, one.url);
    await createWithShortRuns(second, two.url);
    await call("POST", `/runs/crons/${second}/run`, {});
    for (let n = 0; n < 5; n++) await call("POST", `/runs/crons/${first}/run`, {});
    await ended(first, 6);
    await ended(second, 2);
    await until(() => one.hanging() === 1 && two.hanging() === 1);
    expect(one.calls).toHaveLength(1);
    const run = (await runsOf(first)).find(({ webhook }) => webhook !== undefined);
    const stub = threadStub(run?.thread_id ?? "");
    const failed = await runInDurableObject(stub, (_object, { storage: { sql } }) => {
      new WebhookStore(sql, new SparseTable(sql, "runs")).giveUpOldest(4);
      return sql
        .exec("SELECT json_extract(cron, '$.cronId') AS cron FROM runs WHERE webhook_status = 'failed'")
        .toArray();
    });
    expect(failed).toEqual([{ cron: first }]);
    for (const { release } of [one, two]) await release(stub);
  });

  it("leaves connections to others: few are called at once, the rest in their turn", async () => {
    const { url, calls, hanging, replies, release } = receiver("hangs");
    const { thread_id: id } = await createThread();
    const runs = [];
    for (let n = 0; n < 5; n++) runs.push(await createRun(id, echo(url)));
    for (const run of runs) await joinRun(run);
    await until(() => hanging() === 3);
    expect(calls).toHaveLength(3);
    replies.splice(0, 1, 200);
    await release(threadStub(id));
    for (const run of runs) expect(await attempted(run, 1)).toMatchObject({ status: "delivered" });
    expect(new Set(calls.map(({ id: callId }) => callId)).size).toBe(5);
  });
});

it("the next attempt comes while a long run executes", async () => {
  const { url, calls } = receiver(500);
  const { thread_id: id } = await createThread();
  const run = await createRun(id, echo(url));
  await attempted(run, 1);
  const key = crypto.randomUUID();
  const long = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
  await gateReached(key);
  for (const attempts of [2, 3, 4]) {
    const { next_attempt_at: at } = await deliveryOf(run);
    const alarm = await alarmOf(threadStub(id));
    expect(alarm !== null && alarm <= (at ?? "")).toBe(true);
    await ringForNextAttempt(run);
    expect(calls).toHaveLength(attempts);
  }
  openGate(key);
  await joinRun(long);
});

it("of too many that wait the oldest is given up", async () => {
  const { url } = receiver(500);
  const { thread_id: id } = await createThread();
  const run = await createRun(id, echo(url));
  await attempted(run, 1);
  const others = await runInDurableObject(threadStub(id), (_instance, { storage: { sql } }) => {
    const columns = [...sql.exec<{ name: string }>("SELECT name FROM pragma_table_info('runs')")]
      .map(({ name }) => name)
      .filter((name) => name !== "seq" && name !== "run_id")
      .join(", ");
    const copy = `INSERT INTO runs (run_id, ${columns}) SELECT ?, ${columns} FROM runs LIMIT 1`;
    for (let n = 1; n < MAX_WAITING; n++) sql.exec(copy, crypto.randomUUID());
    return sql.exec<{ n: number }>("SELECT count(*) AS n FROM runs").one().n;
  });
  expect(others).toBe(MAX_WAITING);
  const last = await createRun(id, echo(url));
  await attempted(last, 1);
  await until(async () => (await deliveryOf(run)).status !== "pending");
  expect(await deliveryOf(run)).toMatchObject({
    status: "failed",
    last_error: `given up: ${MAX_WAITING} newer webhooks wait`,
  });
  await untilWritten(threadStub(id));
  expect((await rowsOf(threadStub(id))).runs).toBe(MAX_WAITING);
});
