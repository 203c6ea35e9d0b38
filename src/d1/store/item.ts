/** An item as D1 holds it, as LangGraph's stores hand it out, and as the API shows it. */
import type { Item, SearchItem } from "@langchain/langgraph-checkpoint";
import { toIso } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import { nestsDeeperThan, parseJson, requireStorable, type JsonObject } from "../../platform/json";
import { decodeNamespace } from "../../wire/store/namespace";
import type { WireItem } from "../../wire/store/item";

/** SQLite reads JSON down to a depth of 1,000, and a single deeper value would break every search with a filter. */
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

export const toItem = (row: ItemRow): Item => ({
  namespace: decodeNamespace(row.namespace),
  key: row.key,
  value: parseJson<JsonObject>(row.value),
  createdAt: new Date(row.created_at),
  updatedAt: new Date(row.updated_at),
});

export const toWireItem = (item: Item): WireItem => ({
  namespace: item.namespace,
  key: item.key,
  value: item.value,
  created_at: toIso(item.createdAt.getTime()),
  updated_at: toIso(item.updatedAt.getTime()),
});

/** The wire object of something found; the score is null when nothing was ranked. */
export const toWireSearchItem = (item: SearchItem): WireItem & { score: number | null } => ({
  ...toWireItem(item),
  score: item.score ?? null,
});

/**
 * The JSON to store for a value.
 * @throws request.invalid, request.too_large when it is no object, or none that a row could hold
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
