/** `/store`: items that all threads share. */
import { z } from "zod";
import { changedFields } from "../auth/changed-value";
import type { AuthEvent, AuthValue } from "../auth/events";
import type { AccessFilter } from "../calls/access-filter";
import { D1Store } from "../d1/store/d1-store";
import { toWireItem, toWireSearchItem } from "../d1/store/item";
import { isVisible, mayBeVisible } from "../d1/store/visible-items";
import { DomainError } from "../platform/errors";
import { foundItem, item, itemDelete, itemGet, itemPut, itemSearch, namespaceList } from "../wire/store/item";
import { DescribedRoutes } from "./described-routes";
import { empty, json } from "./openapi/operation";
import type { Permissions } from "./permissions";

export const storeRoutes = new DescribedRoutes("Store")
  .add(
    "PUT /store/items",
    {
      id: "put_item",
      allow: ["store:put"],
      summary: "Store an item, in place of one that is there",
      body: itemPut,
      answers: empty("Stored."),
    },
    async (c, { body: { namespace, key, value, ttl }, access }) => {
      const sent = { namespace, key, value };
      const { filter, value: item } = await askAbout(access, "store:put", itemPut.shape, sent);
      if (!isVisible(filter, item)) throw notAllowed("store:put");
      const store = new D1Store(c.env.DB);
      if (filter !== undefined) {
        const existing = await store.get(item.namespace, item.key, { refreshTtl: false });
        if (existing !== null && !isVisible(filter, existing)) {
          throw new DomainError("request.conflict", "key: there is an item with this key");
        }
      }
      await store.put(item.namespace, item.key, item.value, undefined, { ttl });
      return c.body(null, 204);
    },
  )
  .add(
    "GET /store/items",
    {
      id: "get_item",
      allow: ["store:get"],
      summary: "Read an item",
      query: itemGet,
      answers: json("The item, or null.", item.nullable()),
    },
    async (c, { query: { refresh_ttl: refreshTtl, ...sent }, access }) => {
      const { filter: visible, value } = await askAbout(access, "store:get", itemDelete.shape, sent);
      const found = await new D1Store(c.env.DB).get(value.namespace, value.key, { refreshTtl, visible });
      // null and no 404: the SDKs take it for "no such item".
      return c.json(found === null ? null : toWireItem(found));
    },
  )
  .add(
    "DELETE /store/items",
    {
      id: "delete_item",
      allow: ["store:delete"],
      summary: "Delete an item",
      body: itemDelete,
      answers: empty("There is no such item any more."),
    },
    async (c, { body: sent, access }) => {
      const { filter, value } = await askAbout(access, "store:delete", itemDelete.shape, sent);
      const { namespace, key } = value;
      if (!mayBeVisible(filter, namespace, key)) throw notAllowed("store:delete");
      const store = new D1Store(c.env.DB);
      // An item that the caller may not see stays, and the answer is that of an item that is not there.
      const isThere =
        filter === undefined ||
        (await store.get(namespace, key, { refreshTtl: false, visible: filter })) !== null;
      if (isThere) await store.delete(namespace, key);
      return c.body(null, 204);
    },
  )
  .add(
    "POST /store/items/search",
    {
      id: "search_items",
      allow: ["store:search"],
      summary: "Search items",
      body: itemSearch,
      answers: json("The items.", z.strictObject({ items: z.array(foundItem) })),
    },
    async (c, { body, access }) => {
      const { namespace_prefix: namespace = [], refresh_ttl: refreshTtl, ...sent } = body;
      const shape = { ...itemSearch.shape, namespace: itemSearch.shape.namespace_prefix };
      const given: typeof sent & { namespace?: string[] } = { ...sent, namespace };
      const asked = await askAbout(access, "store:search", shape, given);
      const { namespace: prefix = [], ...search } = asked.value;
      const options = { ...search, refreshTtl, visible: asked.filter };
      const items = await new D1Store(c.env.DB).search(prefix, options);
      return c.json({ items: items.map(toWireSearchItem) });
    },
  )
  .add(
    "POST /store/namespaces",
    {
      id: "list_namespaces",
      allow: ["store:list_namespaces"],
      summary: "List the namespaces that have items",
      body: namespaceList,
      answers: json("The namespaces.", z.strictObject({ namespaces: z.array(z.array(z.string())) })),
    },
    async (c, { body: { prefix, ...sent }, access }) => {
      const shape = { ...namespaceList.shape, namespace: namespaceList.shape.prefix };
      const asked = await askAbout(access, "store:list_namespaces", shape, { ...sent, namespace: prefix });
      const { namespace, max_depth: maxDepth, ...list } = asked.value;
      const options = { ...list, prefix: namespace, maxDepth, visible: asked.filter };
      return c.json({ namespaces: await new D1Store(c.env.DB).listNamespaces(options) });
    },
  );

type StoreEvent = Extract<AuthEvent, `store:${string}`>;

/**
 * Asks whether the caller may do something with the store.
 * @param shape by the fields of the value, what they have to be. A handler may change each of them
 * @returns the value as the handler has left it, and the filter that items have to pass
 */
async function askAbout<Event extends StoreEvent, Value extends object>(
  access: Permissions<Event>,
  event: Event,
  shape: z.ZodRawShape,
  given: Value,
): Promise<{ filter: AccessFilter | undefined; value: Value }> {
  const { filter, value } = await access.ask(event, { ...given } as unknown as AuthValue<Event>);
  if (!access.areAsked) return { filter, value: given };
  return { filter, value: { ...given, ...changedFields(event, shape, value, Object.keys(given)) } };
}

const notAllowed = (event: StoreEvent): DomainError =>
  new DomainError("request.forbidden", `not allowed: ${event} outside of what you may see`);
