/** Reads what a request carries: each part is parsed by a zod schema, and a bad one is refused by name. */
import type { Context } from "hono";
import { z } from "zod";
import { DomainError } from "../platform/errors";
import { nestsDeeperThan } from "../platform/json";

/** SQLite refuses JSON that nests deeper than 1,000; no real input comes near this. */
const MAX_DEPTH = 100;

/** Of what is wrong with a request, this much is told. */
const MAX_DETAILS = 5;
const MAX_NAME = 200;

/** A UUID of any version, in lower case as the objects and tables spell it. */
export const uuid = z.guid("expected a UUID").transform((id) => id.toLowerCase());

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

/**
 * `value` parsed by `schema`.
 * @throws request.invalid listing each field that is wrong, under `where` when the whole is.
 */
export function check<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.slice(0, MAX_DETAILS).map((issue) => describe(issue, where));
  throw new DomainError("request.invalid", details.join("; "));
}

function describe(issue: z.core.$ZodIssue, where: string): string {
  const field = issue.path.length > 0 ? nameOf(issue.path) : where;
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.slice(0, MAX_DETAILS);
    return keys.map((key) => `${nameOf([...issue.path, key])}: unknown field`).join("; ");
  }
  return `${field}: ${issue.message.replace(/^Invalid input: /, "")}`;
}

/** Where in the request; keys are the client's, who may have chosen none or an endless one. */
function nameOf(path: PropertyKey[]): string {
  const names = path.map((key) => (key === "" ? '""' : String(key)));
  const name = names.join(".");
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}
