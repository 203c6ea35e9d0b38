/** Among how many standing objects the runs of crons are spread. */
import { describe, expect, it } from "vitest";
import { threadObjectName } from "../../src/calls/thread-id";
import type { Cron } from "../../src/wire/crons/cron";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ended,
  ringAt,
  runsOf,
  setClock,
  slotsOf,
} from "../support/crons";
import { call } from "../support/edge";
import { gateReached, openGate } from "../support/graphs/steps";
import { setFates } from "../support/outage";

const DAYS = ["2040-01-01T15:27:00.000Z", "2040-01-02T15:27:00.000Z"] as const;

atClock("2040-01-01T00:00:00.000Z");

/** The object of the thread of the cron's newest slot. */
async function objectOf({ cron_id: cronId }: Cron): Promise<string> {
  const [newest] = await slotsOf(cronId);
  return threadObjectName(newest?.thread_id ?? "");
}

/** Rings the cron, whose run ends a while after it has begun. */
async function fireFor(ms: number, { cron_id: cronId }: Cron, at: string, runs: number): Promise<void> {
  const gate = `${cronId} ${runs}`;
  await call("PATCH", `/runs/crons/${cronId}`, { input: { gate } });
  await ringAt(at, cronId);
  await gateReached(gate);
  setClock(new Date(Date.parse(at) + ms).toISOString());
  openGate(gate);
  await ended(cronId, runs);
}

it("crons with short runs share sixteen objects, once it is known that their runs are short", async () => {
  const crons = await Promise.all(Array.from({ length: 40 }, () => createCron()));
  const fireAll = async (at: string, runs: number): Promise<Set<string>> => {
    await Promise.all(crons.map(({ cron_id: id }) => ringAt(at, id)));
    for (const { cron_id: id } of crons) await ended(id, runs);
    return new Set(await Promise.all(crons.map(objectOf)));
  };
  const before = await fireAll(DAYS[0], 1);
  const after = await fireAll(DAYS[1], 2);
  expect(before.size).toBeGreaterThan(16);
  expect(after.size).toBeLessThanOrEqual(16);
  expect([...after].filter((object) => before.has(object))).toEqual([]);
});

describe("a cron whose runs take longer", () => {
  it("stays among the others, until more than half of them were short", async () => {
    const cron = await createCron({ assistant_id: "steps" });
    await fireFor(251, cron, "2040-01-01T15:27:00.000Z", 1);
    const first = await objectOf(cron);
    await fireFor(250, cron, "2040-01-02T15:27:00.000Z", 2);
    expect(await objectOf(cron)).toBe(first);
    await fireFor(250, cron, "2040-01-03T15:27:00.000Z", 3);
    expect(await objectOf(cron)).toBe(first);
    await fireFor(250, cron, "2040-01-04T15:27:00.000Z", 4);
    expect(await objectOf(cron)).not.toBe(first);
  });
});

it("a slot keeps the object that it was claimed for, whatever is known of the cron's runs when it is delivered again", async () => {
  const cron = await createCron();
  await setFates(cronStub(cron.cron_id), ["answer lost"]);
  await ringAt(DAYS[0], cron.cron_id);
  expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["pending"]);
  // Once this one has ended, the runs of the cron are known to be short.
  await call("POST", `/runs/crons/${cron.cron_id}/run`);
  await ended(cron.cron_id, 1);
  await ringAt((await alarmOf(cronStub(cron.cron_id))) ?? "", cron.cron_id);
  await ended(cron.cron_id, 2);
  const slots = await slotsOf(cron.cron_id);
  expect(slots.map(({ status }) => status)).toEqual(["fired", "fired"]);
  const [ofRunByHand, ofSlot] = slots.map(({ thread_id: id }) => threadObjectName(id ?? ""));
  expect(ofSlot).toBe(ofRunByHand);
  expect(await runsOf(cron.cron_id)).toHaveLength(2);
  await ringAt(DAYS[1], cron.cron_id);
  expect(await objectOf(cron)).not.toBe(ofSlot);
});
