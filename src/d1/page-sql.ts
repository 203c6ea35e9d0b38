/**
 * The SQL of a search. No search reads a whole table when an SQL index can find the rows:
 *
 * - A search without a filter that an index serves walks along the index of its order, and stops when the page is full.
 * - A filter with an index finds the rows, in the usual order of creation. The other filters are checked on these rows.
 * - In another order, the rows of such a filter are sorted when there are few, and otherwise found by a walk along the order.
 */
import type { ExtraColumn } from "../wire/threads/thread-part";
import { allOf, type Alternative, type Condition, type IndexedCondition } from "./json-filter";

/** The stored bytes of one page. The isolate has 128 MB of memory, and holds several copies of a row while it answers. */
export const MAX_PAGE_BYTES = 10_000_000;

/** How many rows, beyond as many as the page has, are looked at to count those that match. */
const COUNTED_ROWS = 1_000;

/** The rows of a filter are sorted when they are at most so many. */
const MAX_SORTED_ROWS = 1_000;

/** A search. The names of tables and columns become SQL, so they come from the code; what the client sent is bound. */
export interface PageQuery {
  table: string;
  /** The primary key. It orders rows that are equal in `orderBy`. */
  key: string;
  columns: readonly string[];
  /** The columns to read; undefined for all. A column that is not read is null in the rows. */
  select: readonly string[] | undefined;
  /** Parts of JSON columns that are read in addition, each under a name of its own. */
  extraColumns?: readonly ExtraColumn[];
  where: Condition[];
  /** The columns to order by. An SQL index begins with these. Empty for the order of the key. */
  orderBy: readonly string[];
  /** Where the order has several SQL indexes in place of one: the conditions that their rows meet. Each row meets one of them. */
  walks?: readonly Alternative[];
  order: "asc" | "desc" | undefined;
  limit: number;
  offset: number;
}

/** A statement, and the values for its parameters `?1`, `?2` and so on. */
interface Statement {
  sql: string;
  params: unknown[];
}

/** Numbers the parameters of conditions, so that a condition can stand in several places of one statement. */
class Params {
  readonly values: unknown[] = [];

  bind(value: unknown): string {
    this.values.push(value);
    return `?${this.values.length}`;
  }

  /** The condition as SQL, with numbers in place of its `?`s. */
  condition({ sql, params }: Condition): string {
    return this.alternatives([{ sql }], params)[0]?.sql ?? "";
  }

  /** Conditions that have their parameters in common. */
  alternatives(alternatives: readonly Alternative[], params: Condition["params"]): Alternative[] {
    const before = this.values.length;
    this.values.push(...params);
    return alternatives.map((alternative) => {
      let number = before;
      return { ...alternative, sql: alternative.sql.replaceAll("?", () => `?${++number}`) };
    });
  }
}

/** The statement that reads a page, with one row more than the page has if more follow, and the counts. See {@link PageQuery}. */
export function searchStatement(query: PageQuery): Statement {
  const { table, key, columns, select, extraColumns: extras = [] } = query;
  const params = new Params();
  const ctes = pageOf(query, params);
  const paths = extras.length === 0 ? "" : params.bind(JSON.stringify(extras.map(({ path }) => path)));
  const isRead = (column: string): boolean => select?.includes(column.replaceAll('"', "")) ?? true;
  const parts = extras.map(({ column }, n) => `${column} -> json_extract(${paths}, '$[${n}]')`);
  const bytes = [bytesIn([key, ...columns.filter(isRead)]), ...parts.map((part) => bytesIn([part]))];
  const shown = [
    ...columns.map((column) => (isRead(column) ? `${table}.${column}` : `NULL AS ${column}`)),
    ...parts.map((part, n) => `${part} AS ${extras[n]?.name}`),
  ];
  // CROSS JOIN fixes the order of the join. Otherwise SQLite goes through the whole table once more.
  const sql = `WITH ${ctes},
    shown AS MATERIALIZED (SELECT * FROM page ${orderOf(query)} LIMIT ${params.bind(query.limit)}),
    size AS MATERIALIZED (
      SELECT sum(${bytes.join(" + ")}) AS page_bytes, (SELECT count(*) FROM page) AS page_rows,
        (SELECT sum(n) FROM counted) AS counted_rows
      FROM shown CROSS JOIN ${table} ON ${key} = found_key)
    SELECT ${shown.join(", ")}, found_key, page_bytes, page_rows, counted_rows
    FROM size LEFT JOIN shown ON page_bytes <= ${MAX_PAGE_BYTES} LEFT JOIN ${table} ON ${key} = found_key ${orderOf(query)}`;
  return { sql, params: params.values };
}

