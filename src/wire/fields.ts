/** Kinds of fields that several resources have in common, and what the OpenAPI document is told of schemas beside `.meta()`. */
import { z } from "zod";
import type { JsonSchema } from "../platform/json";

/**
 * The names that schemas of requests have in the OpenAPI document. A schema with a name is described once, and referred to
 * elsewhere. The names are no `id` of `.meta()`, because graphs may use zod's own registry for theirs.
 */
export const requestNames = z.registry<{ id: string }>();

/** The names that schemas of answers have in the OpenAPI document. */
export const answerNames = z.registry<{ id: string }>();

/** Of texts in a query string: the type that the text stands for, by which the OpenAPI document describes it. */
export const typesInQuery = z.registry<JsonSchema>();

/** A UUID of any version, in lower case as the objects and tables spell it. */
export const uuid = z
  .guid("expected a UUID")
  .transform((id) => id.toLowerCase())
  .register(requestNames, { id: "Uuid" });

/** Optional on the wire; null counts as absent, since the Python SDK and others send it for "not given". */
export const optional = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform((value): z.output<S> | undefined => value ?? undefined);

export const jsonObject = z.record(z.string(), z.unknown(), "expected an object");

/** A UUID, or the id of a graph, which stands for that graph's default assistant. */
export const assistantId = z
  .string("expected an assistant id or a graph id")
  .min(1)
  .max(200)
  .register(requestNames, { id: "AssistantId" });

export const ASSISTANT_ID_MEANING =
  "The id of an assistant, or the id of a graph, which stands for the default assistant of the graph.";

/** A filter of searches and counts. */
export const metadataFilter = optional(jsonObject).meta({
  description: "Only those whose metadata contains all of these pairs.",
});

export const limit = z.number().int().min(1).max(1000);

export const offset = z.number().int().min(0);

const LIMIT_MEANING = { description: "How many to return at most." };
const OFFSET_MEANING = { description: "How many to leave out from the beginning." };
export const SELECT_MEANING = { description: "Only these fields of each." };

/** Paging of a search body. */
export const paging = {
  limit: limit
    .nullish()
    .transform((value) => value ?? 10)
    .meta(LIMIT_MEANING),
  offset: offset
    .nullish()
    .transform((value) => value ?? 0)
    .meta(OFFSET_MEANING),
};

export const queryNumber = (schema: z.ZodNumber) =>
  z.preprocess((value) => (value === "" || Number.isNaN(Number(value)) ? value : Number(value)), schema);

/** Paging in a query string. */
export const queryPaging = {
  limit: queryNumber(limit).default(10).meta(LIMIT_MEANING),
  offset: queryNumber(offset).default(0).meta(OFFSET_MEANING),
};

/** A true or false in a query string, in any of the spellings of the SDKs. */
export const queryBoolean = z
  .enum(["true", "false", "1", "0", "True", "False"])
  .transform((text) => text === "1" || text.toLowerCase() === "true")
  .register(typesInQuery, { type: "boolean" });

/** A list in a query string: given several times, with commas, or (by the JavaScript SDK 2.0) as JSON. */
export const listOf = <S extends z.ZodType>(schema: S) =>
  z.preprocess(
    (value) => [value].flat().flatMap((part) => (typeof part === "string" ? listIn(part) : part)),
    z.array(schema),
  );

function listIn(text: string): unknown[] {
  if (!text.startsWith("[")) return text.split(",");
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    return [text];
  }
}

/** The last of a parameter that is given several times: some clients repeat what the address has already when they reconnect. */
export const lastOf = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (Array.isArray(value) ? (value as unknown[]).at(-1) : value), schema);

/** An id in an answer. */
export const answeredId = z.guid();

/** An instant in an answer: ISO 8601 in UTC. */
export const answeredInstant = z.iso.datetime();
