/** The store inside graphs. */
import { AsyncBatchedStore, MemorySaver } from "@langchain/langgraph";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { D1Store } from "../../../src/d1/store/d1-store";
import { loadGraph } from "../../../src/graphs/registry";
import type { WireItem } from "../../../src/wire/store/item";
import { call } from "../../support/edge";

/** Runs the graph on a thread of its own. */
async function run(user: string, fact: string): Promise<{ written?: string; known: string[] }> {
  const persistence = { checkpointer: new MemorySaver(), store: new D1Store(env.DB) };
  const graph = await loadGraph("remembers", {}, persistence);
  const config = { configurable: { thread_id: crypto.randomUUID() } };
  return (await graph.invoke({ user, fact }, config)) as { written?: string; known: string[] };
}

describe("a graph", () => {
  it("remembers across threads, and the API sees what it wrote", async () => {
    const first = await run("ada", "likes tea");
    expect(first).toMatchObject({ written: "likes tea", known: ["likes tea"] });
    const second = await run("ada", "plays chess");
    expect(second).toMatchObject({ written: "plays chess", known: ["likes tea", "plays chess"] });
    expect((await run("bob", "x")).known).toEqual(["x"]);

    const search = { namespace_prefix: ["facts", "ada"], filter: { text: "likes tea" } };
    const { body } = await call<{ items: WireItem[] }>("POST", "/store/items/search", search);
    expect(body.items.map((item) => item.key)).toEqual(["likes tea"]);
  });

  it("reads what the API wrote", async () => {
    const item = { namespace: ["facts", "eve"], key: "k", value: { text: "from outside" } };
    await call("PUT", "/store/items", item);
    const { known } = await run("eve", "inside");
    expect(known).toEqual(["from outside", "inside"]);
  });

  it("fails with the reason when its item cannot be", async () => {
    await expect(run("a.b", "x")).rejects.toThrow("cannot contain periods");
    await expect(run("\ud800", "x")).rejects.toThrow("well-formed");
    await expect(run("ada", "x".repeat(1001))).rejects.toThrow("key: 1001 bytes");
    await expect(run("ada", "")).rejects.toThrow("key: expected at least one character");
  });
});

describe("the store of a run", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("sets no timers while nothing is asked of it", async () => {
    const batched = new AsyncBatchedStore(new D1Store(env.DB));
    const timers = vi.spyOn(globalThis, "setTimeout");
    batched.start();
    await scheduler.wait(50);
    expect(timers).not.toHaveBeenCalled();
    await batched.stop();
  });

  it("carries out what is asked at once as one batch, and says to each what became of its own", async () => {
    const store = new D1Store(env.DB);
    const batches = vi.spyOn(store, "batch");
    const batched = new AsyncBatchedStore(store);
    batched.start();
    await Promise.all([batched.put(["batched"], "a", { n: 1 }), batched.put(["batched"], "b", { n: 2 })]);
    const [a, b, none, found] = await Promise.all([
      batched.get(["batched"], "a"),
      batched.get(["batched"], "b"),
      batched.get(["batched"], "c"),
      batched.search(["batched"]),
    ]);
    expect([a?.value, b?.value, none]).toEqual([{ n: 1 }, { n: 2 }, null]);
    expect(found).toHaveLength(2);
    expect(batches).toHaveBeenCalledTimes(2);
    const refused = [batched.get(["batched"], ""), batched.get(["batched"], "a")];
    expect((await Promise.allSettled(refused)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await batched.get(["batched"], "a")).not.toBeNull();
    await batched.stop();
  });
});

describe("D1Store", () => {
  const store = new D1Store(env.DB);

  it.each([
    [[], "at least one label"],
    [["a", ""], "empty strings"],
    [["a:b"], 'cannot contain ":"'],
    [["a\0"], "cannot contain"],
    [["langgraph", "x"], "langgraph"],
    [["x".repeat(1000)], "at most 1000"],
  ])("refuses to put in %j", async (namespace, message) => {
    await expect(store.put(namespace, "k", {})).rejects.toThrow(message);
  });

  it("refuses values that are no JSON objects, or too large, or too deep", async () => {
    const put = (value: unknown) => store.put(["values"], "k", value as Record<string, unknown>);
    for (const value of ["text", 1, [], undefined, new Date(), () => 1]) {
      await expect(put(value)).rejects.toThrow("value: expected an object");
    }
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    await expect(put(circular)).rejects.toThrow("circular");
    await expect(put({ text: "x".repeat(1_800_000) })).rejects.toThrow("at most 1800000 fit");
    let deep: object = {};
    for (let level = 0; level < 600; level++) deep = { deep };
    await expect(put({ deep })).rejects.toThrow("nests deeper than 500");
    await put({ text: "x".repeat(1_799_900) });
    expect((await store.get(["values"], "k"))?.value["text"]).toHaveLength(1_799_900);
  });

  it("refuses pages that are none", async () => {
    await expect(store.search(["a"], { limit: -1 })).rejects.toThrow("limit: ");
    await expect(store.search(["a"], { offset: 0.5 })).rejects.toThrow("offset: ");
    await expect(store.listNamespaces({ maxDepth: 0 })).rejects.toThrow("maxDepth: ");
  });

  it("refuses pages whose values are too large to be read together", async () => {
    const value = { text: "x".repeat(1_700_000) };
    for (let n = 0; n < 10; n++) await store.put(["large"], `k${n}`, value);
    await expect(store.search(["large"])).rejects.toThrow("ask for fewer");
    expect(await store.search(["large"], { limit: 9 })).toHaveLength(9);
    const answer = await call("POST", "/store/items/search", { namespace_prefix: ["large"] });
    expect(answer.status).toBe(413);
  });

  it("carries out a batch whole or not at all", async () => {
    const operations = [
      { namespace: ["whole"], key: "k", value: {} },
      { namespace: ["whole"], key: "", value: {} },
    ];
    await expect(store.batch(operations)).rejects.toThrow("key: ");
    expect(await store.search(["whole"])).toEqual([]);
    expect(await store.batch([])).toEqual([]);
  });

  it("is not spelled out in JSON", () => {
    expect(JSON.stringify({ store })).toBe('{"store":"[D1Store]"}');
  });
});
