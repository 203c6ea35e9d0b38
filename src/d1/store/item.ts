/** The three forms of an item: a row in D1, an `Item` of LangGraph's stores, and what the API shows. */
import type { Item, SearchItem } from "@langchain/langgraph-checkpoint";
import { toIso } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import { nestsDeeperThan, parseJson, requireStorable, type JsonObject } from "../../platform/json";
import { decodeNamespace } from "../../wire/store/namespace";
import type { WireItem } from "../../wire/store/item";

/** SQLite refuses JSON that nests more than 1,000 levels. One such value would make every search with a filter fail. */
const MAX_DEPTH = 500;

/** A row of `store_items`; instants are in ms. */
export interface ItemRow {
  namespace: string;
  key: string;
  value: string;
  created_at: number;
  updated_at: number;
  expires_at: number | null;
  ttl_minutes: number | null;
}

/** The item that a graph gets. */
export const toItem = (row: ItemRow): Item => ({
  namespace: decodeNamespace(row.namespace),
  key: row.key,
  value: parseJson<JsonObject>(row.value),
  createdAt: new Date(row.created_at),
  updatedAt: new Date(row.updated_at),
});

/** The item that the API shows. */
export const toWireItem = (item: Item): WireItem => ({
  namespace: item.namespace,
  key: item.key,
  value: item.value,
  created_at: toIso(item.createdAt.getTime()),
  updated_at: toIso(item.updatedAt.getTime()),
});

/** An item of a search, as the API shows it. The score is null, because this store ranks nothing. */
export const toWireSearchItem = (item: SearchItem): WireItem & { score: number | null } => ({
  ...toWireItem(item),
  score: item.score ?? null,
});

/**
 * The JSON to store for a value.
 * @throws request.invalid when the value is no object or nests too deep, request.too_large when a row cannot hold it
 */
export function storedValue(value: unknown): string {
  requireStorable("value", value ?? null);
  const text = (JSON.stringify(value) as string | undefined) ?? "";
  if (!text.startsWith("{")) throw new DomainError("request.invalid", "value: expected an object");
  if (nestsDeeperThan(parseJson(text), MAX_DEPTH)) {
    throw new DomainError("request.invalid", `value: nests deeper than ${MAX_DEPTH} levels`);
  }
  return text;
}
