/** What is left of a thread that its owner has deleted: nothing of what it held. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { forgetOldDeletions } from "../../../src/d1/deleted-threads";
import type { Cron } from "../../../src/wire/crons/cron";
import type { Run } from "../../../src/wire/runs/run";
import {
  atClock,
  createCron,
  ringAt,
  rowsOf,
  runsOf,
  setClock,
  settled,
  slotsOf,
  threadStub,
} from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached } from "../../support/graphs/steps";
import { rebind, setD1 } from "../../support/outage";
import { createRun, createThread, joinRun, waitRun } from "../../support/threads";
import { attempted, receiver } from "../../support/webhooks";
import { until } from "../../support/until";

const SECRET = "a secret of its owner";
const echo = { assistant_id: "echo", input: { text: SECRET }, metadata: { secret: SECRET } };

atClock("2040-01-01T00:00:00.000Z");

/** All rows of D1 that are about the thread, as text. */
async function rowsAbout(threadId: string): Promise<string> {
  const runs = await env.DB.prepare("SELECT * FROM runs WHERE thread_id = ?").bind(threadId).all();
  const threads = await env.DB.prepare("SELECT * FROM threads WHERE thread_id = ?").bind(threadId).all();
  return JSON.stringify([...runs.results, ...threads.results]);
}

const gone = (threadId: string): Promise<void> =>
  until(async () => Object.keys(await rowsOf(threadStub(threadId))).length === 0);

describe("deleting a thread", () => {
  it("deletes the records of its runs with all that they hold", async () => {
    const { thread_id: id } = await createThread({ metadata: { secret: SECRET } });
    const run = await createRun(id, echo);
    await joinRun(run);
    await joinRun(await createRun(id, { ...echo, assistant_id: "fails" }));
    expect((await call("DELETE", `/threads/${id}`)).status).toBe(204);
    expect(await rowsAbout(id)).toBe("[]");
    await gone(id);
    for (const [method, path] of [
      ["GET", `/threads/${id}/runs/${run.run_id}`],
      ["GET", `/runs/${run.run_id}`],
      ["GET", `/threads/${id}/runs/${run.run_id}/join`],
      ["GET", `/threads/${id}/runs/${run.run_id}/stream`],
      ["GET", `/runs/${run.run_id}/stream`],
      ["POST", `/threads/${id}/runs/${run.run_id}/cancel`],
      ["DELETE", `/threads/${id}/runs/${run.run_id}`],
      ["GET", `/threads/${id}/runs`],
    ] as const) {
      expect((await call(method, path)).status, path).toBe(404);
    }
    const found = await call<Run[]>("POST", "/runs/search", { thread_id: id });
    expect(found.body).toEqual([]);
  });

  it("leaves nothing to a thread that is made again under its id", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, echo);
    await call("DELETE", `/threads/${id}`);
    await createThread({ thread_id: id });
    expect((await call("GET", `/threads/${id}/runs`)).body).toEqual([]);
    expect((await call("GET", `/threads/${id}/history`)).body).toEqual([]);
    expect((await call<{ values: unknown }>("GET", `/threads/${id}`)).body.values).toBeNull();
    await waitRun(id, { assistant_id: "echo", input: { text: "new" } });
    expect((await call<Run[]>("GET", `/threads/${id}/runs`)).body).toHaveLength(1);
  });

  it("keeps of a cron's runs when and how they ended, and no content", async () => {
    const { thread_id: id } = await createThread();
    const { body: cron } = await call<Cron>("POST", `/threads/${id}/runs/crons`, {
      ...echo,
      schedule: "27 15 * * *",
      webhook: receiver(500).url,
    });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    await call("DELETE", `/threads/${id}`);
    expect(await rowsAbout(id)).not.toMatch(/secret|example\.com/);
    const [run] = await runsOf(cron.cron_id);
    expect(run).toMatchObject({ run_id: slot?.run_id, status: "success", kwargs: {}, attempts: 1 });
    expect(run?.metadata).toEqual({ cron_id: cron.cron_id, scheduled_for: "2040-01-01T15:27:00.000Z" });
    expect((await call<Run>("GET", `/runs/${run?.run_id}`)).body).toEqual(run);
    expect(run).not.toHaveProperty("webhook");
    expect((await slotsOf(cron.cron_id))[0]).toMatchObject({ status: "fired", run_id: slot?.run_id });
    expect((await call("GET", `/threads/${id}/runs/${slot?.run_id ?? ""}`)).status).toBe(404);
    await createThread({ thread_id: id });
    expect((await call("GET", `/threads/${id}/runs`)).body).toEqual([]);
  });

  it("calls no webhook of its runs any more", async () => {
    const { url, calls } = receiver(500, 200);
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { ...echo, webhook: url });
    await attempted(run, 1);
    await call("DELETE", `/threads/${id}`);
    await gone(id);
    setClock("2040-01-02T00:00:00.000Z");
    expect(await runDurableObjectAlarm(threadStub(id))).toBe(false);
    expect(calls).toHaveLength(1);
  });

  it("while D1 is down is complete when it is back, and its runs are gone at once", async () => {
    const { thread_id: id } = await createThread();
    const run = await createRun(id, echo);
    await joinRun(run);
    await setD1(threadStub(id), false);
    await call("DELETE", `/threads/${id}`);
    expect((await call("GET", `/threads/${id}/runs/${run.run_id}`)).status).toBe(404);
    expect(await rowsAbout(id)).toContain(SECRET);
    await setD1(threadStub(id), true);
    await runDurableObjectAlarm(threadStub(id));
    expect(await rowsAbout(id)).toBe("[]");
    await gone(id);
  });

  it("is not undone by a write to D1 that comes late", async () => {
    const { thread_id: id } = await createThread({ metadata: { secret: SECRET } });
    const late: D1PreparedStatement[][] = [];
    await rebind(threadStub(id), ({ DB }) => ({
      DB: {
        prepare: (text: string) => DB.prepare(text),
        batch: (statements: D1PreparedStatement[]) => {
          late.push(statements);
          return DB.batch(statements);
        },
      },
    }));
    await joinRun(await createRun(id, echo));
    const written = late.flat();
    setClock("2040-01-01T00:00:01.000Z");
    await call("DELETE", `/threads/${id}`);
    await gone(id);
    await env.DB.batch(written);
    expect(await rowsAbout(id)).toBe("[]");
    // Made again, it is written as any other.
    setClock("2040-01-01T00:00:02.000Z");
    await createThread({ thread_id: id });
    await waitRun(id, { assistant_id: "echo", input: { text: "new" } });
    expect((await call<Run[]>("GET", `/threads/${id}/runs`)).body).toHaveLength(1);
    expect(await rowsAbout(id)).toContain("new");
    const remembered = (): Promise<number | null> =>
      env.DB.prepare("SELECT count(*) AS n FROM deleted_threads WHERE thread_id = ?").bind(id).first("n");
    expect(await remembered()).toBe(1);
    await forgetOldDeletions(env.DB, Date.parse("2040-01-01T02:00:00.000Z"));
    expect(await remembered()).toBe(0);
  });

  it("whose run is still executed waits for its end, and the cron hears of it", async () => {
    const key = crypto.randomUUID();
    const { thread_id: id } = await createThread();
    const { body: cron } = await call<Cron>("POST", `/threads/${id}/runs/crons`, {
      assistant_id: "steps",
      input: { key, gate: key },
      schedule: "27 15 * * *",
    });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    await gateReached(key);
    const deleted = call("DELETE", `/threads/${id}`);
    await createThread();
    expect((await deleted).status).toBe(204);
    await until(async () => (await runsOf(cron.cron_id))[0]?.status === "interrupted");
    await gone(id);
    expect((await runsOf(cron.cron_id))[0]).toMatchObject({ status: "interrupted", kwargs: {} });
  });

  it("that on_run_completed removes keeps its run's record", async () => {
    const cron = await createCron({ metadata: { secret: SECRET } });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    await settled((await slotsOf(cron.cron_id))[0]);
    await until(async () => (await runsOf(cron.cron_id))[0]?.status === "success");
    expect((await runsOf(cron.cron_id))[0]?.metadata).toMatchObject({ secret: SECRET });
  });
});

