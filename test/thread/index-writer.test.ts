/** The index in D1, when it does not take a row. */
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import type { Run } from "../../src/wire/runs/run";
import { call } from "../support/edge";
import { createRun, createThread, getRun, searchThreads } from "../support/threads";

const drop = (): Promise<unknown> => env.DB.prepare("DROP TRIGGER IF EXISTS poison").run();
afterEach(drop);

const indexed = async (threadId: string): Promise<string[]> =>
  (await call<Run[]>("GET", `/threads/${threadId}/runs`)).body.map(({ run_id: id }) => id);

it("a row that D1 refuses does not hold up the others, and lands when D1 takes it", async () => {
  await env.DB.prepare(
    `CREATE TRIGGER poison BEFORE INSERT ON runs WHEN NEW.metadata LIKE '%"poisoned":true%'
     BEGIN SELECT RAISE(ABORT, 'poisoned'); END`,
  ).run();
  const { thread_id: id } = await createThread();
  const fields = { assistant_id: "echo", input: {}, after_seconds: 1000 };
  const poisoned: string[] = [];
  for (let n = 0; n < 12; n++) {
    const run = await createRun(id, { ...fields, metadata: { poisoned: true } });
    poisoned.push(run.run_id);
    expect((await getRun(run).catch(() => null))?.status).toBe("pending");
  }
  const well = await createRun(id, fields);
  expect(await indexed(id)).toEqual([well.run_id]);
  expect(await searchThreads({ ids: [id] })).toMatchObject([{ status: "busy" }]);

  await drop();
  // Whoever brings the index up to date next, takes along what is left over.
  const last = await createRun(id, fields);
  expect(
    (await call<Run[]>("GET", `/threads/${id}/runs?limit=100`)).body.map((run) => run.run_id).sort(),
  ).toEqual([...poisoned, well.run_id, last.run_id].sort());
});
