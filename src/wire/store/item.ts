/** What clients may send about store items. */
import { z } from "zod";
import type { JsonObject } from "../../platform/json";
import { optional, paging, queryBoolean } from "../fields";
import { keyFault, namespaceFault, type NamespaceUse } from "./namespace";

/** Adds what is wrong with a value as an issue, if something is. */
const refuse =
  <T>(faultOf: (value: T) => string | undefined) =>
  (value: T, context: z.RefinementCtx<T>): void => {
    const message = faultOf(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  };

const namespace = (use: NamespaceUse) =>
  z
    .array(z.string("expected a string"), "expected a list of labels")
    .superRefine(refuse((labels) => namespaceFault(labels, use)));

const key = z.string("expected a string").superRefine(refuse(keyFault));

/** Taken as it is: zod would copy it, and leave out a key called `__proto__`. */
const object = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "expected an object",
);

/** A time to live; the bound, about 1,900 years, keeps instants within what dates can be. */
export const ttlMinutes = z.number("expected minutes").positive().max(1_000_000_000);

export const itemPut = z.strictObject({
  namespace: namespace("write"),
  key,
  value: object,
  /** Accepted without effect: there are no embeddings to index by. */
  index: z.union([z.literal(false), z.array(z.string())], "expected false or a list of paths").nullish(),
  /** Minutes; null is for good, and absent the default of langgraph.json. */
  ttl: ttlMinutes.nullish(),
});

export const itemDelete = z.strictObject({ namespace: namespace("address"), key });

/** The SDKs send the labels joined by periods, the API's specification has one parameter for each. */
export const itemGet = z.strictObject({
  namespace: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((given) => [given].flat().flatMap((labels) => (labels === "" ? [] : labels.split("."))))
    .pipe(namespace("address")),
  key,
  refresh_ttl: queryBoolean.optional(),
});

export const itemSearch = z.strictObject({
  ...paging,
  namespace_prefix: optional(namespace("search")),
  filter: optional(object),
  query: optional(z.string()),
  refresh_ttl: optional(z.boolean()),
});

export const namespaceList = z.strictObject({
  prefix: optional(namespace("search")),
  suffix: optional(namespace("search")),
  max_depth: optional(z.number().int().min(1)),
  limit: optional(z.number().int().min(1).max(1000)),
  offset: paging.offset,
});

/** The wire object. */
export interface WireItem {
  namespace: string[];
  key: string;
  value: JsonObject;
  created_at: string;
  updated_at: string;
}
