/** `extract` of a search of threads: parts of what they hold, by paths. */
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/platform/json";
import type { FoundThread } from "../../../src/wire/threads/thread";
import { call, edgeFetch } from "../../support/edge";
import { createThread, waitRun } from "../../support/threads";

const tag = crypto.randomUUID();

async function extracted(extract: object, query: object = {}): Promise<unknown> {
  const body = { metadata: { tag }, extract, ...query };
  const answer = await call<FoundThread[]>("POST", "/threads/search", body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body[0]?.extracted;
}

describe("extract", () => {
  it("takes parts of values, metadata, config and interrupts by their paths", async () => {
    const metadata = { tag, deep: { list: [1, { "a-b": "x'; --" }, [true, null]] }, "ключ $": 7 };
    const { thread_id: id } = await createThread({ metadata });
    for (const text of ["a", "b", "c"]) {
      await waitRun(id, { assistant_id: "echo", input: { text }, config: { configurable: { c: 1.5 } } });
    }
    expect(
      await extracted({
        last: "values.seen[-1]",
        first: "values.seen[0]",
        all: "values.seen",
        whole: "metadata.deep",
        quoted: "metadata.deep.list[1].a-b",
        flag: "metadata.deep.list[-1][0]",
        "a null": "metadata.deep.list[2][1]",
        ключ: "metadata.ключ $",
        number: "config.configurable.c",
        interrupts: "interrupts",
      }),
    ).toEqual({
      last: "c",
      first: "a",
      all: ["a", "b", "c"],
      whole: metadata.deep,
      quoted: "x'; --",
      flag: true,
      "a null": null,
      ключ: 7,
      number: 1.5,
      interrupts: {},
    });
    const none = { beyond: "values.seen[3]", before: "values.seen[-4]", key: "values.none.of.it" };
    expect(await extracted(none)).toEqual({ beyond: null, before: null, key: null });
    expect(await extracted({})).toEqual({});
  });

  it("goes with `select`, filters and the SDK", async () => {
    const { threads } = new Client({ apiUrl: "http://edge", callerOptions: { fetch: edgeFetch } });
    const metadata = { tag: crypto.randomUUID() };
    await threads.create({ metadata });
    const extract = { tag: "metadata.tag", none: "values.seen" };
    const query = { metadata, extract, select: ["status" as const] };
    const expected = [{ status: "idle", extracted: { tag: metadata.tag, none: null } }];
    expect(await threads.search(query)).toEqual(expected);
    expect(await threads.search({ ...query, values: {}, status: "idle", limit: 1, offset: 0 })).toEqual(
      expected,
    );
    const { body } = await call<JsonObject[]>("POST", "/threads/search", { select: [], extract, limit: 1 });
    expect(Object.keys(body[0] ?? {})).toEqual(["extracted"]);
  });

  it("has room beside as many filters as there may be", async () => {
    const values = Object.fromEntries(Array.from({ length: 29 }, (_, n) => [`k${n}`, n]));
    const extract = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`k${n}`, `values.k${n}`]));
    for (let n = 1; n <= 29; n++) {
      const metadata = Object.fromEntries(Array.from({ length: n }, (_, k) => [`m${k}`, k]));
      const { status, body } = await call("POST", "/threads/search", { values, metadata, extract });
      if (status !== 200)
        expect([status, body.detail]).toEqual([422, expect.stringContaining("too many values")]);
    }
  });

  it.each([
    [{ a: "thread_id" }, /^extract\.a: expected a path into/],
    [{ a: "" }, /^extract\.a: expected a path into/],
    [{ a: "values." }, /^extract\.a: expected a path into/],
    [{ a: "values[x]" }, /^extract\.a: expected a path into/],
    [{ a: "values[#-1]" }, /^extract\.a: expected a path into/],
    [{ a: 'values."x' }, /^extract\.a: expected a path into/],
    [{ a: "values[12345678901]" }, /^extract\.a: expected a path into/],
    [{ a: 7 }, /^extract\.a: expected a path into/],
    [{ a: `values.${"x".repeat(500)}` }, /^extract\.a: /],
    [{ "": "values" }, /^extract\.""/],
    ["values", /^extract: /],
    [
      Object.fromEntries(Array.from({ length: 11 }, (_, n) => [n, "values"])),
      /^extract: expected at most 10 paths/,
    ],
  ])("is refused as %j", async (extract, detail) => {
    const { status, body } = await call("POST", "/threads/search", { extract });
    expect([status, body.detail]).toEqual([422, expect.stringMatching(detail) as string]);
  });
});
