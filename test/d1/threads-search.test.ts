/** The pages of a search, and the total that goes with each. */
import { expect, it } from "vitest";
import type { Thread } from "../../src/wire/threads/thread";
import { call } from "../support/edge";
import { createThread } from "../support/threads";

const tag = crypto.randomUUID();

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
  for (const n of [1, 2, 3, 4, 5]) await createThread({ metadata: { tag, n } });
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
