/** The official clients' view of the store's time to live; the rest of the store is in test/d1/store/sdk.test.ts. */
import { Client } from "@langchain/langgraph-sdk";
import { Client as Client2 } from "sdk-2";
import { describe, expect, it } from "vitest";
import { atClock, setClock } from "../support/crons";
import { sdkOptions } from "../support/sdk";

atClock("2040-01-01T00:00:00.000Z");

describe.each([
  ["1.15", new Client(sdkOptions())],
  ["2.0", new Client2(sdkOptions()) as unknown as Client],
] as const)("SDK %s", (version, { store }) => {
  const namespace = ["ttl", version.replace(".", "-")];

  it("an item with a time to live is gone after it", async () => {
    await store.putItem(namespace, "short", { a: 1 }, { ttl: 5 });
    await store.putItem(namespace, "long", { a: 2 }, { ttl: null });
    setClock("2040-01-01T00:04:59.000Z");
    expect((await store.searchItems(namespace, { refreshTtl: false })).items).toHaveLength(2);
    expect(await store.getItem(namespace, "short", { refreshTtl: false })).toMatchObject({ value: { a: 1 } });
    setClock("2040-01-01T00:05:01.000Z");
    expect(await store.getItem(namespace, "short")).toBeNull();
    expect((await store.searchItems(namespace)).items).toMatchObject([{ key: "long" }]);
  });

  it("a read that refreshes prolongs it", async () => {
    await store.putItem(namespace, "read", { a: 1 }, { ttl: 5 });
    setClock("2040-01-01T00:04:00.000Z");
    expect(await store.getItem(namespace, "read", { refreshTtl: true })).not.toBeNull();
    setClock("2040-01-01T00:08:00.000Z");
    expect(await store.getItem(namespace, "read", { refreshTtl: false })).not.toBeNull();
    setClock("2040-01-01T00:09:01.000Z");
    expect(await store.getItem(namespace, "read")).toBeNull();
  });
});
