/** SQL conditions for "this JSON column contains that", in the sense of PostgreSQL's `@>`. */
import { DomainError } from "../platform/errors";
import { nestsDeeperThan, type JsonObject } from "../platform/json";

/** A condition and the values of its `?`s, in order. */
export interface Condition {
  sql: string;
  params: (string | number | null)[];
}

/** D1 takes 100 parameters a statement, of which a page's LIMIT and OFFSET are two, and what it extracts is one. */
const MAX_STATEMENT_PARAMS = 97;

/** Of one filter; this leaves room for the other conditions of a search. */
const MAX_PARAMS = 60;

/** Texts of a filter that are looked for in the column as it is written, before its JSON is read. */
const MAX_PREFILTERS = 3;

/** D1 refuses expressions that nest deeper than 100; with as many values as a filter may hold, each level takes up to 22. */
const MAX_LEVELS = 4;

/**
 * The condition that the JSON object in `column` contains every pair of `filter`; nested objects and arrays are
 * contained, not compared. Keys are bound values and never become SQL.
 * @throws request.invalid when the filter needs more parameters than a statement may have.
 */
export function jsonContains(column: string, filter: JsonObject): Condition {
  const params: Condition["params"] = [];
  const field = column.replaceAll('"', "");
  let aliases = 0;
  if (nestsDeeperThan(filter, MAX_LEVELS - 1)) {
    throw new DomainError("request.invalid", `${field}: a filter may nest at most ${MAX_LEVELS} levels deep`);
  }

  const matches = (alias: string, value: unknown): string => {
    if (value === null) return `${alias}.type = 'null'`;
    if (typeof value === "boolean") return `${alias}.type = '${value}'`;
    if (typeof value === "number") {
      // Read by SQLite from the same text as the column: it knows integers that a double is not precise enough for.
      params.push(JSON.stringify(value));
      return `${alias}.type IN ('integer', 'real') AND ${alias}.value = json_extract(?, '$')`;
    }
    if (typeof value === "string") {
      params.push(value);
      return `${alias}.type = 'text' AND ${alias}.value = ?`;
    }
    if (Array.isArray(value)) {
      const elements = value.map((element) =>
        someElement(`${alias}.value`, (inner) => matches(inner, element)),
      );
      return and([`${alias}.type = 'array'`, ...elements]);
    }
    return and([`${alias}.type = 'object'`, ...containsPairs(`${alias}.value`, value as JsonObject)]);
  };
  const someElement = (json: string, condition: (alias: string) => string): string => {
    const alias = `j${aliases++}`;
    return `EXISTS (SELECT 1 FROM json_each(${json}) AS ${alias} WHERE ${condition(alias)})`;
  };
  const containsPairs = (json: string, object: JsonObject): string[] =>
    Object.entries(object).map(([key, value]) =>
      someElement(json, (alias) => {
        params.push(key);
        return `${alias}.key = ? AND ${matches(alias, value)}`;
      }),
    );

  // Most rows lack the text altogether, and finding that out is far cheaper than reading their JSON.
  const texts = Object.values(filter)
    .filter((value) => typeof value === "string")
    .slice(0, MAX_PREFILTERS);
  const prefilters = texts.map((text) => {
    params.push(JSON.stringify(text));
    return `instr(${column}, ?) > 0`;
  });
  const sql = and([...prefilters, ...containsPairs(column, filter)]);
  if (params.length - prefilters.length > MAX_PARAMS || aliases > MAX_PARAMS) {
    throw new DomainError("request.invalid", `${field}: a filter may hold at most ${MAX_PARAMS / 2} values`);
  }
  return { sql, params };
}

/**
 * Joins conditions with AND; no condition is always true.
 * @throws request.invalid when they need more parameters than a statement may have.
 */
export function allOf(conditions: Condition[]): Condition {
  const params = conditions.flatMap((condition) => condition.params);
  if (params.length > MAX_STATEMENT_PARAMS) {
    throw new DomainError("request.invalid", "body: the filters together hold too many values");
  }
  return { sql: and(conditions.map((condition) => `(${condition.sql})`)), params };
}

/** In pairs of pairs: joined in a row, each condition would lie one level deeper than the one before it. */
function and(conditions: string[]): string {
  if (conditions.length <= 2) return conditions.join(" AND ") || "1";
  const half = Math.ceil(conditions.length / 2);
  return `(${and(conditions.slice(0, half))}) AND (${and(conditions.slice(half))})`;
}
