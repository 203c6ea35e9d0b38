/** Kinds of fields that the requests of several resources have in common. */
import { z } from "zod";

/** A UUID of any version, in lower case as the objects and tables spell it. */
export const uuid = z.guid("expected a UUID").transform((id) => id.toLowerCase());

/** Optional on the wire; null counts as absent, since the Python SDK and others send it for "not given". */
export const optional = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform((value): z.output<S> | undefined => value ?? undefined);

export const jsonObject = z.record(z.string(), z.unknown(), "expected an object");

/** A UUID, or the id of a graph, which stands for that graph's default assistant. */
export const assistantId = z.string("expected an assistant id or a graph id").min(1).max(200);

const queryNumber = (schema: z.ZodNumber) =>
  z.preprocess((value) => (value === "" ? NaN : Number(value)), schema);

export const limit = z.number().int().min(1).max(1000);

export const offset = z.number().int().min(0);

/** A true or false in a query string, as the SDKs spell them. */
export const queryBoolean = z
  .enum(["true", "false", "1", "0", "True", "False"])
  .transform((text) => text === "1" || text.toLowerCase() === "true");

export const queryLimit = queryNumber(limit);

export const queryOffset = queryNumber(offset);

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

/** The last, of a parameter given several times: some clients repeat what the address has already when they reconnect. */
export const lastOf = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (Array.isArray(value) ? (value as unknown[]).at(-1) : value), schema);

/** Paging of a search body. */
export const paging = {
  limit: limit.nullish().transform((value) => value ?? 10),
  offset: offset.nullish().transform((value) => value ?? 0),
};
