/** What a handler of an `Auth` has answered: everything is allowed, nothing, or what passes a filter. */
import { isPlainObject } from "../platform/json";
import type { AccessFilter, FilterTerm, FilterValue } from "../calls/access-filter";
import { AuthMistake } from "./refusal";

/**
 * Reads the answer of the handler of an event.
 * @returns false when nothing is allowed; a filter, which is undefined when everything is allowed
 * @throws AuthMistake when the answer is none that the ecosystem knows. It never counts as allowed
 */
export function readAnswer(event: string, answer: unknown): false | AccessFilter | undefined {
  if (answer === false) return false;
  if (answer === undefined || answer === null || answer === true) return undefined;
  if (!isPlainObject(answer)) throw wrong(event, describe(answer));
  const terms = Object.entries(answer).map(([key, value]): [string, FilterTerm] => [
    key,
    readTerm(event, key, value),
  ]);
  return terms.length === 0 ? undefined : Object.fromEntries(terms);
}

function readTerm(event: string, key: string, value: unknown): FilterTerm {
  if (isFilterValue(value)) return { eq: value };
  const name = JSON.stringify(key);
  if (!isPlainObject(value)) throw wrong(event, `a filter with ${describe(value)} for ${name}`);
  const term: FilterTerm = {};
  for (const [operator, operand] of Object.entries(value)) {
    if (operator === "$eq" && isFilterValue(operand)) term.eq = operand;
    else if (operator === "$contains" && isFilterValue(operand)) term.contains = [operand];
    else if (operator === "$contains" && Array.isArray(operand) && operand.every(isFilterValue)) {
      term.contains = operand;
    } else throw wrong(event, `a filter with ${JSON.stringify(operator)}: ${describe(operand)} for ${name}`);
  }
  if (Object.keys(term).length === 0) throw wrong(event, `a filter without an operator for ${name}`);
  return term;
}

const isFilterValue = (value: unknown): value is FilterValue =>
  typeof value === "string" ||
  typeof value === "boolean" ||
  (typeof value === "number" && Number.isFinite(value));

const describe = (value: unknown): string =>
  value === undefined || value === null
    ? String(value)
    : Array.isArray(value)
      ? "a list"
      : `a value of type ${typeof value}`;

const wrong = (event: string, found: string): AuthMistake =>
  new AuthMistake(
    `auth: the handler of "${event}" returned ${found}; expected nothing, true, false, or a filter on metadata: ` +
      'by key a text, number or boolean, {"$eq": value} or {"$contains": value or list}',
  );
