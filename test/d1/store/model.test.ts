/** Whatever is done to it, D1Store answers as LangGraph's own InMemoryStore does. */
import { env } from "cloudflare:workers";
import {
  InMemoryStore,
  type GetOperation,
  type Item,
  type ListNamespacesOperation,
  type Operation,
  type PutOperation,
  type SearchOperation,
} from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { D1Store } from "../../../src/d1/store/d1-store";
import { encodeNamespace } from "../../../src/wire/store/namespace";

afterEach(() => {
  vi.useRealTimers();
});

const label = fc.constantFrom("a", "b", "ab", "a-", "a/", "é", '"', "\\", "%", "😀");
const LABELS = [
  ["a"],
  ["a", "b"],
  ["a", "b", "a"],
  ["ab"],
  ["a-", "b"],
  ["a/"],
  ["b", "a"],
  ["b", "a", "b", "é"],
];
const namespace = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...LABELS) },
  { weight: 1, arbitrary: fc.array(label, { minLength: 1, maxLength: 4 }) },
);
const key = fc.constantFrom("k", "K", "k2", "'", '"', "é", "\n");
const pattern = fc.array(
  fc.oneof({ weight: 3, arbitrary: label }, { weight: 1, arbitrary: fc.constant("*") }),
  {
    maxLength: 4,
  },
);

const field = fc.constantFrom("n", "n", "n", "", "a.b", '"', "é\\");
const NUMERIC_TEXTS = [
  "",
  "5",
  "1e2",
  " 7 ",
  "0x10",
  "Infinity",
  "-3",
  ".5",
  "5.",
  "+5",
  "NaN",
  "true",
  "[5]",
  "{}",
];
const scalar = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<unknown>(0, 1, 5, true, null, "1", "5", "x", " ") },
  fc.constantFrom<unknown>(
    0,
    1,
    5,
    -1,
    1.5,
    16,
    100,
    true,
    false,
    null,
    "x",
    "é\ud800",
    "\0",
    ...NUMERIC_TEXTS,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.string({ unit: "binary" }),
);
const value = fc.dictionary(field, fc.oneof(scalar, fc.constant({ x: 1 })), { noNullPrototype: true });
const operators = fc.dictionary(fc.constantFrom("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), scalar, {
  noNullPrototype: true,
});
const lists = fc.record({ $in: fc.array(scalar), $nin: fc.array(scalar) }, { requiredKeys: [] });
const filter = fc.dictionary(field, fc.oneof(scalar, operators, lists), {
  maxKeys: 3,
  noNullPrototype: true,
});

const limit = fc.integer({ min: 0, max: 8 });
const get: fc.Arbitrary<GetOperation> = fc.record({ namespace, key });
const put: fc.Arbitrary<PutOperation> = fc.record({
  namespace,
  key,
  value: fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) }),
});
const search: fc.Arbitrary<SearchOperation> = fc.record(
  {
    namespacePrefix: fc.array(label, { maxLength: 3 }),
    filter,
    limit,
    offset: fc.integer({ min: 0, max: 4 }),
  },
  { requiredKeys: ["namespacePrefix"] },
);
const condition = fc.record({
  matchType: fc.constantFrom("prefix" as const, "suffix" as const),
  path: pattern,
});
const list: fc.Arbitrary<ListNamespacesOperation> = fc.record(
  {
    matchConditions: fc.array(condition, { maxLength: 3 }),
    maxDepth: fc.integer({ min: 1, max: 4 }),
    limit,
    offset: fc.integer({ min: 0, max: 4 }),
  },
  { requiredKeys: ["matchConditions", "limit", "offset"] },
);
const operation = fc.oneof({ weight: 4, arbitrary: put }, get, { weight: 2, arbitrary: search }, list);
const batches = fc.array(fc.array(operation, { minLength: 1, maxLength: 8, size: "max" }), {
  minLength: 4,
  maxLength: 12,
  size: "max",
});

/** JSON, so that what is compared does not change with the store that it came from. */
const plain = (found: unknown): unknown => JSON.parse(JSON.stringify(found ?? null));

