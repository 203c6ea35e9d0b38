/** The official clients, unchanged. */
import { describe, expect, it } from "vitest";
import { SDKS } from "../../support/sdk";

describe.each(SDKS)("SDK %s", (version, makeClient) => {
  const { store } = makeClient();
  const root = `sdk-${version.replace(".", "-")}`;

  it("puts, gets and deletes", async () => {
    const namespace = [root, "items"];
    await store.putItem(namespace, "k", { a: 1 });
    await store.putItem(namespace, "k", { a: 2 }, { index: ["a"], ttl: 5 });
    await store.putItem(namespace, "other", { a: 3 }, { index: false, ttl: null });

    const item = await store.getItem(namespace, "k", { refreshTtl: true });
    expect(item).toMatchObject({ namespace, key: "k", value: { a: 2 } });
    expect(new Date(item?.createdAt ?? "").getTime()).toBeLessThanOrEqual(Date.now());
    expect(await store.getItem(namespace, "k", { refreshTtl: false })).toMatchObject({ value: { a: 2 } });
    expect(await store.getItem(namespace, "nosuch")).toBeNull();

    await store.deleteItem(namespace, "k");
    expect(await store.getItem(namespace, "k")).toBeNull();
  });

  it("searches", async () => {
    for (let n = 0; n < 12; n++) await store.putItem([root, "search", `u${n % 2}`], `k${n}`, { n });
    expect((await store.searchItems([root, "search"])).items).toHaveLength(10);
    const { items } = await store.searchItems([root, "search"], {
      filter: { n: { $gte: 4, $ne: 5 } },
      limit: 4,
      offset: 4,
      query: "anything",
      refreshTtl: false,
    });
    expect(items).toHaveLength(3);
    for (const item of items) expect(item.createdAt).toMatch(/^2/);
  });

  it("lists namespaces", async () => {
    for (const leaf of ["v1", "v2"]) await store.putItem([root, "list", leaf], "k", {});
    expect(await store.listNamespaces({ prefix: [root, "list"] })).toEqual({
      namespaces: [
        [root, "list", "v1"],
        [root, "list", "v2"],
      ],
    });
    const query = { prefix: [root], suffix: ["list", "*"], maxDepth: 2, limit: 5, offset: 0 };
    expect(await store.listNamespaces(query)).toEqual({ namespaces: [[root, "list"]] });
  });
});
