/** Stateless runs that share objects: what each costs, that none hurts the others, and that nothing of them is left. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { threadObjectName } from "../../../src/calls/thread-id";
import type { Run } from "../../../src/wire/runs/run";
import { atClock, rowsOf, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { executionsOf, gateReached, openGate, resetGate, STEP_NAMES } from "../../support/graphs/steps";
import { tallyOf, type Tally } from "../../support/rows";
import { createRun, getRun, joinRun, waitRun } from "../../support/threads";

atClock("2040-01-01T00:00:00.000Z");

/** Rows written by a run that is waited for; see docs/architecture.md. */
const MOST = { object: 6, d1: 2 };

/** More than there are objects, so that some share one. */
const MANY = 40;

const objectOf = (run: Run): string => threadObjectName(run.thread_id);

const echoes = (count: number): Promise<Run[]> =>
  Promise.all(
    Array.from({ length: count }, (_, n) =>
      createRun(null, { assistant_id: "echo", input: { text: String(n) } }),
    ),
  );

interface Waiting {
  key: string;
  run: Run;
}

/** Two runs of one object, the older first, each of which waits at a gate of its own in its second step. */
async function twoAtGates(): Promise<[Waiting, Waiting]> {
  const byObject = new Map<string, Waiting>();
  for (;;) {
    const key = crypto.randomUUID();
    const run = await createRun(null, { assistant_id: "steps", input: { key, gate: key } });
    await gateReached(key);
    const older = byObject.get(objectOf(run));
    byObject.set(objectOf(run), { key, run });
    if (older === undefined) continue;
    byObject.delete(objectOf(run));
    for (const other of byObject.values()) {
      openGate(other.key);
      await joinRun(other.run);
    }
    return [older, { key, run }];
  }
}

/** The object's host dies, with those of all others, and another goes on with its runs. */
async function restart(run: Run): Promise<void> {
  await abortAllDurableObjects();
  // As the alarm does, but without an alarm in progress, which the next abort would take down the runtime with.
  await runInDurableObject(threadStub(run.thread_id), (instance) => {
    (instance as unknown as { queue: { startDue: () => void } }).queue.startDue();
  });
}

describe("stateless runs", () => {
  it("share objects, in which nothing is left of them", async () => {
    const runs = await echoes(MANY);
    await Promise.all(runs.map(joinRun));
    const objects = new Map(runs.map((run) => [objectOf(run), threadStub(run.thread_id)]));
    expect(objects.size).toBeLessThan(MANY);
    for (const object of objects.values()) {
      await runDurableObjectAlarm(object);
      // A run that took long enough to store checkpoints has made their table.
      expect(new Set(Object.values(await rowsOf(object)))).toEqual(new Set([0]));
    }
    for (const run of runs) expect((await getRun(run)).status).toBe("success");
  });

  it.each([
    { on_completion: "keep" },
    { webhook: "https://hooks.example.com/a" },
    { stream_resumable: true },
    { interrupt_before: ["three"] },
    { interrupt_after: ["three"] },
    { after_seconds: 60 },
  ])("of which something may outlast their end have an object of their own: %o", async (fields) => {
    const gate = crypto.randomUUID();
    const run = await createRun(null, { assistant_id: "steps", input: { key: gate, gate }, ...fields });
    expect(objectOf(run)).toBe(run.thread_id);
    // Deleted, it calls no webhook.
    await call("DELETE", `/threads/${run.thread_id}/runs/${run.run_id}`);
  });

  it("are stopped one by one, each by its own thread", async () => {
    const [first, second] = await twoAtGates();
    const path = (threadOf: Run, run: Run): string => `/threads/${threadOf.thread_id}/runs/${run.run_id}`;
    expect((await call("GET", path(first.run, second.run))).status).toBe(404);
    expect((await call("POST", `${path(first.run, second.run)}/cancel`)).status).toBe(404);
    expect((await call("POST", `${path(first.run, first.run)}/cancel?wait=1`)).status).toBe(204);
    expect((await getRun(first.run)).status).toBe("interrupted");
    expect((await getRun(second.run)).status).toBe("running");
    openGate(second.key);
    // Its values go with its thread, which may be sooner than somebody joins it.
    await joinRun(second.run);
    expect((await getRun(second.run)).status).toBe("success");
    expect(STEP_NAMES.map((step) => executionsOf(second.key, step))).toEqual([1, 1, 1]);
  });

  it("that are waited for write few rows, and no more when they overlap", async () => {
    const wait = (): Promise<unknown> => waitRun(null, { assistant_id: "echo", input: { text: "a" } });
    const objects = new Map<string, DurableObjectStub>();
    for (const run of await echoes(MANY * 5)) {
      await joinRun(run);
      objects.set(objectOf(run), threadStub(run.thread_id));
    }
    for (const object of objects.values()) await runDurableObjectAlarm(object);
    const tallies = await Promise.all([...objects.values()].map(tallyOf));
    await Promise.all(Array.from({ length: MANY }, wait));
    const total = (of: keyof Tally): number => tallies.reduce((sum, tally) => sum + tally[of], 0);
    expect(total("object")).toBeGreaterThan(0);
    expect(total("object")).toBeLessThanOrEqual(MOST.object * MANY);
    expect(total("d1")).toBeGreaterThan(0);
    expect(total("d1")).toBeLessThanOrEqual(MOST.d1 * MANY);
  });
});

