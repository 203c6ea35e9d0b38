/** The operations of `/store`. */
import { z } from "zod";
import * as schemas from "../../../wire/store/item";
import { empty, json, operationsOf } from "../operation";
import { foundItem, item } from "../../../wire/store/item";

export const storeOperations = operationsOf("Store", [
  {
    method: "put",
    path: "/store/items",
    id: "put_item",
    summary: "Store an item, in place of one that is there",
    body: schemas.itemPut,
    answers: empty("Stored."),
  },
  {
    method: "get",
    path: "/store/items",
    id: "get_item",
    summary: "Read an item",
    query: schemas.itemGet,
    answers: json("The item, or null.", item.nullable()),
  },
  {
    method: "delete",
    path: "/store/items",
    id: "delete_item",
    summary: "Delete an item",
    body: schemas.itemDelete,
    answers: empty("There is no such item any more."),
  },
  {
    method: "post",
    path: "/store/items/search",
    id: "search_items",
    summary: "Search items",
    body: schemas.itemSearch,
    answers: json("The items.", z.strictObject({ items: z.array(foundItem) })),
  },
  {
    method: "post",
    path: "/store/namespaces",
    id: "list_namespaces",
    summary: "List namespaces that have items",
    body: schemas.namespaceList,
    answers: json("The namespaces.", z.strictObject({ namespaces: z.array(z.array(z.string())) })),
  },
]);
