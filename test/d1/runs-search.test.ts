/** Lists of a thread's runs, and the search over all runs. */
import { expect, it } from "vitest";
import type { Run } from "../../src/wire/runs/run";
import { atClock, setClock } from "../support/crons";
import { call, create } from "../support/edge";
import { createRun, createThread, joinRun } from "../support/threads";

atClock("2040-01-01T00:00:00.000Z");

const tag = crypto.randomUUID();

async function makeRuns(): Promise<{ threadId: string; runs: Run[] }> {
  const { thread_id: threadId } = await createThread();
  const runs: Run[] = [];
  for (const n of [1, 2, 3, 4]) {
    setClock(`2040-01-01T00:0${n}:00.000Z`);
    const fails = n === 3;
    const input = fails ? { message: "broken" } : { text: String(n) };
    const run = await createRun(threadId, {
      assistant_id: fails ? "fails" : "echo",
      input,
      metadata: { tag, n },
    });
    await joinRun(run);
    runs.push(run);
  }
  return { threadId, runs };
}

it("lists the runs of a thread: newest first, in pages, by status, with the fields asked for", async () => {
  const { threadId, runs } = await makeRuns();
  const list = async (query: string): Promise<{ headers: Headers; ids: string[]; body: Run[] }> => {
    const { headers, body } = await call<Run[]>("GET", `/threads/${threadId}/runs${query}`);
    return { headers, ids: body.map((run) => run.run_id), body };
  };
  const ids = runs.map((run) => run.run_id).reverse();
  expect((await list("")).ids).toEqual(ids);
  const page = await list("?limit=2&offset=1");
  expect(page.ids).toEqual(ids.slice(1, 3));
  expect(page.headers.get("X-Pagination-Total")).toBe("4");
  expect(page.headers.get("X-Pagination-Next")).toBe("3");
  expect((await list("?limit=2&offset=2")).headers.get("X-Pagination-Next")).toBeNull();
  expect((await list("?status=error")).ids).toEqual([ids[1]]);
  expect((await list("?status=running")).ids).toEqual([]);
  for (const select of ["?select=run_id,status&limit=1", "?select=run_id&select=status&limit=1"])
    expect((await list(select)).body).toEqual([{ run_id: ids[0], status: "success" }]);
});

it("searches by metadata, status, thread, assistant and time", async () => {
  const { threadId, runs } = await makeRuns();
  const [first, second, third, fourth] = runs.map((run) => run.run_id);
  const assistant = await create({ graph_id: "echo" });
  const other = await createRun(null, {
    assistant_id: assistant.assistant_id,
    input: {},
    metadata: { tag, n: 1 },
  });
  await joinRun(other);
  const found = async (query: object): Promise<string[]> => {
    const { status, body } = await call<Run[]>("POST", "/runs/search", { sort_order: "asc", ...query });
    expect(status).toBe(200);
    return body.map((run) => run.run_id);
  };
  expect(await found({ thread_id: threadId })).toEqual([first, second, third, fourth]);
  expect(await found({ thread_id: threadId, sort_order: "desc" })).toEqual([fourth, third, second, first]);
  expect(await found({ thread_id: threadId, metadata: { n: 2 } })).toEqual([second]);
  expect(await found({ metadata: { tag, n: 1 }, assistant_id: assistant.assistant_id })).toEqual([
    other.run_id,
  ]);
  expect(await found({ metadata: { tag }, agent_id: assistant.assistant_id.toUpperCase() })).toEqual([
    other.run_id,
  ]);
  expect(await found({ thread_id: threadId, assistant_id: "fails" })).toEqual([third]);
  expect(await found({ thread_id: threadId, status: "error" })).toEqual([third]);
  expect(await found({ thread_id: threadId, created_after: "2040-01-01T00:03:00Z" })).toEqual([
    third,
    fourth,
  ]);
  expect(await found({ thread_id: threadId, created_before: "2040-01-01T02:03:00+02:00" })).toEqual([
    first,
    second,
  ]);
  expect(
    await found({ thread_id: threadId, created_after: "2040-01-01T00:02:00", limit: 1, offset: 1 }),
  ).toEqual([third]);
  expect(await found({ metadata: { cron_id: crypto.randomUUID() } })).toEqual([]);
  expect(await found({ metadata: { cron_id: null } })).toEqual([]);
  expect(await found({ assistant_id: "no-such" })).toEqual([]);
  const narrow = await call("POST", "/runs/search", {
    thread_id: threadId,
    limit: 1,
    select: ["run_id", "error"],
  });
  expect(narrow.body).toEqual([{ run_id: fourth }]);
  expect(narrow.headers.get("X-Pagination-Total")).toBe("4");
});
