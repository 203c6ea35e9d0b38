/** Reads what a request carries: each part is parsed by a zod schema, and a bad one is refused by name. */
import type { Context } from "hono";
import { z } from "zod";
import { check } from "../platform/check";
import { DomainError } from "../platform/errors";
import { nestsDeeperThan } from "../platform/json";
import { uuid } from "../wire/fields";

/** SQLite refuses JSON that nests deeper than 1,000; no real input comes near this. */
const MAX_DEPTH = 100;

/**
 * The JSON body, parsed by `schema`; an empty body counts as `{}`.
 * @throws request.invalid naming the field and what was expected.
 */
export async function readBody<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const text = await c.req.text();
  let body: unknown;
  try {
    body = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw new DomainError("request.invalid", "body: expected JSON");
  }
  if (nestsDeeperThan(body, MAX_DEPTH)) {
    throw new DomainError("request.invalid", `body: nests deeper than ${MAX_DEPTH} levels`);
  }
  return check(schema, body, "body");
}

/**
 * The query string, parsed by `schema`; a key given several times is an array.
 * @throws request.invalid naming the parameter and what was expected.
 */
export function readQuery<S extends z.ZodType>(c: Context, schema: S): z.output<S> {
  const query = Object.entries(c.req.queries()).map(([key, values]) => [
    key,
    values.length > 1 ? values : values[0],
  ]);
  return check(schema, Object.fromEntries(query), "query");
}

/**
 * The UUID in the path parameter `name`, in lower case.
 * @throws request.invalid when it is none.
 */
export const readId = (c: Context, name: string): string => check(uuid, c.req.param(name), name);
