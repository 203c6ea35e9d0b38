/** The runs of a cron are listed from its ledger, merged with the records that D1 still has. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Cron } from "../../src/wire/crons/cron";
import type { Run } from "../../src/wire/runs/run";
import { atClock, createCron, cronStub, ended, ringAt, setClock, slotsOf } from "../support/crons";
import { call } from "../support/edge";
import { gateReached, openGate } from "../support/graphs/steps";
import { createRun, joinRun } from "../support/threads";

atClock("2040-01-01T00:00:00.000Z");

const minute = (n: number): string => new Date(Date.UTC(2040, 0, 1) + n * 60_000).toISOString();

/** A cron that has fired at each of the first minutes, mostly on temporary threads. @returns it, and its runs, newest first */
async function firedCron(minutes: number, fields: object = {}): Promise<{ cron: Cron; runs: Run[] }> {
  const cron = await createCron({ schedule: "* * * * *", metadata: { team: "a" }, ...fields });
  for (let n = 1; n <= minutes; n++) await ringAt(minute(n), cron.cron_id);
  await ended(cron.cron_id, minutes);
  const { runs } = await list(cron, "?limit=1000");
  expect(runs).toHaveLength(minutes);
  return { cron, runs };
}

interface Page {
  runs: Run[];
  ids: string[];
  total: string | null;
  next: string | null;
}

const pageOf = ({ headers, body }: { headers: Headers; body: Run[] }): Page => ({
  runs: body,
  ids: body.map((run) => run.run_id),
  total: headers.get("X-Pagination-Total"),
  next: headers.get("X-Pagination-Next"),
});

const list = async ({ cron_id: id }: Cron, query = ""): Promise<Page> =>
  pageOf(await call<Run[]>("GET", `/runs/crons/${id}/runs${query}`));

const search = async (
  { cron_id: id }: Pick<Cron, "cron_id">,
  query: object = {},
  metadata = {},
): Promise<Page> =>
  pageOf(await call<Run[]>("POST", "/runs/search", { metadata: { cron_id: id, ...metadata }, ...query }));

/** What the removal of old records does. */
const purge = (runs: Run[]): Promise<unknown> =>
  env.DB.prepare("DELETE FROM runs WHERE run_id IN (SELECT value FROM json_each(?))")
    .bind(JSON.stringify(runs.map((run) => run.run_id)))
    .run();

const idsOf = (runs: Run[]): string[] => runs.map((run) => run.run_id);

