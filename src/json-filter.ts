/** SQL conditions for "this JSON column contains that", in the sense of PostgreSQL's `@>`. */
import { DomainError } from "./errors";
import { nestsDeeperThan, type JsonObject } from "./json";

/** A condition and the values of its `?`s, in order. */
export interface Condition {
  sql: string;
  params: (string | number | null)[];
}

/** D1 takes 100 parameters a statement; this leaves room for the other conditions of a search. */
const MAX_PARAMS = 60;

/** D1 refuses expressions that nest deeper than 100; each level of a filter takes several. */
const MAX_DEPTH = 8;

/**
 * The condition that the JSON object in `column` contains every pair of `filter`; nested objects and arrays are
 * contained, not compared. Keys are bound values and never become SQL.
 * @throws request.invalid when the filter needs more parameters than a statement may have.
 */
export function jsonContains(column: string, filter: JsonObject): Condition {
  const params: Condition["params"] = [];
  let aliases = 0;
  if (nestsDeeperThan(filter, MAX_DEPTH)) {
    throw new DomainError("request.invalid", `${column}: a filter may nest at most ${MAX_DEPTH} levels deep`);
  }

  const matches = (alias: string, value: unknown): string => {
    if (value === null) return `${alias}.type = 'null'`;
    if (typeof value === "boolean") return `${alias}.type = '${value}'`;
    if (typeof value === "number") {
      params.push(value);
      return `${alias}.type IN ('integer', 'real') AND ${alias}.value = ?`;
    }
    if (typeof value === "string") {
      params.push(value);
      return `${alias}.type = 'text' AND ${alias}.value = ?`;
    }
    if (Array.isArray(value)) {
      const elements = value.map((element) => some(`${alias}.value`, (inner) => matches(inner, element)));
      return [`${alias}.type = 'array'`, ...elements].join(" AND ");
    }
    return [`${alias}.type = 'object'`, ...pairs(`${alias}.value`, value as JsonObject)].join(" AND ");
  };
  const some = (json: string, condition: (alias: string) => string): string => {
    const alias = `j${aliases++}`;
    return `EXISTS (SELECT 1 FROM json_each(${json}) AS ${alias} WHERE ${condition(alias)})`;
  };
  const pairs = (json: string, object: JsonObject): string[] =>
    Object.entries(object).map(([key, value]) =>
      some(json, (alias) => {
        params.push(key);
        return `${alias}.key = ? AND ${matches(alias, value)}`;
      }),
    );

  const sql = pairs(column, filter).join(" AND ") || "1";
  if (params.length > MAX_PARAMS || aliases > MAX_PARAMS) {
    throw new DomainError("request.invalid", `${column}: a filter may hold at most ${MAX_PARAMS / 2} values`);
  }
  return { sql, params };
}

/** Joins conditions with AND; no condition is always true. */
export function all(conditions: Condition[]): Condition {
  return {
    sql: conditions.map((condition) => `(${condition.sql})`).join(" AND ") || "1",
    params: conditions.flatMap((condition) => condition.params),
  };
}
