/** Threads whose objects an earlier or a later version of the server wrote. One stored object for each released schema version. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { keptThreadId } from "../../src/cron/slot-ids";
import { THREAD_SCHEMA } from "../../src/thread/schema";
import type { Cron } from "../../src/wire/crons/cron";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ringAt,
  settled,
  slotsOf,
  threadStub,
} from "../support/crons";
import { call } from "../support/edge";
import { restoreThread, STORED_THREADS } from "../support/stored/thread";
import { waitRun } from "../support/threads";

atClock("2040-01-01T07:00:00.000Z");

const contentsOf = async (threadId: string): Promise<unknown[]> => {
  const { body } = await call<{ values: { messages: { content: unknown }[] } }>(
    "GET",
    `/threads/${threadId}/state`,
  );
  return body.values.messages.map(({ content }) => content);
};

it("there is a stored object of each schema version before this one", () => {
  expect([...STORED_THREADS.keys()]).toEqual(
    Array.from({ length: THREAD_SCHEMA.length - 1 }, (_, i) => i + 1),
  );
});

it.each([...STORED_THREADS.keys()])(
  "a thread of schema version %i wakes, fires and goes on",
  async (version) => {
    const id = await restoreThread(version);
    await abortAllDurableObjects();
    const before = await contentsOf(id);
    expect(before.length).toBeGreaterThanOrEqual(10);
    const history = (await call<unknown[]>("POST", `/threads/${id}/history`, { limit: 100 })).body;

    const { body: cron } = await call<Cron>("POST", `/threads/${id}/runs/crons`, {
      assistant_id: "agent",
      schedule: "27 15 * * *",
      input: { messages: [{ role: "user", content: "go on" }] },
    });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    expect(slot).toMatchObject({ status: "fired", thread_id: id });
    const fired = await contentsOf(id);
    expect(fired.slice(0, before.length + 1)).toEqual([...before, "go on"]);
    const longer = (await call<unknown[]>("POST", `/threads/${id}/history`, { limit: 100 })).body;
    expect(longer.slice(-history.length)).toEqual(history);

    await abortAllDurableObjects();
    await waitRun(id, { assistant_id: "agent", input: { messages: [{ role: "user", content: "and on" }] } });
    expect((await contentsOf(id)).slice(0, fired.length + 1)).toEqual([...fired, "and on"]);
  },
);

it("a firing waits for an object that a later version wrote, and fires when that version is back", async () => {
  const cron = await createCron({ on_run_completed: "keep" });
  const due = "2040-01-01T15:27:00.000Z";
  const threadId = keptThreadId(cron.cron_id, { scheduledFor: Date.parse(due), manual: false });
  const setVersion = async (version: number | null): Promise<void> => {
    await runInDurableObject(threadStub(threadId) as DurableObjectStub, (_object, { storage }) => {
      if (version === null) storage.kv.delete("schema_version");
      else storage.kv.put("schema_version", version);
    });
    await abortAllDurableObjects();
  };
  await setVersion(THREAD_SCHEMA.length + 1);
  await ringAt(due, cron.cron_id);
  for (let n = 0; n < 3; n += 1) {
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["pending"]);
    await ringAt((await alarmOf(cronStub(cron.cron_id))) ?? "", cron.cron_id);
  }
  await setVersion(null);
  await ringAt((await alarmOf(cronStub(cron.cron_id))) ?? "", cron.cron_id);
  const [slot] = await slotsOf(cron.cron_id);
  await settled(slot);
  expect(slot).toMatchObject({ status: "fired", scheduled_for: due, thread_id: threadId });
});
