/** Listing namespaces through the HTTP edge. */
import { beforeAll, expect, it } from "vitest";
import { call } from "../../support/edge";

interface List {
  namespaces: string[][];
}

const list = async (body: object): Promise<string[]> => {
  const answer = await call<List>("POST", "/store/namespaces", body);
  expect(answer.status).toBe(200);
  return answer.body.namespaces.map((labels) => labels.join("/"));
};

const ALL = ["a", "a/b", "a/b/v1", "a/c/v1", "a/c/v2", "b/b/v1", "b-/v1", 'q"\\/é', "*/v1"];

beforeAll(async () => {
  for (const namespace of ALL) {
    for (const key of ["1", "2"]) {
      await call("PUT", "/store/items", { namespace: namespace.split("/"), key, value: {} });
    }
  }
});

it.each<[object, string[]]>([
  [{}, ALL],
  [{ prefix: null, suffix: null, max_depth: null, limit: null, offset: null }, ALL],
  [{ prefix: [], suffix: [] }, ALL],
  [{ prefix: ["a"] }, ["a", "a/b", "a/b/v1", "a/c/v1", "a/c/v2"]],
  [{ prefix: ["a", "b"] }, ["a/b", "a/b/v1"]],
  [{ prefix: ["a", "*", "v1"] }, ["a/b/v1", "a/c/v1"]],
  [{ prefix: ["*", "b"] }, ["a/b", "a/b/v1", "b/b/v1"]],
  [{ prefix: ["*", "*", "*", "*"] }, []],
  [{ prefix: ["a", "*"] }, ["a/b", "a/b/v1", "a/c/v1", "a/c/v2"]],
  [{ prefix: ['q"\\'] }, ['q"\\/é']],
  [{ suffix: ["v1"] }, ["*/v1", "a/b/v1", "a/c/v1", "b-/v1", "b/b/v1"]],
  [{ suffix: ["b", "*"] }, ["a/b/v1", "b/b/v1"]],
  [{ suffix: ["a"] }, ["a"]],
  [{ suffix: ["*", "b"] }, ["a/b"]],
  [{ suffix: ["x", "a"] }, []],
  [{ prefix: ["a"], suffix: ["v1"] }, ["a/b/v1", "a/c/v1"]],
  [{ prefix: ["a"], max_depth: 1 }, ["a"]],
  [{ prefix: ["a"], max_depth: 2 }, ["a", "a/b", "a/c"]],
  [{ suffix: ["v1"], max_depth: 2 }, ["*/v1", "a/b", "a/c", "b-/v1", "b/b"]],
  [{ max_depth: 1 }, ["*", "a", "b", "b-", 'q"\\']],
  [{ max_depth: 1, limit: 2, offset: 1 }, ["a", "b-"]],
  [{ max_depth: 1_000_000 }, ALL],
  [{ limit: 3, offset: 4 }, ["a/c/v1", "a/c/v2", "b-/v1"]],
  [{ offset: 100 }, []],
])("%j", async (body, expected) => {
  const found = await list(body);
  expect([...found].sort()).toEqual([...expected].sort());
});

it("gives pages that follow one another", async () => {
  const all = await list({});
  const pages = [];
  for (let offset = 0; offset < all.length; offset += 2) pages.push(...(await list({ limit: 2, offset })));
  expect(pages).toEqual(all);
});

it("no longer names a namespace without items", async () => {
  const item = { namespace: ["gone", "soon"], key: "k" };
  await call("PUT", "/store/items", { ...item, value: {} });
  expect(await list({ prefix: ["gone"] })).toEqual(["gone/soon"]);
  await call("DELETE", "/store/items", item);
  expect(await list({ prefix: ["gone"] })).toEqual([]);
});