describe("when D1 has removed records", () => {
  it("all runs are listed, those without a record with what the ledger knows", async () => {
    const { cron, runs } = await firedCron(6);
    await purge([...runs.slice(1, 2), ...runs.slice(3)]);
    const page = await list(cron);
    expect(page.ids).toEqual(idsOf(runs));
    expect(page).toMatchObject({ total: "6", next: null });
    const kept = page.runs.filter((run) => "input" in run.kwargs);
    expect(kept).toEqual([runs[0], runs[2]]);
    const slot = (await slotsOf(cron.cron_id))[1];
    expect(page.runs[1]).toEqual({
      run_id: slot?.run_id,
      thread_id: slot?.thread_id,
      assistant_id: cron.assistant_id,
      created_at: minute(5),
      updated_at: minute(5),
      status: "success",
      metadata: { team: "a", cron_id: cron.cron_id, scheduled_for: minute(5) },
      kwargs: {},
      multitask_strategy: "enqueue",
    });
    expect(await search(cron)).toEqual(page);
    // One run by its id is a record of D1.
    const path = `/threads/${slot?.thread_id}/runs/${slot?.run_id}`;
    expect((await call("GET", path)).status).toBe(404);
  });

  it("pages, filters, orders and selected fields are right", async () => {
    const { cron, runs } = await firedCron(7);
    await call("PATCH", `/runs/crons/${cron.cron_id}`, { metadata: { team: "b" } });
    await purge(runs.slice(4));
    const ids = idsOf(runs);
    expect(await list(cron, "?limit=3&offset=2")).toMatchObject({
      ids: ids.slice(2, 5),
      total: "7",
      next: "5",
    });
    expect(await list(cron, "?limit=3&offset=6")).toMatchObject({
      ids: ids.slice(6),
      total: "7",
      next: null,
    });
    expect(await list(cron, "?limit=3&offset=9")).toMatchObject({ ids: [], total: "7", next: null });
    expect(await search(cron, { sort_order: "asc", limit: 4 })).toMatchObject({
      ids: ids.toReversed().slice(0, 4),
      total: "7",
      next: "4",
    });
    expect((await list(cron, "?select=status&select=created_at&limit=1&offset=4")).runs).toEqual([
      { status: "success", created_at: minute(3) },
    ]);
    expect((await list(cron, "?select=run_id&limit=1")).runs).toEqual([{ run_id: ids[0] }]);
    const between = { created_after: minute(2), created_before: minute(5) };
    expect(await search(cron, between)).toMatchObject({ ids: ids.slice(3, 6), total: "3" });
    expect((await search(cron, { status: "success" })).ids).toEqual(ids);
    for (const status of ["error", "running", "pending"])
      expect((await search(cron, { status })).ids).toEqual([]);
    expect((await search(cron, { assistant_id: "echo" })).ids).toEqual(ids);
    expect((await search(cron, { assistant_id: "fails" })).ids).toEqual([]);
    expect((await search(cron, { thread_id: runs[0]?.thread_id })).ids).toEqual(ids.slice(0, 1));
    // A record has the metadata of its time, and the ledger those of now.
    expect((await search(cron, {}, { team: "a" })).ids).toEqual(ids.slice(0, 4));
    expect(await search(cron, { limit: 2, offset: 1 }, { team: "b" })).toMatchObject({
      ids: ids.slice(5, 7),
      total: "3",
      next: null,
    });
    expect((await search(cron, {}, { team: "c" })).ids).toEqual([]);
    expect((await search(cron, {}, { scheduled_for: minute(1) })).ids).toEqual(ids.slice(6));
  });

  it("any search finds what a model of the runs finds", async () => {
    const { cron, runs } = await firedCron(12);
    // Some are not in the ledger: a request names the cron.
    for (const n of [20, 21, 22]) {
      setClock(minute(n));
      const metadata = { cron_id: cron.cron_id, team: "b" };
      const run = await createRun(null, { assistant_id: "echo", input: { text: "a" }, metadata });
      await joinRun(run);
    }
    for (const n of [30, 31]) await ringAt(minute(n), cron.cron_id);
    await ended(cron.cron_id, 14);
    const all = (await list(cron, "?limit=1000")).runs;
    expect(all).toHaveLength(17);
    await purge(all.filter((run, n) => n % 3 === 0 && run.metadata.team === "a"));
    const wrong: unknown[] = [];
    for (const team of [undefined, "a", "b"])
      for (const order of ["asc", "desc"])
        for (const [after, before] of [
          [0, 99],
          [3, 21],
          [12, 31],
        ] as const)
          for (const [limit, offset] of [
            [1, 0],
            [5, 3],
            [4, 13],
            [1000, 0],
            [3, 40],
          ] as const) {
            const matching = all.filter((run) => {
              const at = run.created_at;
              return (
                (team ?? run.metadata.team) === run.metadata.team &&
                at >= minute(after) &&
                at < minute(before)
              );
            });
            if (order === "asc") matching.reverse();
            const query = {
              created_after: minute(after),
              created_before: minute(before),
              sort_order: order,
              limit,
              offset,
            };
            const page = await search(cron, query, team === undefined ? {} : { team });
            const expected = idsOf(matching).slice(offset, offset + limit);
            const isRight = page.ids.join() === expected.join() && page.total === String(matching.length);
            if (!isRight)
              wrong.push({ team, query, page: page.ids, total: page.total, expected, of: matching.length });
          }
    expect(runs).toHaveLength(12);
    expect(wrong).toEqual([]);
  });

  it("a failed run shows the first line of its error, and its tokens", async () => {
    const cron = await createCron({
      schedule: "* * * * *",
      assistant_id: "fails",
      input: { message: "one\ntwo" },
    });
    await ringAt(minute(1), cron.cron_id);
    await ended(cron.cron_id, 1);
    const { runs } = await list(cron);
    await purge(runs);
    expect((await list(cron, "?status=error")).runs).toMatchObject([
      { status: "error", error: { error: "Error", message: "one" } },
    ]);
    expect((await list(cron, "?status=success")).runs).toEqual([]);
  });
});

