/** What a handler has changed in the value that it was given. */
import { z } from "zod";
import { check } from "../platform/check";
import { asDomainError } from "../platform/errors";
import type { AuthEvent } from "./events";
import { AuthMistake } from "./refusal";

/**
 * The fields of a value as a handler has left them, checked as those of a request are.
 * @throws AuthMistake when a field is one that no request may have
 */
export function changedFields(
  event: AuthEvent,
  shape: z.ZodRawShape,
  value: object,
  fields: readonly string[],
): Record<string, unknown> {
  const schemas = Object.fromEntries(fields.map((field) => [field, shape[field] ?? z.unknown()]));
  try {
    return check(z.object(schemas), value, "value");
  } catch (error) {
    const fault = asDomainError(error)?.detail;
    if (fault === undefined) throw error;
    throw new AuthMistake(`auth: the handler of "${event}" left a value that cannot be used: ${fault}`);
  }
}