/** The CTEs `page`, and `counted`, whose sum is the number of rows that match among those that are looked at. */
function pageOf(query: PageQuery, params: Params): string {
  const { table, key, where, orderBy, limit, offset } = query;
  const { walks = [{ sql: orderBy.length === 0 ? `${key} >= ''` : "1" }] } = query;
  const { index, others } = splitByIndex(where);
  const order = orderOf(query);
  const other = params.condition(allOf(others));
  const end = params.bind(limit + 1 + offset);
  const cut = `${order} LIMIT ${params.bind(limit + 1)} OFFSET ${params.bind(offset)}`;
  const rowsOf = ({ sql, few }: Alternative): string =>
    `SELECT ${found(query, few === true)} FROM ${table} WHERE ${sql} AND (${other})`;
  // It is a CTE because a subquery in an expression would nest the filters deeper, and D1 takes at most 100 levels.
  const counted = (alternatives: readonly Alternative[], from: string): string => {
    const counts = alternatives.map(({ sql }) => {
      const rows = `SELECT * FROM ${table} WHERE ${sql} ${from} LIMIT ${limit + COUNTED_ROWS}`;
      return `SELECT count(*) AS n FROM (${rows}) WHERE ${other}`;
    });
    return `counted AS MATERIALIZED (${counts.join(" UNION ALL ")})`;
  };
  const cteOf = (name: string, branches: string[], rest = ""): string =>
    `${name} AS MATERIALIZED (${branches.join(" UNION ALL ")} ${rest})`;
  const page = (branches: string[]): string => cteOf("page", branches, cut);

  if (index === undefined) {
    return `${page(walks.map(rowsOf))}, ${counted(walks, columnOrderOf(query))}`;
  }
  const finders = params.alternatives(index.alternatives, index.params);
  const isOrderOfIndexes = orderBy.length === 1 && orderBy[0] === "created_at";
  if (isOrderOfIndexes || finders.every(({ few }) => few)) {
    return `${page(finders.map(rowsOf))}, ${counted(finders, "")}`;
  }

  const some = finders.map(({ sql }) => `SELECT 1 FROM ${table} WHERE ${sql}`).join(" UNION ALL ");
  const few = `few AS MATERIALIZED (
    SELECT count(*) <= ${MAX_SORTED_ROWS} AS are_few FROM (${some} LIMIT ${MAX_SORTED_ROWS + 1}))`;
  // One of the two ways has the limit 0, and reads nothing.
  const limited = (rows: string, isUsed: string): string =>
    `SELECT * FROM (${rows} ${order} LIMIT iif(${isUsed}, ${end}, 0))`;
  const sorted = finders.map(({ sql }) => limited(rowsOf({ sql, few: true }), "(SELECT are_few FROM few)"));
  const unserved = params.condition(index.condition);
  const walked = walks.map((walk) =>
    limited(`${rowsOf(walk)} AND (${unserved})`, "NOT (SELECT are_few FROM few)"),
  );
  // Two CTEs, because D1 takes at most five SELECTs in one UNION.
  const ctes = [cteOf("sorted", sorted), cteOf("walked", walked)];
  return `${few}, ${ctes.join(", ")}, ${page(["SELECT * FROM sorted", "SELECT * FROM walked"])}, ${counted(finders, "")}`;
}

/** The condition whose SQL index finds the rows, if there is one, and the conditions that are checked on each of these rows. */
function splitByIndex(where: readonly Condition[]): {
  index: (IndexedCondition & { condition: Condition }) | undefined;
  others: Condition[];
} {
  let best: (IndexedCondition & { condition: Condition }) | undefined;
  for (const condition of where) {
    const { indexed } = condition;
    if (indexed !== undefined && indexed.rank < (best?.rank ?? Infinity)) best = { ...indexed, condition };
  }
  return { index: best, others: where.filter((condition) => condition !== best?.condition) };
}

/** What a search selects of a row before it reads the whole of it. The `+` keeps SQLite from a walk along the order of few rows. */
const found = ({ key, orderBy }: PageQuery, areFew: boolean): string =>
  [key, ...orderBy]
    .map((column, n) => `${areFew ? "+" : ""}${column} AS found_${n === 0 ? "key" : n}`)
    .join(", ");

const orderOf = (query: PageQuery): string =>
  orderClause(query, [...query.orderBy.map((_, n) => `found_${n + 1}`), "found_key"]);

const columnOrderOf = (query: PageQuery): string => orderClause(query, [...query.orderBy, query.key]);

const orderClause = ({ order }: PageQuery, columns: readonly string[]): string =>
  `ORDER BY ${columns.map((column) => `${column} ${order === "asc" ? "ASC" : "DESC"}`).join(", ")}`;

/** SQL for the bytes that the columns of a row take. SQLite knows the length of a value without reading the value. */
export const bytesIn = (columns: readonly string[]): string =>
  columns.map((column) => `coalesce(octet_length(${column}), 0)`).join(" + ");

/** The statement that counts the rows that match. It reads as many rows as the index of a filter has, or all. */
export function countStatement(table: string, where: readonly Condition[]): Statement {
  const { branches, params } = finders(table, "count(*)", where);
  return { sql: `SELECT ${branches.map((branch) => `(${branch})`).join(" + ")} AS total`, params };
}

/** A query for the rows that match, without an order. */
export function rowsStatement(table: string, columns: string, where: readonly Condition[]): Statement {
  const { branches, params } = finders(table, columns, where);
  return { sql: branches.join(" UNION ALL "), params };
}

/** The queries that together find the rows that match, each once. An SQL index finds them if one of the conditions has one. */
function finders(
  table: string,
  columns: string,
  where: readonly Condition[],
): { branches: string[]; params: unknown[] } {
  const params = new Params();
  const { index, others } = splitByIndex(where);
  const other = params.condition(allOf(others));
  const alternatives =
    index === undefined ? [{ sql: "1" }] : params.alternatives(index.alternatives, index.params);
  return {
    branches: alternatives.map(({ sql }) => `SELECT ${columns} FROM ${table} WHERE ${sql} AND (${other})`),
    params: params.values,
  };
}