/** In the order of UTF-8. */
const compare = (a: string, b: string): number => {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return (left[i] ?? 0) - (right[i] ?? 0);
  }
  return left.length - right.length;
};

const page = <T>(all: T[], { limit = 10, offset = 0 }: { limit?: number; offset?: number }): T[] =>
  all.slice(offset, offset + limit);

const inOrder = (items: Item[]): Item[] =>
  items.sort(
    (a, b) =>
      b.updatedAt.getTime() - a.updatedAt.getTime() ||
      compare(encodeNamespace(a.namespace), encodeNamespace(b.namespace)) ||
      compare(a.key, b.key),
  );

/** What the model answers, in D1Store's order, which the model has none to compare with. */
async function modelRead(
  model: InMemoryStore,
  operation: Exclude<Operation, PutOperation>,
): Promise<unknown> {
  if ("namespacePrefix" in operation) {
    const [all] = (await model.batch([{ ...operation, limit: 1e9, offset: 0 }])) as [Item[]];
    return page(inOrder(all), operation);
  }
  if ("namespace" in operation) return (await model.batch([operation]))[0];
  // The model goes on naming namespaces that have lost all their items: ask one that never had others.
  const [items] = (await model.batch([{ namespacePrefix: [], limit: 1e9 }])) as [Item[]];
  const fresh = new InMemoryStore();
  await fresh.batch(items.map(({ namespace, key, value }) => ({ namespace, key, value })));
  const [all] = (await fresh.batch([{ ...operation, limit: 1e9, offset: 0 }])) as [string[][]];
  const sorted = all.sort((a, b) => compare(encodeNamespace(a), encodeNamespace(b)));
  return page(sorted, operation);
}

it("does", async () => {
  vi.useFakeTimers({ now: new Date("2030-01-01T00:00:00Z"), toFake: ["Date"] });
  await fc.assert(
    fc.asyncProperty(batches, async (sequence) => {
      await env.DB.prepare("DELETE FROM store_items").run();
      const store = new D1Store(env.DB);
      const model = new InMemoryStore();
      for (const batch of sequence) {
        vi.setSystemTime(Date.now() + 1000);
        // All reads before all writes. The model hands out the very objects that it then changes: hence the copies.
        const expected = [];
        for (const operation of batch) {
          expected.push("value" in operation ? null : plain(await modelRead(model, operation)));
        }
        await model.batch(batch.filter((operation) => "value" in operation));
        expect(plain(await store.batch(batch))).toEqual(expected);
      }
      const [all] = (await model.batch([{ namespacePrefix: [], limit: 1e9 }])) as [Item[]];
      expect(plain(await store.search([], { limit: 1000 }))).toEqual(plain(inOrder(all)));
    }),
    { numRuns: 150 },
  );
});

it("takes and refuses the same addresses, but for a few that D1 cannot hold apart", async () => {
  const anyLabel = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", ".", ":", "\0", "langgraph", "*"),
  );
  const outcome = (work: Promise<unknown>) => work.then(plain, () => "refused");
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyLabel, { maxLength: 3 }),
      fc.string({ unit: "binary" }),
      async (labels, key) => {
        fc.pre(key !== "" && !key.includes("\0") && [...labels, key].every((text) => text.isWellFormed()));
        const [store, model] = [new D1Store(env.DB), new InMemoryStore()];
        await env.DB.prepare("DELETE FROM store_items").run();
        for (const work of [
          (s: typeof store | typeof model) => s.put(labels, key, { key }),
          (s: typeof store | typeof model) => s.get(labels, key).then((item) => item?.value),
          (s: typeof store | typeof model) =>
            s.search(labels).then((items) => items.map((item) => item.namespace)),
          (s: typeof store | typeof model) => s.delete(labels, key),
          (s: typeof store | typeof model) => s.search(labels),
        ]) {
          expect(await outcome(work(store))).toEqual(await outcome(work(model)));
        }
      },
    ),
    { numRuns: 200 },
  );
});
