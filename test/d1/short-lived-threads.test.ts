/** The runs of short-lived threads, which are found by the id of their thread when that is gone. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { isNamedBy, runIdsOf, standingThreadId } from "../../src/calls/thread-id";
import type { Run } from "../../src/wire/runs/run";
import { atClock, createCron, ringAt, settled, slotsOf } from "../support/crons";
import { call } from "../support/edge";

atClock("2040-01-01T00:00:00.000Z");

const runsOnThread = async (threadId: string): Promise<string[]> =>
  (await call<Run[]>("POST", "/runs/search", { thread_id: threadId })).body.map(({ run_id }) => run_id);

it("names its run by the id of a short-lived thread, and no other run", () => {
  const runId = "0123abcd-4567-4890-8bcd-0123456789ab";
  const threadId = standingThreadId("owner", runId);
  expect(threadId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8012-93ab-cd456748908b$/);
  expect(isNamedBy(threadId, runId)).toBe(true);
  expect(isNamedBy(threadId, "0123abcd-4567-4890-8ccd-0123456789ab")).toBe(false);
  const ofEarlierVersion = `${threadId.slice(0, 19)}8${threadId.slice(20)}`;
  expect([runIdsOf(ofEarlierVersion), isNamedBy(ofEarlierVersion, runId)]).toEqual([undefined, true]);
  expect(runIdsOf(runId)).toBeUndefined();
});

it("finds the ended run of a stateless run, of a firing, and of a thread that an earlier version made", async () => {
  const created = await call<Run>("POST", "/runs", { assistant_id: "echo", input: { text: "a" } });
  const stateless = created.body;
  await call("GET", `/threads/${stateless.thread_id}/runs/${stateless.run_id}/join`);
  expect(await runsOnThread(stateless.thread_id)).toEqual([stateless.run_id]);

  const cron = await createCron();
  await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
  const [slot] = await slotsOf(cron.cron_id);
  await settled(slot);
  const thread = slot?.thread_id ?? "";
  expect(thread[19]).toBe("9");
  expect(await runsOnThread(thread)).toEqual([slot?.run_id]);
  const others = await env.DB.prepare("SELECT count(*) AS n FROM runs WHERE thread_temporary = 0").first("n");
  expect(others).toBe(0);

  const earlier = `${thread.slice(0, 19)}8${thread.slice(20)}`;
  await env.DB.prepare("UPDATE runs SET thread_id = ? WHERE run_id = ?").bind(earlier, slot?.run_id).run();
  expect(await runsOnThread(thread)).toEqual([]);
  expect(await runsOnThread(earlier)).toEqual([slot?.run_id]);
});
