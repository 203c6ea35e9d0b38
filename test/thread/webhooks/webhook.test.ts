/** Webhooks: called when a run has ended, called again when that fails, and what the run says of it. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { assistantIdOf } from "../../../src/d1/assistants-table";
import { backoffMs, WEBHOOK_BACKOFF } from "../../../src/platform/backoff";
import { WEBHOOK_CALL_MS } from "../../../src/platform/time-limits";
import { MAX_WEBHOOK_ATTEMPTS } from "../../../src/platform/webhook-call";
import type { Run } from "../../../src/wire/runs/run";
import { alarmOf, atClock, rowsOf, setClock, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached } from "../../support/graphs/steps";
import { rebind } from "../../support/outage";
import { createRun, createThread, getRun, joinRun } from "../../support/threads";
import { holdTimers } from "../../support/timers";
import { attempted, receiver, ringForNextAttempt } from "../../support/webhooks";
import { until } from "../../support/until";

atClock("2040-01-01T00:00:00.000Z");

const echo = (webhook: string): object => ({ assistant_id: "echo", input: { text: "a" }, webhook });

const searchRun = async ({ thread_id: id }: Run): Promise<Run | undefined> =>
  (await call<Run[]>("POST", "/runs/search", { thread_id: id })).body[0];

describe("a webhook", () => {
  it("is called at once, with the run, its times and its values, and the run says so", async () => {
    const { url, calls } = receiver();
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { ...echo(url), metadata: { mine: 1 } });
    expect(run.webhook).toEqual({ status: "pending", attempts: 0, last_error: null, next_attempt_at: null });
    await joinRun(run);
    const delivered = { status: "delivered", attempts: 1, last_error: null, next_attempt_at: null };
    expect(await attempted(run, 1)).toEqual(delivered);
    expect(calls.map(({ body }) => body)).toEqual([
      {
        ...run,
        webhook: undefined,
        status: "success",
        run_started_at: "2040-01-01T00:00:00.000Z",
        run_ended_at: "2040-01-01T00:00:00.000Z",
        webhook_sent_at: "2040-01-01T00:00:00.000Z",
        values: { text: "a", reply: "You said: a", seen: ["a"] },
      },
    ]);
    expect(calls[0]?.headers.get("content-type")).toBe("application/json");
    await until(async () => (await rowsOf(threadStub(id))).runs === 0);
    expect((await searchRun(run))?.webhook).toEqual(delivered);
    expect((await call<Run[]>("GET", `/threads/${id}/runs`)).body[0]?.webhook).toEqual(delivered);
  });

  it("of none is not mentioned", async () => {
    const run = await createRun(null, { assistant_id: "echo", input: { text: "a" } });
    await joinRun(run);
    expect([run, await getRun(run), await searchRun(run)].map((seen) => seen && "webhook" in seen)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("that answers with a failure is called again, when it is time, and by the same id", async () => {
    const { url, calls } = receiver(500, 200);
    const run = await createRun(null, echo(url));
    await joinRun(run);
    const failed = await attempted(run, 1);
    const nextAt = Date.parse("2040-01-01T00:00:00.000Z") + backoffMs(WEBHOOK_BACKOFF, 1, run.run_id);
    expect(failed).toEqual({
      status: "pending",
      attempts: 1,
      last_error: "answered with 500",
      next_attempt_at: new Date(nextAt).toISOString(),
    });
    setClock(new Date(nextAt - 1).toISOString());
    await runDurableObjectAlarm(threadStub(run.thread_id));
    expect(calls).toHaveLength(1);
    expect((await searchRun(run))?.webhook).toEqual(failed);
    expect(await alarmOf(threadStub(run.thread_id))).toBe(failed.next_attempt_at);

    await ringForNextAttempt(run);
    const delivered = { status: "delivered", attempts: 2, last_error: null, next_attempt_at: null };
    expect((await searchRun(run))?.webhook).toEqual(delivered);
    expect(calls.map(({ id }) => id)).toEqual([`msg_${run.run_id}`, `msg_${run.run_id}`]);
    // Its thread was kept for the values, and nothing is any more.
    expect(calls.map(({ body }) => body.values)).toEqual(
      Array(2).fill(expect.objectContaining({ reply: "You said: a" })),
    );
    expect(await rowsOf(threadStub(run.thread_id))).toEqual({});
    expect(await alarmOf(threadStub(run.thread_id))).toBeNull();
  });

  it("that always fails is given up after the last attempt, and nothing is left behind", async () => {
    const { url, calls } = receiver(503);
    const run = await createRun(null, echo(url));
    await joinRun(run);
    await attempted(run, 1);
    for (let attempt = 2; attempt <= MAX_WEBHOOK_ATTEMPTS; attempt++) {
      await ringForNextAttempt(run);
      expect(calls).toHaveLength(attempt);
    }
    expect((await searchRun(run))?.webhook).toEqual({
      status: "failed",
      attempts: MAX_WEBHOOK_ATTEMPTS,
      last_error: "answered with 503",
      next_attempt_at: null,
    });
    expect((await searchRun(run))?.status).toBe("success");
    expect(await rowsOf(threadStub(run.thread_id))).toEqual({});
    expect(await alarmOf(threadStub(run.thread_id))).toBeNull();
    expect((await call("GET", `/threads/${run.thread_id}`)).status).toBe(404);
  });

  it.each([
    [301, "answered with 301"],
    [302, "answered with 302"],
    [307, "answered with 307"],
    [404, "answered with 404"],
    ["breaks", "connection refused"],
  ] as const)("that answers with %s has not been delivered", async (reply, message) => {
    const { url, calls } = receiver(reply);
    const run = await createRun(null, echo(url));
    await joinRun(run);
    expect(await attempted(run, 1)).toMatchObject({ status: "pending", attempts: 1, last_error: message });
    expect(calls).toHaveLength(1);
  });

  it("that is gone for good is not called again", async () => {
    const { url, calls } = receiver(410);
    const run = await createRun(null, echo(url));
    await joinRun(run);
    expect(await attempted(run, 1)).toMatchObject({ status: "failed", attempts: 1, next_attempt_at: null });
    expect(calls).toHaveLength(1);
    expect(await rowsOf(threadStub(run.thread_id))).toEqual({});
  });

  it("that does not answer in time is cut off, and called again", async () => {
    const { url, calls, hanging } = receiver("hangs", 200);
    const limits = holdTimers(WEBHOOK_CALL_MS);
    const run = await createRun(null, echo(url));
    await joinRun(run);
    await until(() => hanging() === 1);
    expect(limits.count()).toBe(1);
    await limits.goOff(threadStub(run.thread_id));
    expect(await attempted(run, 1)).toMatchObject({ last_error: "no answer within 15 s", attempts: 1 });
    await ringForNextAttempt(run);
    expect((await searchRun(run))?.webhook).toMatchObject({ status: "delivered", attempts: 2 });
    expect(calls).toHaveLength(2);
  });

  it("of a run that fails is sent what went wrong", async () => {
    const { url, calls } = receiver();
    const { thread_id: id } = await createThread();
    const run = await createRun(id, {
      assistant_id: "fails",
      input: { message: "broken" },
      webhook: url,
    });
    await joinRun(run);
    await attempted(run, 1);
    expect(calls[0]?.body).toMatchObject({
      run_id: run.run_id,
      assistant_id: assistantIdOf("fails"),
      status: "error",
      error: "broken",
    });
  });

  it("of a run that takes too long is called", async () => {
    const { url, calls } = receiver();
    const { thread_id: id } = await createThread();
    await rebind(threadStub(id), () => ({ RUN_TIMEOUT_SECONDS: "77" }));
    const limits = holdTimers(77_000);
    const key = crypto.randomUUID();
    const run = await createRun(id, { assistant_id: "steps", input: { key, gate: key }, webhook: url });
    await gateReached(key);
    await limits.goOff(threadStub(id));
    await joinRun(run);
    await attempted(run, 1);
    expect(calls[0]?.body).toMatchObject({
      status: "timeout",
      error: "the run took too long",
      values: { trail: ["one"] },
    });
  });
});
