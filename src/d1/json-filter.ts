/** SQL conditions that a JSON column contains given keys and values, as PostgreSQL's operator `@>` defines it. */
import { DomainError } from "../platform/errors";
import { nestsDeeperThan, type JsonObject } from "../platform/json";

/** An SQL condition, and the values that are bound to its `?`s, in order. */
export interface Condition {
  sql: string;
  params: (string | number | null)[];
  /** The same condition in a form that an SQL index serves. `sql` is then a form that no index serves. */
  indexed?: IndexedCondition;
}

/** A condition whose rows an SQL index finds. */
export interface IndexedCondition {
  /** Of several conditions of a search, the one with the lowest rank finds the rows, and the others are checked. */
  rank: number;
  /** A row meets the condition if it meets one of these; no row meets two. Each has an SQL index. */
  alternatives: Alternative[];
  /** Bound to the `?`s of each alternative. */
  params: Condition["params"];
}

/** SQL that an SQL index serves. */
export interface Alternative {
  sql: string;
  /** True when few rows meet it, however large the table is, so that they are sorted. Otherwise the index gives their order. */
  few?: true;
}

/** D1 takes 100 parameters in one statement. A search needs up to nine itself: limits, offset, paths, and those of an SQL index. */
const MAX_STATEMENT_PARAMS = 90;

/** The parameters of one JSON filter. The limit leaves room for the other conditions of a search. */
const MAX_FILTER_PARAMS = 60;

/** How many texts of a filter are looked for in the unparsed text of the column before its JSON is parsed. */
const MAX_PREFILTERS = 3;

/** D1 refuses expressions that nest more than 100 levels. One level of a filter with many values takes up to 22 of them. */
const MAX_LEVELS = 4;

/**
 * The condition that the JSON object in `column` contains every key of `filter` with its value. A nested object or array need not
 * be equal: it is enough that the column's contains all of the filter's. Keys and values are bound, so they never become SQL.
 * @throws request.invalid when the filter nests too deep or holds too many values
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
      // SQLite parses the number from its text, as it does in the column, because a double cannot hold every integer exactly.
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

  // Most rows do not contain the text at all. To find that out costs far less than to parse the JSON of the row.
  const texts = Object.values(filter)
    .filter((value) => typeof value === "string")
    .slice(0, MAX_PREFILTERS);
  const prefilters = texts.map((text) => {
    params.push(JSON.stringify(text));
    return `instr(${column}, ?) > 0`;
  });
  const sql = and([...prefilters, ...containsPairs(column, filter)]);
  if (params.length - prefilters.length > MAX_FILTER_PARAMS || aliases > MAX_FILTER_PARAMS) {
    throw new DomainError(
      "request.invalid",
      `${field}: a filter may hold at most ${MAX_FILTER_PARAMS / 2} values`,
    );
  }
  return { sql, params };
}

/**
 * Joins conditions with AND. An empty list gives a condition that is always true.
 * @throws request.invalid when the conditions need more parameters than a statement may have
 */
export function allOf(conditions: Condition[]): Condition {
  const params = conditions.flatMap((condition) => condition.params);
  if (params.length > MAX_STATEMENT_PARAMS) {
    throw new DomainError("request.invalid", "body: the filters together hold too many values");
  }
  return { sql: and(conditions.map((condition) => `(${condition.sql})`)), params };
}

/** Joins the two halves of the list, each joined likewise. In a plain chain of ANDs each condition would nest one level deeper. */
function and(conditions: string[]): string {
  if (conditions.length <= 2) return conditions.join(" AND ") || "1";
  const half = Math.ceil(conditions.length / 2);
  return `(${and(conditions.slice(0, half))}) AND (${and(conditions.slice(half))})`;
}
