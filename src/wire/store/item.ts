/** Requests and answers about items of the store. */
import { z } from "zod";
import type { JsonObject } from "../../platform/json";
import {
  answeredInstant,
  answerNames,
  jsonObject,
  limit,
  optional,
  paging,
  queryBoolean,
  requestNames,
} from "../fields";
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

const NAMESPACE_MEANING = "Its labels: at least one. A label is not empty and has no period in it.";

const key = z.string("expected a string").superRefine(refuse(keyFault));

/** Taken as it is: zod would copy it, and leave out a key called `__proto__`. */
const object = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "expected an object",
);

/** A time to live in minutes. The bound, about 1,900 years, keeps instants within what dates can be. */
export const ttlMinutes = z.number("expected minutes").positive().max(1_000_000_000);

const refreshTtl = { description: "Whether reading an item gives it its full time to live again." };

export const itemPut = z
  .strictObject({
    namespace: namespace("write").meta({ description: NAMESPACE_MEANING }),
    key,
    value: object,
    index: z
      .union([z.literal(false), z.array(z.string())], "expected false or a list of paths")
      .nullish()
      .meta({ description: "Accepted without effect: items are not embedded." }),
    ttl: ttlMinutes.nullish().meta({
      description:
        "Minutes that the item lives. Null: for good. When it is absent, the default of langgraph.json counts.",
    }),
  })
  .register(requestNames, { id: "ItemPut" });

export const itemDelete = z
  .strictObject({ namespace: namespace("address").meta({ description: NAMESPACE_MEANING }), key })
  .register(requestNames, { id: "ItemDelete" });

/** The SDKs send the labels joined by periods; the API's specification has one parameter for each. */
export const itemGet = z.strictObject({
  namespace: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((given) => [given].flat().flatMap((labels) => (labels === "" ? [] : labels.split("."))))
    .pipe(namespace("address"))
    .meta({ description: "Its labels, as several parameters or joined by periods." }),
  key,
  refresh_ttl: queryBoolean.optional().meta(refreshTtl),
});

export const itemSearch = z
  .strictObject({
    ...paging,
    namespace_prefix: optional(namespace("search")),
    filter: optional(object).meta({
      description:
        "Only items whose values match. Operators: `$eq`, `$ne`, `$in`, `$nin`, `$gt`, `$gte`, `$lt`, `$lte`.",
    }),
    query: optional(z.string()).meta({
      description: "Accepted without effect: there are no embeddings to search by.",
    }),
    refresh_ttl: optional(z.boolean()).meta(refreshTtl),
  })
  .register(requestNames, { id: "ItemSearch" });

export const namespaceList = z
  .strictObject({
    prefix: optional(namespace("search")),
    suffix: optional(namespace("search")),
    max_depth: optional(z.number().int().min(1)).meta({
      description: "Namespaces are cut off after this many labels.",
    }),
    limit: optional(limit).meta({ description: "How many to return at most." }),
    offset: paging.offset,
  })
  .register(requestNames, { id: "NamespaceList" });

export const item = z
  .strictObject({
    namespace: z.array(z.string()),
    key: z.string(),
    value: jsonObject,
    created_at: answeredInstant,
    updated_at: answeredInstant,
  })
  .register(answerNames, { id: "Item" });
export type WireItem = z.output<typeof item>;

export const foundItem = z
  .strictObject({
    ...item.shape,
    score: z.number().nullable().meta({ description: "Null: items are not ranked." }),
  })
  .register(answerNames, { id: "FoundItem" });
