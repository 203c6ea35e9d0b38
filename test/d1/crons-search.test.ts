/** Finding crons, and what they did: search, count, slots and runs. */
import { describe, expect, it } from "vitest";
import { assistantIdOf } from "../../src/d1/assistants-table";
import { type Cron, cron as wireCron, type FoundCron } from "../../src/wire/crons/cron";
import type { Slot } from "../../src/wire/crons/slot";
import type { Run } from "../../src/wire/runs/run";
import {
  atClock,
  createCron,
  ended,
  figuresOf,
  ringAt,
  runsOf,
  setClock,
  settled,
  slotsOf,
} from "../support/crons";
import { call, create } from "../support/edge";
import { createThread } from "../support/threads";
import { until } from "../support/until";

atClock("2040-01-01T00:00:00.000Z");

const search = (query: object): ReturnType<typeof call<Cron[]>> =>
  call<Cron[]>("POST", "/runs/crons/search", query);
const idsOf = (crons: Cron[]): string[] => crons.map((cron) => cron.cron_id);

describe("searching", () => {
  it("tells the figures and the schedule in words when they are asked for, with the tokens of the present day", async () => {
    const tag = crypto.randomUUID();
    const { cron_id: id } = await createCron({ metadata: { tag }, assistant_id: "spends", input: {} });
    await ringAt("2040-01-01T15:27:00.000Z", id);
    await settled((await slotsOf(id))[0]);
    const query = { metadata: { tag }, select: ["figures", "schedule_description"] };
    const found = async (): Promise<Partial<FoundCron>> => (await search(query)).body[0] ?? {};
    await until(async () => (await found()).figures?.runs.success === 1);
    const { figures, schedule_description: words, ...others } = await found();
    expect(others).toEqual({});
    expect(words).toBe("At 15:27, every day");
    expect(figures).toEqual(await figuresOf(id));
    const spent = Number(figures?.tokens.today);
    expect(spent).toBeGreaterThan(0);
    setClock("2040-01-02T00:00:00.000Z");
    expect((await found()).figures?.tokens).toMatchObject({ today: 0, this_month: spent });
    setClock("2040-02-01T00:00:00.000Z");
    expect((await found()).figures?.tokens).toMatchObject({ today: 0, this_month: 0 });
    expect((await search({ metadata: { tag } })).body[0]).not.toHaveProperty("figures");
  });

  it("by a text, whatever its case, and whatever stands in it", async () => {
    const tag = crypto.randomUUID();
    const named = await createCron({ metadata: { tag, name: "Morning 100% Report" } });
    const other = await createCron({ metadata: { tag }, schedule: "3 4 * * *" });
    const found = (query: string): Promise<string[]> =>
      search({ metadata: { tag }, query }).then(({ body }) => idsOf(body));
    expect(await found("morning 100%")).toEqual([named.cron_id]);
    expect(await found("3 4 *")).toEqual([other.cron_id]);
    expect(await found(other.cron_id.slice(-12).toUpperCase())).toEqual([other.cron_id]);
    expect(await found("1_0%")).toEqual([]);
    expect((await call("POST", "/runs/crons/count", { metadata: { tag }, query: "report" })).body).toBe(1);
  });

  it("by whether the last run failed", async () => {
    const tag = crypto.randomUUID();
    const good = await createCron({ metadata: { tag } });
    const bad = await createCron({ metadata: { tag }, assistant_id: "fails", input: {} });
    for (const { cron_id: id } of [good, bad]) {
      await ringAt("2040-01-01T15:27:00.000Z", id);
      await ended(id, 1);
    }
    const failing = (value: boolean): Promise<string[]> =>
      search({ metadata: { tag }, failing: value }).then(({ body }) => idsOf(body));
    await until(async () => (await failing(true)).length === 1);
    expect(await failing(true)).toEqual([bad.cron_id]);
    expect(await failing(false)).toEqual([good.cron_id]);
    expect((await call("POST", "/runs/crons/count", { metadata: { tag }, failing: true })).body).toBe(1);
  });

  it("by whether a slot was missed lately, until it has been backfilled", async () => {
    const tag = crypto.randomUUID();
    const { cron_id: punctual } = await createCron({ metadata: { tag } });
    const { cron_id: id } = await createCron({ metadata: { tag }, catchup: "skip", schedule: "0 * * * *" });
    await ringAt("2040-01-01T15:27:00.000Z", punctual);
    await ringAt("2040-01-01T02:20:00.000Z", id);
    const since = async (instant: string): Promise<unknown[]> => {
      const query = { metadata: { tag }, missed_since: instant };
      const { body: found } = await search(query);
      return [idsOf(found), (await call("POST", "/runs/crons/count", query)).body];
    };
    await until(async () => (await since("2040-01-01T00:00:00Z"))[1] === 1);
    expect((await figuresOf(id)).last_missed_slot).toBe("2040-01-01T02:00:00.000Z");
    expect((await figuresOf(punctual)).last_missed_slot).toBeNull();
    expect(await since("2040-01-01T02:00:00Z")).toEqual([[id], 1]);
    expect(await since("2040-01-01T02:00:01Z")).toEqual([[], 0]);
    const backfill = (start: string, end: string): Promise<unknown> =>
      call("POST", `/runs/crons/${id}/backfill`, { start, end });
    await backfill("2040-01-01T01:30:00Z", "2040-01-01T02:10:00Z");
    expect((await figuresOf(id)).slots.missed).toBe(1);
    await backfill("2040-01-01T00:30:00Z", "2040-01-01T01:10:00Z");
    expect((await figuresOf(id)).last_missed_slot).toBeNull();
    await until(async () => (await since("2040-01-01T00:00:00Z"))[1] === 0);
  });

  it("by assistant, thread, state and metadata", async () => {
    const tag = crypto.randomUUID();
    const assistant = await create({ graph_id: "echo" });
    const { thread_id: threadId } = await createThread();
    const plain = await createCron({ metadata: { tag, n: 1 } });
    const other = await createCron({ metadata: { tag, n: 2 }, assistant_id: assistant.assistant_id });
    const paused = await createCron({ metadata: { tag, n: 3 }, enabled: false });
    const pinned = (
      await call<Cron>("POST", `/threads/${threadId}/runs/crons`, {
        assistant_id: assistant.assistant_id.toUpperCase(),
        schedule: "@daily",
        metadata: { tag, n: 4 },
      })
    ).body;
    for (const [filters, expected] of [
      [{}, [plain, other, paused, pinned]],
      [{ assistant_id: "echo" }, [plain, paused]],
      [{ assistant_id: assistantIdOf("echo") }, [plain, paused]],
      [{ assistant_id: assistant.assistant_id.toUpperCase() }, [other, pinned]],
      [{ assistant_id: crypto.randomUUID() }, []],
      [{ thread_id: threadId }, [pinned]],
      [{ thread_id: threadId.toUpperCase() }, [pinned]],
      [{ thread_id: crypto.randomUUID() }, []],
      [{ enabled: true }, [plain, other, pinned]],
      [{ enabled: false }, [paused]],
      [{ metadata: { tag, n: 2 } }, [other]],
      [{ metadata: { tag, n: 9 } }, []],
      [{ assistant_id: "echo", enabled: false }, [paused]],
    ] as const) {
      const query = { metadata: { tag }, ...filters };
      const { body } = await search(query);
      expect(new Set(idsOf(body)), JSON.stringify(filters)).toEqual(new Set(idsOf([...expected])));
      expect((await call("POST", "/runs/crons/count", query)).body).toBe(expected.length);
    }
    const { body: all } = await search({ metadata: { tag } });
    for (const cron of all) expect((await call("GET", `/runs/crons/${cron.cron_id}`)).body).toEqual(cron);
  });

  it("in order, in pages, and with the fields asked for", async () => {
    const tag = crypto.randomUUID();
    const crons: Cron[] = [];
    for (const hour of [5, 3, 4, 1, 2]) {
      setClock(`2040-01-01T00:00:0${crons.length}.000Z`);
      crons.push(
        await createCron({
          metadata: { tag },
          schedule: `0 ${hour} * * *`,
          end_time: `204${hour}-01-01T00:00:00Z`,
        }),
      );
    }
    const [a, b, c, d, e] = idsOf(crons);
    const found = async (query: object): Promise<string[]> =>
      idsOf((await search({ metadata: { tag }, ...query })).body);
    expect(await found({})).toEqual([e, d, c, b, a]);
    expect(await found({ sort_order: "asc" })).toEqual([a, b, c, d, e]);
    for (const sortBy of ["next_run_date", "end_time"]) {
      expect(await found({ sort_by: sortBy, sort_order: "asc" })).toEqual([d, e, b, c, a]);
      expect(await found({ sort_by: sortBy })).toEqual([a, c, b, e, d]);
    }
    expect(await found({ sort_by: "cron_id", sort_order: "asc" })).toEqual([a, b, c, d, e].sort());
    for (const sortBy of ["assistant_id", "thread_id", "created_at"])
      expect(await found({ sort_by: sortBy })).toHaveLength(5);
    setClock("2040-01-01T00:10:00.000Z");
    await call("PATCH", `/runs/crons/${b}`, { metadata: { touched: 1 } });
    expect((await found({ sort_by: "updated_at" }))[0]).toBe(b);

    const page = await search({ metadata: { tag }, limit: 2, offset: 1 });
    expect(idsOf(page.body)).toEqual([d, c]);
    expect([page.headers.get("X-Pagination-Total"), page.headers.get("X-Pagination-Next")]).toEqual([
      "5",
      "3",
    ]);
    const last = await search({ metadata: { tag }, limit: 2, offset: 4 });
    expect([last.body.length, last.headers.get("X-Pagination-Next")]).toEqual([1, null]);
    expect((await search({ metadata: { tag }, offset: 9_007_199_254_740_991 })).body).toEqual([]);

    const narrow = await search({ metadata: { tag }, limit: 1, select: ["cron_id", "next_run_date"] });
    expect(narrow.body).toEqual([{ cron_id: e, next_run_date: "2040-01-01T02:00:00.000Z" }]);
    const full = await search({ metadata: { tag }, limit: 1, select: wireCron.keyof().options });
    expect(Object.keys(full.body[0] ?? {}).sort()).toEqual([...wireCron.keyof().options].sort());
  });

  it("ten at a time unless asked otherwise", async () => {
    const tag = crypto.randomUUID();
    for (let n = 0; n < 11; n++) await createCron({ metadata: { tag } });
    expect((await search({ metadata: { tag } })).body).toHaveLength(10);
    expect((await search({ metadata: { tag }, limit: 1000 })).body).toHaveLength(11);
  });
});