describe("a webhook whose receiver is down", () => {
  it("does not hold the temporary thread of its run, and sends the run's values all the same", async () => {
    const { url, calls, replies } = receiver(500);
    const run = await createRun(null, { assistant_id: "echo", input: { text: "hello" }, webhook: url });
    await attempted(run, 1);
    await until(async () => (await call("GET", `/threads/${run.thread_id}`)).status === 404);
    expect(await rowsOf(threadStub(run.thread_id))).toMatchObject({ threads: 0, runs: 1, webhook_values: 1 });
    expect((await call<Run>("GET", `/threads/${run.thread_id}/runs/${run.run_id}`)).body).toMatchObject({
      status: "success",
      webhook: { status: "pending", attempts: 1 },
    });
    replies.splice(0, 1, 200);
    setClock("2040-01-01T00:01:00.000Z");
    await runDurableObjectAlarm(threadStub(run.thread_id));
    await until(() => calls.length === 2);
    expect(calls.map(({ body }) => body.values)).toEqual([calls[0]?.body.values, calls[0]?.body.values]);
    expect(calls[1]?.body.values).toMatchObject({ reply: "You said: hello" });
    await gone(run.thread_id);
  });

  it("leaves its thread idle, and the next run begins", async () => {
    const { url } = receiver(500);
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { assistant_id: "echo", input: { text: "a" }, webhook: url });
    await attempted(run, 1);
    expect((await call<{ status: string }>("GET", `/threads/${id}`)).body.status).toBe("idle");
    await waitRun(id, { assistant_id: "echo", input: { text: "b" } });
  });
});
