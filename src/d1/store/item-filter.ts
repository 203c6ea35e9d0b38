/** The filter of a search as SQL. A filter compares fields of an item's value with values or by operators, as LangGraph defines it. */
import { DomainError } from "../../platform/errors";
import type { JsonObject } from "../../platform/json";
import { allOf, type Condition } from "../json-filter";

/** Each comparison takes up to three parameters, of the 100 that a statement of D1 may have. */
const MAX_COMPARISONS = 30;

/** After how many characters a message cuts off a name that the client sent. */
const MAX_NAME = 100;

const NUMERIC = { $gt: ">", $gte: ">=", $lt: "<", $lte: "<=" } as const;
const OPERATORS = ["$eq", "$ne", "$in", "$nin", ...Object.keys(NUMERIC)];

/**
 * The condition that an item's value passes `filter`: each field equals the given value, or passes all given operators. Two values
 * are equal when their JSON is equal. `$gt`, `$gte`, `$lt` and `$lte` compare numbers; both sides are converted as by JavaScript's
 * `Number()`.
 * @throws request.invalid when there is no such operator, or there are too many comparisons
 */
export function passes(filter: JsonObject): Condition {
  const comparisons = Object.entries(filter).flatMap(([field, wanted]) =>
    isOperators(wanted)
      ? Object.entries(wanted).map(([operator, value]) => compare(field, operator, value))
      : [compare(field, "$eq", wanted)],
  );
  if (comparisons.length > MAX_COMPARISONS) {
    throw new DomainError("request.invalid", `filter: at most ${MAX_COMPARISONS} comparisons are allowed`);
  }
  return allOf(comparisons);
}

/** Whether the wanted value is an object of operators: one with a key that begins with `$`, or one without keys. Others are values. */
function isOperators(wanted: unknown): wanted is JsonObject {
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) return false;
  const keys = Object.keys(wanted);
  return keys.length === 0 || keys.some((key) => key.startsWith("$"));
}

function compare(field: string, operator: string, value: unknown): Condition {
  // A path in SQLite quotes a key as JSON does. The path is bound and never becomes SQL.
  const path = `$.${JSON.stringify(field)}`;
  switch (operator) {
    case "$eq":
      return { sql: "(value -> ?) IS ?", params: [path, jsonOf(value)] };
    case "$ne":
      return { sql: "(value -> ?) IS NOT ?", params: [path, jsonOf(value)] };
    case "$in":
      return {
        sql: "coalesce((value -> ?) IN (SELECT value FROM json_each(?)), 0)",
        params: [path, jsonOfElements(value)],
      };
    case "$nin":
      return {
        sql: "coalesce((value -> ?) NOT IN (SELECT value FROM json_each(?)), 1)",
        params: [path, jsonOfElements(value)],
      };
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
      return compareNumbers(path, NUMERIC[operator], Number(value));
    default:
      throw new DomainError(
        "request.invalid",
        `filter.${quoted(field)}: no operator ${quoted(operator)}; there are: ${OPERATORS.join(", ")}`,
      );
  }
}

/** The JSON of a value as the column has it, since `JSON.stringify` writes both; SQL's NULL for undefined. */
const jsonOf = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

/** A JSON array of the JSON of each element. What is not an array counts as an empty one, so nothing is in it. */
const jsonOfElements = (value: unknown): string =>
  JSON.stringify(Array.isArray(value) ? value.map(jsonOf) : []);

/** SQL for JavaScript's `Number(field)`. Unlike in JavaScript, an array or an object gives NULL, so no comparison with it is true. */
const NUMBER = `(SELECT CASE type
  WHEN 'integer' THEN atom WHEN 'real' THEN atom
  WHEN 'true' THEN 1 WHEN 'false' THEN 0 WHEN 'null' THEN 0
  WHEN 'text' THEN CASE
    WHEN trim(atom) = '' THEN 0
    WHEN NOT json_valid(atom, 2) THEN NULL
    WHEN json_type(atom) IN ('integer', 'real') THEN json_extract(atom, '$') END
  END FROM (SELECT json_type(value, ?) AS type, value ->> ? AS atom))`;

function compareNumbers(path: string, operator: string, operand: number): Condition {
  if (Number.isNaN(operand)) return { sql: "0", params: [] };
  if (!Number.isFinite(operand)) {
    return { sql: `${NUMBER} ${operator} ${operand > 0 ? "9e999" : "-9e999"}`, params: [path, path] };
  }
  // SQLite parses the number from its text, as it does in the column, because a double cannot hold every integer exactly.
  return { sql: `${NUMBER} ${operator} json_extract(?, '$')`, params: [path, path, JSON.stringify(operand)] };
}

/** A name for a message: quoted, and cut off when it is long. */
const quoted = (name: string): string =>
  JSON.stringify(name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name);
