/** `/store`: items that all threads share. */
import { Hono } from "hono";
import type { Env } from "../platform/config";
import { readBody, readQuery } from "./request";
import { D1Store } from "../d1/store/d1-store";
import { toWireItem, toWireSearchItem } from "../d1/store/item";
import { itemDelete, itemGet, itemPut, itemSearch, namespaceList } from "../wire/store/item";

export const storeRoutes = new Hono<{ Bindings: Env }>()
  .put("/store/items", async (c) => {
    const { namespace, key, value, ttl } = await readBody(c, itemPut);
    await new D1Store(c.env.DB).put(namespace, key, value, undefined, { ttl });
    return c.body(null, 204);
  })
  .delete("/store/items", async (c) => {
    const { namespace, key } = await readBody(c, itemDelete);
    await new D1Store(c.env.DB).delete(namespace, key);
    return c.body(null, 204);
  })
  .get("/store/items", async (c) => {
    const { namespace, key, refresh_ttl: refreshTtl } = readQuery(c, itemGet);
    const item = await new D1Store(c.env.DB).get(namespace, key, { refreshTtl });
    // null and no 404: the SDKs take it for "no such item".
    return c.json(item === null ? null : toWireItem(item));
  })
  .post("/store/items/search", async (c) => {
    const search = await readBody(c, itemSearch);
    const { filter, limit, offset, query, refresh_ttl: refreshTtl } = search;
    const options = { filter, limit, offset, query, refreshTtl };
    const items = await new D1Store(c.env.DB).search(search.namespace_prefix ?? [], options);
    return c.json({ items: items.map(toWireSearchItem) });
  })
  .post("/store/namespaces", async (c) => {
    const { max_depth: maxDepth, ...list } = await readBody(c, namespaceList);
    return c.json({ namespaces: await new D1Store(c.env.DB).listNamespaces({ ...list, maxDepth }) });
  });