it("slots and runs of a cron: newest first, in pages, by status", async () => {
  const cron = await createCron({ schedule: "0 * * * *" });
  for (const hour of ["01", "02", "06"]) {
    await ringAt(`2040-01-01T${hour}:00:00.000Z`, cron.cron_id);
    await settled((await slotsOf(cron.cron_id))[0]);
  }
  const hours = async (query: string): Promise<string[]> =>
    (await slotsOf(cron.cron_id, query)).map((slot) => slot.scheduled_for.slice(11, 13));
  expect(await hours("")).toEqual(["06", "05", "04", "03", "02", "01"]);
  expect(await hours("?limit=2")).toEqual(["06", "05"]);
  expect(await hours("?limit=2&before=2040-01-01T05:00:00Z")).toEqual(["04", "03"]);
  expect(await hours("?before=2040-01-01T03:00:00%2B01:00")).toEqual(["01"]);
  expect(await hours("?status=fired")).toEqual(["06", "02", "01"]);
  expect(await hours("?status=missed")).toEqual(["05", "04", "03"]);
  expect(await hours("?status=missed&before=2040-01-01T04:30:00Z&limit=1")).toEqual(["04"]);
  expect(await hours("?status=skipped")).toEqual([]);

  const [first] = (await call<Slot[]>("GET", `/runs/crons/${cron.cron_id}/slots?limit=1`)).body;
  const page = await call<Run[]>("GET", `/runs/crons/${cron.cron_id}/runs?limit=2`);
  expect(page.body).toEqual((await runsOf(cron.cron_id)).slice(0, 2));
  expect(page.body[0]).toMatchObject({ run_id: first?.run_id, thread_id: first?.thread_id });
  expect([page.headers.get("X-Pagination-Total"), page.headers.get("X-Pagination-Next")]).toEqual(["3", "2"]);
  const narrow = await call("GET", `/runs/crons/${cron.cron_id}/runs?status=success&select=status&offset=2`);
  expect(narrow.body).toEqual([{ status: "success" }]);
  expect((await call("GET", `/runs/crons/${cron.cron_id}/runs?status=error`)).body).toEqual([]);
});
