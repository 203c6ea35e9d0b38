/** More runs in one object than it executes at the same time: the rest waits, in order, and each is executed once. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import type { CronDefinition } from "../../../src/calls/cron-definition";
import { threadIdOf } from "../../../src/cron/slot-ids";
import type { Cron } from "../../../src/wire/crons/cron";
import type { Run } from "../../../src/wire/runs/run";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  figuresOf,
  ringAt,
  rowsOf,
  runsOf,
  setClock,
  sharing,
  slotsOf,
  threadStub,
} from "../../support/crons";
import { call } from "../../support/edge";
import { executionsOf, gateReached, openGate, resetGate, STEP_NAMES } from "../../support/graphs/steps";
import { setFates } from "../../support/outage";
import { until } from "../../support/until";

const DUE = "2040-01-01T15:27:00.000Z";
/** As many graphs as an object executes at the same time; see `run-queue.ts`. */
const ROOM = 50;
const WAITING = 5;

atClock("2040-01-01T00:00:00.000Z");

interface Crowd {
  crons: Cron[];
  /** The object that all of them share. */
  object: ReturnType<typeof threadStub>;
}

/** A cron whose run waits at a gate in its second step. Cron, key and gate have the same id. */
const createGated = (cronId: string): Promise<Cron> =>
  createCron({ cron_id: cronId, assistant_id: "steps", input: { key: cronId, gate: cronId } });

/** So many crons whose runs share an object. */
const createCrowd = (size: number): Promise<Cron[]> => Promise.all(sharing(size).map(createGated));

/** The object that the runs of the crons share. A stub from before its host died does not reach the next host. */
function objectOf([cron]: Cron[]): Crowd["object"] {
  const definition = { cronId: cron?.cron_id, threadId: null, onRunCompleted: "delete" } as CronDefinition;
  return threadStub(threadIdOf(definition, { scheduledFor: Date.parse(DUE), manual: false }));
}

/** Fires the crons together. */
async function fire(crons: Cron[]): Promise<Crowd> {
  await Promise.all(crons.map(({ cron_id: id }) => ringAt(DUE, id)));
  return { crons, object: objectOf(crons) };
}

/** So many crons that have fired together into one object. */
const crowd = async (size: number): Promise<Crowd> => fire(await createCrowd(size));

const hasBegun = (cronId: string): boolean => executionsOf(cronId, "one") > 0;

/** The ids of the crons whose runs wait, in the order in which they came. */
const waitingIn = (object: Crowd["object"]): Promise<string[]> =>
  runInDurableObject(object, (_instance, { storage: { sql } }) =>
    sql
      .exec<{ id: string }>(
        "SELECT metadata ->> '$.cron_id' AS id FROM runs WHERE status = 'pending' ORDER BY seq",
      )
      .toArray()
      .map(({ id }) => id),
  );

const runOf = async (cronId: string): Promise<Run | undefined> => (await runsOf(cronId))[0];

/** All runs end, each was executed once and has one slot, and nothing of them is left in the object. */
async function expectAllOnce({ crons, object }: Crowd): Promise<void> {
  for (const { cron_id: id } of crons) openGate(id);
  await until(async () => {
    const rows = await rowsOf(object);
    return rows.runs === 0 && rows.threads === 0;
  });
  const wrong = [];
  for (const { cron_id: id } of crons) {
    const run = await runOf(id);
    const { slots, runs } = await figuresOf(id);
    const executed = STEP_NAMES.map((step) => executionsOf(id, step)).join();
    const seen = [run?.status, run?.attempts, slots.fired, runs.success, executed].join(" ");
    if (seen !== "success 1 1 1 1,1,1") wrong.push(`${id}: ${seen}`);
  }
  expect(wrong).toEqual([]);
}

it("a shared object executes so many at a time, and the rest in the order in which they came", async () => {
  const { crons, object } = await crowd(ROOM + WAITING);
  const ids = crons.map(({ cron_id: id }) => id);
  const waiting = await waitingIn(object);
  expect(waiting).toHaveLength(WAITING);
  await Promise.all(ids.filter((id) => !waiting.includes(id)).map(gateReached));
  expect(ids.filter(hasBegun)).toHaveLength(ROOM);
  // Each end makes room for one.
  for (const [turn, next] of waiting.entries()) {
    openGate(ids.filter((id) => !waiting.includes(id))[turn] ?? "");
    await gateReached(next);
    expect(waiting.filter(hasBegun)).toEqual(waiting.slice(0, turn + 1));
  }
  await expectAllOnce({ crons, object });
});

