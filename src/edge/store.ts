/** `/store`: items that all threads share. */
import { z } from "zod";
import { D1Store } from "../d1/store/d1-store";
import { toWireItem, toWireSearchItem } from "../d1/store/item";
import { foundItem, item, itemDelete, itemGet, itemPut, itemSearch, namespaceList } from "../wire/store/item";
import { DescribedRoutes } from "./described-routes";
import { empty, json } from "./openapi/operation";

export const storeRoutes = new DescribedRoutes("Store")
  .add(
    "PUT /store/items",
    {
      id: "put_item",
      summary: "Store an item, in place of one that is there",
      body: itemPut,
      answers: empty("Stored."),
    },
    async (c, { body: { namespace, key, value, ttl } }) => {
      await new D1Store(c.env.DB).put(namespace, key, value, undefined, { ttl });
      return c.body(null, 204);
    },
  )
  .add(
    "GET /store/items",
    {
      id: "get_item",
      summary: "Read an item",
      query: itemGet,
      answers: json("The item, or null.", item.nullable()),
    },
    async (c, { query: { namespace, key, refresh_ttl: refreshTtl } }) => {
      const found = await new D1Store(c.env.DB).get(namespace, key, { refreshTtl });
      // null and no 404: the SDKs take it for "no such item".
      return c.json(found === null ? null : toWireItem(found));
    },
  )
  .add(
    "DELETE /store/items",
    {
      id: "delete_item",
      summary: "Delete an item",
      body: itemDelete,
      answers: empty("There is no such item any more."),
    },
    async (c, { body: { namespace, key } }) => {
      await new D1Store(c.env.DB).delete(namespace, key);
      return c.body(null, 204);
    },
  )
  .add(
    "POST /store/items/search",
    {
      id: "search_items",
      summary: "Search items",
      body: itemSearch,
      answers: json("The items.", z.strictObject({ items: z.array(foundItem) })),
    },
    async (c, { body }) => {
      const { filter, limit, offset, query, refresh_ttl: refreshTtl } = body;
      const options = { filter, limit, offset, query, refreshTtl };
      const items = await new D1Store(c.env.DB).search(body.namespace_prefix ?? [], options);
      return c.json({ items: items.map(toWireSearchItem) });
    },
  )
  .add(
    "POST /store/namespaces",
    {
      id: "list_namespaces",
      summary: "List the namespaces that have items",
      body: namespaceList,
      answers: json("The namespaces.", z.strictObject({ namespaces: z.array(z.array(z.string())) })),
    },
    async (c, { body: { max_depth: maxDepth, ...list } }) =>
      c.json({ namespaces: await new D1Store(c.env.DB).listNamespaces({ ...list, maxDepth }) }),
  );
