/** What a cron's object remembers of its row is what is stored, also when a change of it fails. */
import { runInDurableObject } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import type { CronContext } from "../../src/cron/cron-context";
import { atClock, createCron, cronStub, getCron } from "../support/crons";
import { call } from "../support/edge";

atClock("2040-01-01T00:00:00.000Z");

/** Has the alarm of a cron's object fail to be set. */
async function failToSetAlarm(cronId: string): Promise<void> {
  await runInDurableObject(cronStub(cronId), (instance) => {
    const { alarm } = (instance as unknown as { context: CronContext }).context;
    vi.spyOn(alarm, "ringForSafety").mockImplementation(() => {
      throw new Error("no alarm");
    });
  });
}

it("forgets a change that is rolled back after the row was written", async () => {
  const { cron_id: cronId } = await createCron();
  const before = await getCron(cronId);
  await failToSetAlarm(cronId);
  expect((await call("PATCH", `/runs/crons/${cronId}`, { schedule: "0 0 * * *" })).status).toBe(500);
  expect((await call("POST", `/runs/crons/${cronId}/run`, {})).status).toBe(500);
  expect(await getCron(cronId)).toEqual(before);
  const { body } = await call<{ slots: unknown }>("GET", `/runs/crons/${cronId}/figures`);
  expect(body.slots).toEqual({ fired: 0, skipped: 0, missed: 0, rolled_back: 0, pending: 0 });
});