it("no alarm is set for a run that waits for room, but for one whose time is still to come", async () => {
  const shared = await crowd(ROOM + 1);
  const nextStart = (): Promise<number | null> =>
    runInDurableObject(shared.object, (instance) =>
      (instance as unknown as { queue: { nextStart: () => number | null } }).queue.nextStart(),
    );
  expect(await nextStart()).toBeNull();
  const { [0]: cronId = "" } = await waitingIn(shared.object);
  await runInDurableObject(shared.object, (_instance, { storage: { sql } }) => {
    sql.exec("UPDATE runs SET start_at = start_at + 60000 WHERE metadata ->> '$.cron_id' = ?", cronId);
  });
  expect(await nextStart()).toBe(Date.parse(DUE) + 60_000);
  setClock("2040-01-01T15:28:00.000Z");
  await expectAllOnce(shared);
});

it("one that waits can be stopped, and the others keep their order", async () => {
  const { crons, object } = await crowd(ROOM + 2);
  const [first = "", second = ""] = await waitingIn(object);
  const [slot] = await slotsOf(first);
  const { status } = await call("POST", `/threads/${slot?.thread_id}/runs/${slot?.run_id}/cancel?wait=1`);
  expect(status).toBe(204);
  expect(await runOf(first)).toMatchObject({ status: "interrupted", attempts: 0 });
  expect(hasBegun(second)).toBe(false);
  openGate(crons.find(({ cron_id: id }) => hasBegun(id))?.cron_id ?? "");
  await gateReached(second);
  expect(hasBegun(first)).toBe(false);
  await expectAllOnce({ crons: crons.filter(({ cron_id: id }) => id !== first), object });
});

it("a call that takes too long is no second run, be it executing or waiting for room", async () => {
  const crons = await createCrowd(ROOM + 1);
  const slow = [crons[0], crons[ROOM]].map((cron) => cron?.cron_id ?? "");
  for (const id of slow) await setFates(cronStub(id), ["too slow"]);
  const { object } = await fire(crons.slice(0, ROOM));
  await Promise.all(crons.slice(0, ROOM).map(({ cron_id: id }) => gateReached(id)));
  await fire(crons.slice(ROOM));
  await until(async () => (await waitingIn(object)).length === 1);
  expect(await waitingIn(object)).toEqual(slow.slice(1));
  const statuses = async (): Promise<(string | undefined)[]> =>
    Promise.all(slow.map(async (id) => (await slotsOf(id))[0]?.status));
  expect(await statuses()).toEqual(["pending", "pending"]);
  for (const id of slow) await ringAt((await alarmOf(cronStub(id))) ?? "", id);
  expect(await statuses()).toEqual(["fired", "fired"]);
  await expectAllOnce({ crons, object });
});

it("when the host dies, those that were executing go on first, and no more at a time than before", async () => {
  const { crons, object } = await crowd(ROOM + WAITING);
  const ids = crons.map(({ cron_id: id }) => id);
  const waiting = await waitingIn(object);
  const executing = ids.filter((id) => !waiting.includes(id));
  await Promise.all(executing.map(gateReached));
  await abortAllDurableObjects();
  // The dead host's nodes wait at the old gates for ever.
  for (const id of executing) resetGate(id);
  setClock("2040-01-01T15:28:00.000Z");
  await runInDurableObject(objectOf(crons), (instance) => {
    (instance as unknown as { queue: { startDue: () => void } }).queue.startDue();
  });
  await Promise.all(executing.map(gateReached));
  expect(waiting.filter(hasBegun)).toEqual([]);
  for (const id of ids) openGate(id);
  await until(async () => (await rowsOf(objectOf(crons))).runs === 0);
  for (const id of ids) {
    expect(await runOf(id)).toMatchObject({ status: "success", attempts: executing.includes(id) ? 2 : 1 });
  }
});