describe("when the host of several runs dies", () => {
  it("each goes on from its last checkpoint, and nothing of them is left", async () => {
    const both = await twoAtGates();
    for (const { key } of both) {
      // The dead host's node waits at the old gate for ever.
      resetGate(key);
      openGate(key);
    }
    await restart(both[0].run);
    for (const { key, run } of both) {
      await joinRun(run);
      expect(STEP_NAMES.map((step) => executionsOf(key, step))).toEqual([1, 2, 1]);
      expect((await getRun(run)).status).toBe("success");
    }
    expect(await rowsOf(threadStub(both[0].run.thread_id))).toMatchObject({
      threads: 0,
      runs: 0,
      checkpoints: 0,
    });
  });

  it("the one that takes it down every time is given up, and no other", async () => {
    const [poison, other] = await twoAtGates();
    for (const key of [poison.key, other.key]) resetGate(key);
    await restart(poison.run);
    await Promise.all([gateReached(poison.key), gateReached(other.key)]);
    for (const key of [poison.key, other.key]) resetGate(key);
    await restart(poison.run);
    // The last attempt it makes alone.
    await gateReached(poison.key);
    expect([poison, other].map(({ key }) => executionsOf(key, "two"))).toEqual([3, 2]);
    resetGate(poison.key);
    openGate(other.key);
    await restart(poison.run);
    await joinRun(other.run);
    expect((await getRun(other.run)).status).toBe("success");
    expect((await getRun(poison.run)).status).toBe("error");
  });

  it("those that come while a last attempt is made wait for its end", async () => {
    const [older, other] = await twoAtGates();
    openGate(other.key);
    await joinRun(other.run);
    for (let deaths = 0; deaths < 2; deaths++) {
      resetGate(older.key);
      await restart(older.run);
      await gateReached(older.key);
    }
    let newer: Run;
    do newer = await createRun(null, { assistant_id: "echo", input: { text: "new" } });
    while (objectOf(newer) !== objectOf(older.run));
    await runInDurableObject(threadStub(older.run.thread_id), (instance) => {
      (instance as unknown as { queue: { startDue: () => void } }).queue.startDue();
    });
    expect((await getRun(newer)).status).toBe("pending");
    openGate(older.key);
    for (const run of [older.run, newer]) {
      await joinRun(run);
      expect((await getRun(run)).status).toBe("success");
    }
  });

  it("the last attempts follow each other", async () => {
    const both = await twoAtGates();
    for (const { key } of both) resetGate(key);
    await restart(both[0].run);
    await Promise.all(both.map(({ key }) => gateReached(key)));
    for (const { key } of both) resetGate(key);
    await restart(both[0].run);
    await gateReached(both[0].key);
    for (const { key } of both) openGate(key);
    for (const { run } of both) {
      await joinRun(run);
      expect((await getRun(run)).status).toBe("success");
    }
  });
});
