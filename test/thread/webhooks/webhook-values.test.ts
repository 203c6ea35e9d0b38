/** What becomes of webhooks, and of the values that they are sent, when runs and threads go on, are stopped or deleted. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Run } from "../../../src/wire/runs/run";
import {
  alarmOf,
  atClock,
  createCron,
  ringAt,
  rowsOf,
  runsOf,
  setClock,
  slotsOf,
  threadStub,
  untilWritten,
} from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached } from "../../support/graphs/steps";
import { setD1 } from "../../support/outage";
import { createRun, createThread, joinRun, waitRun } from "../../support/threads";
import { attempted, deliveryOf, receiver, ringForNextAttempt } from "../../support/webhooks";
import { until } from "../../support/until";

atClock("2040-01-01T00:00:00.000Z");

const path = (run: Run): string => `/threads/${run.thread_id}/runs/${run.run_id}`;

describe("the values", () => {
  it("are those that the run ended with, whatever the thread has done since", async () => {
    const { url, calls } = receiver(500, 200);
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { assistant_id: "echo", input: { text: "a" }, webhook: url });
    await attempted(run, 1);
    await waitRun(id, { assistant_id: "echo", input: { text: "b" } });
    await waitRun(id, { assistant_id: "steps", input: {} });
    await ringForNextAttempt(run);
    expect(calls.map(({ body }) => body.values)).toEqual(
      Array(2).fill({ text: "a", reply: "You said: a", seen: ["a"] }),
    );
  });

  it("of a firing are sent before its thread is removed", async () => {
    const { url, calls } = receiver();
    const cron = await createCron({ webhook: url });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    const delivered = async (): Promise<boolean> =>
      (await runsOf(cron.cron_id))[0]?.webhook?.status === "delivered";
    await until(delivered);
    await untilWritten(threadStub(slot?.thread_id ?? ""));
    expect(calls).toHaveLength(1);
    expect(calls[0]?.body).toMatchObject({
      status: "success",
      metadata: { cron_id: cron.cron_id, scheduled_for: "2040-01-01T15:27:00.000Z" },
      values: { text: "hello", reply: "You said: hello" },
    });
    expect((await call("GET", `/threads/${slot?.thread_id}`)).status).toBe(404);
    expect(await rowsOf(threadStub(slot?.thread_id ?? ""))).toMatchObject({
      threads: 0,
      runs: 0,
      checkpoints: 0,
    });
  });

  it("are left out when they are too large, and the body says so", async () => {
    const { url, calls } = receiver();
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { assistant_id: "large", input: { megabytes: 5 }, webhook: url });
    expect(await attempted(run, 1)).toMatchObject({ status: "delivered" });
    expect(calls[0]?.text.length).toBeLessThan(10_000);
    expect(calls[0]?.body).toMatchObject({
      run_id: run.run_id,
      status: "success",
      values: null,
      values_omitted: expect.stringMatching(/^they have \d{7} bytes, and at most 4000000 are sent/) as string,
    });
  });

  it("are sent as the run ended, also when the thread no longer has them", async () => {
    const { url, calls } = receiver(500, 200);
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { assistant_id: "echo", input: { text: "a" }, webhook: url });
    await attempted(run, 1);
    await waitRun(id, { assistant_id: "echo", input: { text: "b" } });
    expect((await call("POST", "/threads/prune", { thread_ids: [id], strategy: "keep_latest" })).status).toBe(
      200,
    );
    await ringForNextAttempt(run);
    expect(calls[1]?.body.values).toEqual(calls[0]?.body.values);
    expect(calls[1]?.body.values).toMatchObject({ reply: "You said: a" });
  });
});

describe("a run that is stopped", () => {
  const stepping = async (webhook: string): Promise<Run> => {
    const { thread_id: id } = await createThread();
    const key = crypto.randomUUID();
    const run = await createRun(id, { assistant_id: "steps", input: { key, gate: key }, webhook });
    await gateReached(key);
    return run;
  };

  it("by cancelling calls its webhook", async () => {
    const { url, calls } = receiver();
    const run = await stepping(url);
    await call("POST", `${path(run)}/cancel?wait=1`);
    await attempted(run, 1);
    expect(calls.map(({ body }) => [body.status, body.values])).toEqual([
      ["interrupted", expect.objectContaining({ trail: ["one"] })],
    ]);
  });

  it("before it began calls its webhook too", async () => {
    const { url, calls } = receiver();
    const run = await createRun((await createThread()).thread_id, {
      assistant_id: "echo",
      input: { text: "a" },
      after_seconds: 3600,
      webhook: url,
    });
    await call("POST", `${path(run)}/cancel?wait=1`);
    setClock("2040-01-01T00:00:01.000Z");
    await runDurableObjectAlarm(threadStub(run.thread_id));
    expect(calls.map(({ body }) => [body.status, body.run_started_at, body.values])).toEqual([
      ["interrupted", null, null],
    ]);
    expect(await deliveryOf(run)).toMatchObject({ status: "delivered" });
  });

  it("by a rollback calls none", async () => {
    const { url, calls } = receiver();
    const run = await stepping(url);
    await call("POST", `${path(run)}/cancel?wait=1&action=rollback`);
    await runDurableObjectAlarm(threadStub(run.thread_id));
    expect(calls).toEqual([]);
    expect((await call("GET", path(run))).status).toBe(404);
    expect(await rowsOf(threadStub(run.thread_id))).toMatchObject({ runs: 0 });
  });

  it("by deleting its thread calls no webhook, and nothing is left", async () => {
    const { url, calls } = receiver();
    const run = await stepping(url);
    expect((await call("DELETE", `/threads/${run.thread_id}`)).status).toBe(204);
    expect((await call("GET", `/threads/${run.thread_id}`)).status).toBe(404);
    await until(async () => Object.keys(await rowsOf(threadStub(run.thread_id))).length === 0);
    expect(calls).toEqual([]);
    expect(await alarmOf(threadStub(run.thread_id))).toBeNull();
    expect((await call("GET", path(run))).status).toBe(404);
  });
});

it.each([["waits for its next attempt", 500] as const, ["is being called", "hangs"] as const])(
  "a run that is deleted while its webhook %s is not called for again",
  async (_when, reply) => {
    const { url, calls, release } = receiver(reply);
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { assistant_id: "echo", input: { text: "a" }, webhook: url });
    await until(() => calls.length === 1);
    if (reply === 500) await attempted(run, 1);
    expect((await call("DELETE", path(run))).status).toBe(204);
    expect((await call("DELETE", `/threads/${id}`)).status).toBe(204);
    await release(threadStub(id));
    setClock("2040-01-01T01:00:00.000Z");
    await runDurableObjectAlarm(threadStub(id));
    expect(calls).toHaveLength(1);
    expect((await call("GET", path(run))).status).toBe(404);
    expect(await rowsOf(threadStub(id))).toEqual({});
    expect(await alarmOf(threadStub(id))).toBeNull();
  },
);

it("while D1 is down webhooks are called, and D1 hears of it later", async () => {
  const { url, calls } = receiver();
  const { thread_id: id } = await createThread();
  await setD1(threadStub(id), false);
  const run = await createRun(id, { assistant_id: "echo", input: { text: "a" }, webhook: url });
  expect(await attempted(run, 1)).toMatchObject({ status: "delivered" });
  await setD1(threadStub(id), true);
  setClock("2040-01-01T00:10:00.000Z");
  await runDurableObjectAlarm(threadStub(id));
  expect(calls).toHaveLength(1);
  expect((await call<Run[]>("GET", `/threads/${id}/runs`)).body).toMatchObject([
    { run_id: run.run_id, webhook: { status: "delivered", attempts: 1 } },
  ]);
  await joinRun(run);
});