describe("what the owner has deleted", () => {
  it("a run is listed no more, whether D1 has its record or not", async () => {
    const { cron, runs } = await firedCron(4);
    const [first, second] = runs;
    for (const run of [first, second])
      expect((await call("DELETE", `/threads/${run?.thread_id}/runs/${run?.run_id}`)).status).toBe(204);
    await purge(runs.slice(2, 3));
    expect(await list(cron)).toMatchObject({ ids: idsOf(runs.slice(2)), total: "2" });
    expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(Array(4).fill("fired"));
  });

  it("a thread leaves its runs in the list, without content", async () => {
    const { cron, runs } = await firedCron(2, { on_run_completed: "keep" });
    expect((await call("DELETE", `/threads/${runs[0]?.thread_id}`)).status).toBe(204);
    expect((await list(cron)).runs).toMatchObject([{ run_id: runs[0]?.run_id, kwargs: {} }, runs[1]]);
    expect((await search(cron, { thread_id: runs[0]?.thread_id })).ids).toEqual([]);
    await purge(runs);
    expect((await list(cron)).ids).toEqual(idsOf(runs));
  });

  it("a thread that keep_threads has removed is still named by its run", async () => {
    const { cron, runs } = await firedCron(3, { on_run_completed: "keep", keep_threads: 1 });
    await purge(runs);
    expect((await list(cron)).runs.map((run) => run.thread_id)).toEqual(runs.map((run) => run.thread_id));
  });

  it("a cron leaves the records of its runs to D1, which finds them by its id", async () => {
    const { cron, runs } = await firedCron(3);
    await purge(runs.slice(1, 2));
    await call("DELETE", `/runs/crons/${cron.cron_id}`);
    expect((await call("GET", `/runs/crons/${cron.cron_id}/runs`)).status).toBe(404);
    const left = [runs[0], runs[2]] as Run[];
    expect(await search(cron)).toMatchObject({ runs: left, total: "2" });
    expect((await search(cron, { limit: 1, sort_order: "asc" }, { team: "a" })).ids).toEqual(
      idsOf(left.slice(1)),
    );
    expect((await search(cron, { status: "error" })).ids).toEqual([]);

    // A new cron under the id has a ledger of its own.
    await createCron({ cron_id: cron.cron_id, schedule: "* * * * *" });
    await ringAt(minute(5), cron.cron_id);
    await ended(cron.cron_id, 1);
    const { ids, total } = await search(cron);
    expect([ids.slice(1), total]).toEqual([idsOf(left), "3"]);
  });

  it("a run that comes to D1 after its cron was deleted is found too", async () => {
    const gate = crypto.randomUUID();
    const cron = await createCron({ schedule: "* * * * *", assistant_id: "steps", input: { gate } });
    await ringAt(minute(1), cron.cron_id);
    await gateReached(gate);
    const [slot] = await slotsOf(cron.cron_id);
    await call("DELETE", `/runs/crons/${cron.cron_id}`);
    openGate(gate);
    await call("GET", `/threads/${slot?.thread_id}/runs/${slot?.run_id}/join`);
    expect(await search(cron)).toMatchObject({
      ids: [slot?.run_id],
      total: "1",
      runs: [{ status: "success" }],
    });
  });
});

it("a run that goes on is listed before D1 knows it, and then as D1 has it", async () => {
  const gate = crypto.randomUUID();
  const cron = await createCron({ schedule: "* * * * *", assistant_id: "steps", input: { gate } });
  await ringAt(minute(1), cron.cron_id);
  expect((await list(cron)).runs).toMatchObject([{ status: "pending", created_at: minute(1) }]);
  openGate(gate);
  await ended(cron.cron_id, 1);
  expect((await list(cron)).runs).toMatchObject([{ status: "success", created_at: minute(1) }]);
});

it("runs from before the ledger listed them are found in D1, each once", async () => {
  const { cron, runs } = await firedCron(4);
  await runInDurableObject(cronStub(cron.cron_id) as DurableObjectStub, (_instance, { storage }) => {
    storage.sql.exec(
      "UPDATE slots SET run_created_at = NULL WHERE scheduled_for <= ?",
      Date.parse(minute(2)),
    );
  });
  await env.DB.prepare("UPDATE runs SET in_ledger = 0 WHERE run_id IN (SELECT value FROM json_each(?))")
    .bind(JSON.stringify(idsOf(runs.slice(1))))
    .run();
  expect(await list(cron)).toMatchObject({ runs, total: "4" });
  expect(await list(cron, "?limit=2&offset=1")).toMatchObject({ ids: idsOf(runs.slice(1, 3)) });
});

it("a search by the id of no cron finds the runs whose metadata name it", async () => {
  for (const cronId of [crypto.randomUUID(), "no uuid"]) {
    const metadata = { cron_id: cronId };
    const run = await createRun(null, { assistant_id: "echo", input: { text: "a" }, metadata });
    await joinRun(run);
    expect((await search(metadata)).ids, cronId).toEqual([run.run_id]);
  }
});
