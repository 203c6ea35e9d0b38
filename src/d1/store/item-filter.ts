/** The filter of a search as SQL: exact values and operators on the fields of an item's value, as LangGraph has them. */
import { DomainError } from "../../platform/errors";
import type { JsonObject } from "../../platform/json";
import { allOf, type Condition } from "../json-filter";

/** Each comparison takes up to three parameters, of the 100 that a statement of D1 may have. */
const MAX_COMPARISONS = 30;

const MAX_NAME = 100;

const NUMERIC = { $gt: ">", $gte: ">=", $lt: "<", $lte: "<=" } as const;
const OPERATORS = ["$eq", "$ne", "$in", "$nin", ...Object.keys(NUMERIC)];

/**
 * The condition that an item's value passes `filter`: every field is the value given, or passes every operator given.
 * Values are the same when their JSON is; `$gt` and the like compare numbers, and what JavaScript takes for one.
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

/** An object with a `$key` holds operators, and one without any key holds none of them; others are values. */
function isOperators(wanted: unknown): wanted is JsonObject {
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) return false;
  const keys = Object.keys(wanted);
  return keys.length === 0 || keys.some((key) => key.startsWith("$"));
}

function compare(field: string, operator: string, value: unknown): Condition {
  // A path in SQLite quotes a key as JSON does; it is bound, and never part of the statement.
  const path = `$.${JSON.stringify(field)}`;
  switch (operator) {
    case "$eq":
      return { sql: "(value -> ?) IS ?", params: [path, jsonOf(value)] };
    case "$ne":
      return { sql: "(value -> ?) IS NOT ?", params: [path, jsonOf(value)] };
    case "$in":
      return {
        sql: "coalesce((value -> ?) IN (SELECT value FROM json_each(?)), 0)",
        params: [path, list(value)],
      };
    case "$nin":
      return {
        sql: "coalesce((value -> ?) NOT IN (SELECT value FROM json_each(?)), 1)",
        params: [path, list(value)],
      };
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
      return compareNumbers(path, NUMERIC[operator], Number(value));
    default:
      throw new DomainError(
        "request.invalid",
        `filter.${short(field)}: no operator ${short(operator)}; there are: ${OPERATORS.join(", ")}`,
      );
  }
}

/** JSON as it stands in the column, both being written by `JSON.stringify`; null, SQL's own, for no value. */
const jsonOf = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

/** The JSON of each element, in a list; nothing is in what is no list. */
const list = (value: unknown): string => JSON.stringify(Array.isArray(value) ? value.map(jsonOf) : []);

/** JavaScript's `Number(field)`, but for lists and objects, which are none. SQLite's `CASE` stops at the first that fits. */
const NUMBER = `(SELECT CASE type
  WHEN 'integer' THEN atom WHEN 'real' THEN atom
  WHEN 'true' THEN 1 WHEN 'false' THEN 0 WHEN 'null' THEN 0
  WHEN 'text' THEN CASE
    WHEN trim(atom) = '' THEN 0
    WHEN NOT json_valid(atom, 2) THEN NULL
    WHEN json_type(atom) IN ('integer', 'real') THEN json_extract(atom, '$') END
  END FROM (SELECT json_type(value, ?) AS type, value ->> ? AS atom))`;

function compareNumbers(path: string, operator: string, than: number): Condition {
  if (Number.isNaN(than)) return { sql: "0", params: [] };
  if (!Number.isFinite(than)) {
    return { sql: `${NUMBER} ${operator} ${than > 0 ? "9e999" : "-9e999"}`, params: [path, path] };
  }
  // Read by SQLite from text, like the column: it knows integers that a double is not precise enough for.
  return { sql: `${NUMBER} ${operator} json_extract(?, '$')`, params: [path, path, JSON.stringify(than)] };
}

const short = (name: string): string =>
  JSON.stringify(name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name);
