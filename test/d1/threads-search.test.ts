/** The pages of a search, and the total that goes with each. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Cron } from "../../src/wire/crons/cron";
import type { Thread } from "../../src/wire/threads/thread";
import { atClock, setClock } from "../support/crons";
import { call } from "../support/edge";
import { createThread } from "../support/threads";

atClock("2040-01-01T00:00:00.000Z");

const tag = crypto.randomUUID();

/** Makes a thread at a second of its own, since searches are in the order of the times. */
async function makeAt(second: number, metadata: object): Promise<string> {
  setClock(`2040-01-01T00:00:0${second}.000Z`);
  return (await createThread({ metadata })).thread_id;
}

const search = async (
  query: object,
): Promise<{ ns: unknown[]; total: string | null; next: string | null }> => {
  const { headers, body } = await call<Thread[]>("POST", "/threads/search", query);
  return {
    ns: body.map(({ metadata }) => metadata.n),
    total: headers.get("X-Pagination-Total"),
    next: headers.get("X-Pagination-Next"),
  };
};

it("come in order, and know how many there are in all", async () => {
  for (const n of [1, 2, 3, 4, 5]) await makeAt(n, { tag, n });
  const metadata = { tag };
  for (const sort_by of ["created_at", "thread_id", "updated_at", undefined]) {
    const sorted = { metadata, sort_by };
    expect(await search(sorted)).toEqual({ ns: [5, 4, 3, 2, 1], total: "5", next: null });
    expect(await search({ ...sorted, limit: 2 })).toEqual({ ns: [5, 4], total: "5", next: "2" });
    const rising = { ...sorted, sort_order: "asc", limit: 2, offset: 3 };
    expect(await search(rising)).toEqual({ ns: [4, 5], total: "5", next: null });
  }
  expect(await search({ metadata, sort_by: "status", limit: 1, offset: 4 })).toMatchObject({ total: "5" });
});

it("tell the total also when they are empty", async () => {
  await createThread({ metadata: { tag, n: 6 } });
  expect(await search({ metadata: { tag }, offset: 100 })).toEqual({ ns: [], total: "6", next: null });
  expect(await search({ metadata: { tag: crypto.randomUUID() } })).toEqual({
    ns: [],
    total: "0",
    next: null,
  });
  expect(await search({ metadata: { tag: "none" }, offset: 3 })).toEqual({ ns: [], total: "0", next: null });
});

it("of all threads count all", async () => {
  const { body: count } = await call<number>("POST", "/threads/count", {});
  expect(await search({ limit: 1 })).toMatchObject({ total: String(count), next: "1" });
  expect(await search({ offset: count })).toEqual({ ns: [], total: String(count), next: null });
});

it("of crons come apart from the others: those that a cron made, and those that a cron runs on", async () => {
  const kind = crypto.randomUUID();
  const metadata = { kind };
  const make = (n: number, more: object = {}): Promise<string> => makeAt(n, { kind, n, ...more });
  const schedule = { assistant_id: "echo", schedule: "0 0 1 1 *" };
  await make(1);
  await make(2, { cron_id: crypto.randomUUID() });
  const id = await make(3);
  // A number is no id of a cron.
  await make(4, { cron_id: 4 });
  const { body: cron } = await call<Cron>("POST", `/threads/${id}/runs/crons`, schedule);
  const { body: second } = await call<Cron>("POST", `/threads/${id}/runs/crons`, schedule);
  for (const sort_by of ["created_at", "updated_at", "status"]) {
    const of = async (used: boolean): Promise<unknown> =>
      (await search({ metadata, used_by_crons: used, sort_by, sort_order: "asc" })).ns;
    expect([sort_by, await of(true), await of(false)]).toEqual([sort_by, [2, 3], [1, 4]]);
  }
  const { body: count } = await call<number>("POST", "/threads/count", { metadata, used_by_crons: true });
  expect(count).toBe(2);
  await call("DELETE", `/runs/crons/${cron.cron_id}`);
  expect((await search({ metadata, used_by_crons: true, sort_order: "asc" })).ns).toEqual([2, 3]);
  await call("DELETE", `/runs/crons/${second.cron_id}`);
  expect((await search({ metadata, used_by_crons: true })).ns).toEqual([2]);
  expect((await search({ metadata, used_by_crons: false, limit: 1 })).next).toBe("1");
});

it("of crons are known also when the cron is in the index before the thread", async () => {
  const kind = crypto.randomUUID();
  const { thread_id: id } = await createThread({ metadata: { kind, n: 1 } });
  const row = await env.DB.prepare("SELECT * FROM threads WHERE thread_id = ?").bind(id).first();
  const columns = Object.keys(row ?? {}).filter((column) => column !== "has_crons");
  await env.DB.prepare("DELETE FROM threads WHERE thread_id = ?").bind(id).run();
  await call("POST", `/threads/${id}/runs/crons`, { assistant_id: "echo", schedule: "0 0 1 1 *" });
  await env.DB.prepare(
    `INSERT INTO threads (${columns.map((column) => `"${column}"`).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  )
    .bind(...columns.map((column) => row?.[column]))
    .run();
  expect((await search({ metadata: { kind }, used_by_crons: true })).ns).toEqual([1]);
});
