/**
 * The statements that the server sends to D1. They are stored for each version that has other migrations than the one before, so
 * that `schema-changes.node.test.ts` can execute them on later schemas:
 *
 *   RECORD_STATEMENTS=1 npx vitest run --project workers -u test/d1/statements.test.ts
 */
import { createScheduledController, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import server from "../../src/index";
import type { Cron } from "../../src/wire/crons/cron";
import type { Run } from "../../src/wire/runs/run";
import { atClock, createCron, ended, ringAt, setClock, threadStub } from "../support/crons";
import { call, create } from "../support/edge";
import { planning } from "../support/graphs/plans";
import { createRun, createThread, joinRun } from "../support/threads";

atClock("2040-01-01T00:00:00.000Z");

/** Of statements with the same text, so many are kept. */
const KEPT_OF_EACH = 2;

interface Statement {
  sql: string;
  params: unknown[];
}

/** The statements that `work` prepares, in their order, with their parameters. */
async function statementsOf(work: () => Promise<void>): Promise<Statement[]> {
  const d1 = Object.getPrototypeOf(env.DB) as D1Database;
  const prepare = vi.spyOn(d1, "prepare");
  const bind = vi.spyOn(Object.getPrototypeOf(env.DB.prepare("SELECT 1")) as D1PreparedStatement, "bind");
  await work();
  const params = new Map(bind.mock.contexts.map((statement, index) => [statement, bind.mock.calls[index]]));
  const kept = new Map<string, number>();
  return prepare.mock.calls.flatMap(([sql], index) => {
    const times = (kept.get(sql) ?? 0) + 1;
    kept.set(sql, times);
    if (times > KEPT_OF_EACH) return [];
    const statement = prepare.mock.results[index]?.value as D1PreparedStatement;
    return [{ sql: sql.replaceAll(/\s+/g, " ").trim(), params: params.get(statement) ?? [] }];
  });
}

async function useAssistants(): Promise<void> {
  const { assistant_id: id } = await create({ metadata: { owner: "a" } });
  await call("PATCH", `/assistants/${id}`, { name: "other" });
  await call("POST", `/assistants/${id}/versions`, {});
  await call("POST", `/assistants/${id}/latest`, { version: 1 });
  await call("POST", "/assistants/search", { metadata: { owner: "a" }, sort_by: "name" });
  await call("POST", "/assistants/search", {});
  await call("POST", "/assistants/count", {});
  await call("DELETE", `/assistants/${id}`);
}

/** @returns a thread with runs, and a run whose thread is kept */
async function useThreads(): Promise<{ threadId: string; kept: Run }> {
  const { thread_id: threadId } = await createThread({ metadata: { owner: "a" } });
  await call("PATCH", `/threads/${threadId}`, { metadata: { b: 1 } });
  await joinRun(await createRun(threadId, { assistant_id: "echo", input: { text: "a" } }));
  await call("POST", `/threads/${threadId}/state`, { values: { text: "b" } });
  for (const search of [
    { metadata: { owner: "a" }, status: "idle" },
    { values: { text: "b" }, sort_by: "updated_at" },
    {},
  ])
    await call("POST", "/threads/search", search);
  await call("POST", "/threads/count", {});
  await call("GET", `/threads/${threadId}/runs`);
  await joinRun(await createRun(null, { assistant_id: "echo", input: { text: "a" } }));
  const kept = await createRun(null, { assistant_id: "interrupts", input: {}, on_completion: "keep" });
  await joinRun(kept);
  for (const search of [{ metadata: { owner: "a" } }, { status: "error" }, {}])
    await call("POST", "/runs/search", search);
  return { threadId, kept };
}

async function useCrons(threadId: string): Promise<void> {
  const cron = await createCron({ metadata: { owner: "a" } });
  const { body: onThread } = await call<Cron>("POST", `/threads/${threadId}/runs/crons`, {
    assistant_id: "echo",
    schedule: "27 15 * * *",
    input: { text: "hello" },
  });
  const crons = [
    cron,
    onThread,
    await createCron({ on_run_completed: "keep", keep_threads: 1 }),
    await createCron({ assistant_id: "fails" }),
    await createCron({ assistant_id: "interrupts", input: {} }),
  ];
  for (const [index, day] of ["01", "02"].entries()) {
    for (const { cron_id: id } of crons) await ringAt(`2040-01-${day}T15:27:00.000Z`, id);
    for (const { cron_id: id } of crons) await ended(id, index + 1);
  }
  await runDurableObjectAlarm(threadStub(threadId));
  // One whose runs make crons.
  const planned = { name: "create_cron", args: { schedule: "27 15 * * *" } };
  const planner = await createCron({ assistant_id: "plans", input: planning(planned) });
  await call("POST", `/runs/crons/${planner.cron_id}/run`, {});
  await ended(planner.cron_id, 1);
  await call("GET", `/runs/crons/${cron.cron_id}/runs`);
  await call("PATCH", `/runs/crons/${cron.cron_id}`, { metadata: { c: 1 }, enabled: false });
  await call("POST", "/runs/crons/search", { metadata: { owner: "a" } });
  await call("POST", "/runs/crons/search", { assistant_id: "echo", enabled: true, sort_by: "next_run_date" });
  await call("POST", "/runs/crons/count", {});
  await call("DELETE", `/runs/crons/${cron.cron_id}`);
}

async function useStore(): Promise<void> {
  const item = { namespace: ["a", "b"], key: "k" };
  await call("PUT", "/store/items", { ...item, value: { n: 1 } });
  await call("PUT", "/store/items", { ...item, key: "expires", value: { n: 2 }, ttl: 1 });
  await call("GET", "/store/items?namespace=a.b&key=k");
  await call("POST", "/store/items/search", { namespace_prefix: ["a"], filter: { n: 1 } });
  await call("POST", "/store/namespaces", {});
  await call("DELETE", "/store/items", item);
}

/** What the cron trigger does each minute, a year later. */
async function ringTrigger(): Promise<void> {
  setClock("2041-02-01T00:00:00.000Z");
  const controller = createScheduledController({ scheduledTime: new Date(), cron: "* * * * *" });
  await server.scheduled(controller, env);
}

it("each table of D1 is read and written", async () => {
  const statements = await statementsOf(async () => {
    await useAssistants();
    const { threadId, kept } = await useThreads();
    await useCrons(threadId);
    await useStore();
    await call("GET", "/ok?check_db=1");
    // Its answer is no JSON.
    await call("GET", "/metrics").catch(() => undefined);
    await call("DELETE", `/threads/${kept.thread_id}/runs/${kept.run_id}`);
    await call("POST", "/runs/cancel", { status: "pending" });
    await call("DELETE", `/threads/${threadId}`);
    await ringTrigger();
  });
  const { results } = await env.DB.prepare(
    `SELECT name FROM sqlite_master
     WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT IN ('d1_migrations', 'sqlite_sequence')`,
  ).all<{ name: string }>();
  const isIn = (table: string, words: string): boolean =>
    statements.some(({ sql }) => new RegExp(`\\b(?:${words}) ${table}\\b`).test(sql));
  const unused = results.filter(({ name }) => !isIn(name, "FROM|IN") || !isIn(name, "INSERT INTO"));
  expect(results.length).toBeGreaterThan(5);
  expect(unused).toEqual([]);
  if (env.RECORD_STATEMENTS === "") return;
  const version = env.TEST_MIGRATIONS.at(-1)?.name.slice(0, 4);
  const lines = statements.map((statement) => `${JSON.stringify(statement)}\n`);
  await expect(lines.join("")).toMatchFileSnapshot(`../support/stored/d1-statements/${version}.jsonl`);
});
