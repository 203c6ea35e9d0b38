/** Checks values that come from outside against zod schemas, and says in words what is wrong with them. */
import type { z } from "zod";
import { DomainError } from "./errors";

/** A message lists at most so many faults. */
const MAX_DETAILS = 5;
/** A field's name is cut off after so many characters, since a client chooses it. */
const MAX_NAME = 200;

/**
 * `value` parsed by `schema`.
 * @param where names the value in the message when the fault is not in one of its fields. A list is the path to the value, and
 *   comes before the names of its fields too
 * @throws request.invalid with each field that is wrong and what was expected there
 */
export function check<S extends z.ZodType>(
  schema: S,
  value: unknown,
  where: string | readonly string[],
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.slice(0, MAX_DETAILS).map((issue) => describe(issue, where));
  throw new DomainError("request.invalid", details.join("; "));
}

function describe(issue: z.core.$ZodIssue, where: string | readonly string[]): string {
  const path = typeof where === "string" ? issue.path : [...where, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.slice(0, MAX_DETAILS);
    return keys.map((key) => `${fieldName([...path, key])}: unknown field`).join("; ");
  }
  const field = path.length > 0 ? fieldName(path) : String(where);
  return `${field}: ${issue.message.replace(/^Invalid input: /, "")}`;
}

/** The path to a field, such as `config.tags.0`. A client may have chosen an empty key, or an endless one. */
function fieldName(path: PropertyKey[]): string {
  const names = path.map((key) => (key === "" ? '""' : String(key)));
  const name = names.join(".");
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}
