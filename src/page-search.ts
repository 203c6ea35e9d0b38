/** A page of a table in D1, with the number of all rows that match. */
import type { Condition } from "./json-filter";

/** A search that has been checked: names of tables and columns come from the code, and only parameters from the client. */
export interface PageQuery {
  table: string;
  /** The primary key, which orders what is otherwise equal. */
  key: string;
  columns: readonly string[];
  where: Condition;
  sortBy: string;
  order: "asc" | "desc" | undefined;
  limit: number;
  offset: number;
}

/** The page, newest or highest first unless asked otherwise, and the number of all that match. */
// Row says what the columns are, which only the caller knows.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export async function searchPage<Row>(
  db: D1Database,
  query: PageQuery,
): Promise<{ rows: Row[]; total: number }> {
  const page = query.where.params.length === 0 ? pageOfAll(db, query) : pageOfMatches(db, query);
  return (await page) as { rows: Row[]; total: number };
}

interface Page {
  rows: unknown[];
  total: number;
}

/** Of a whole table an index gives the page, and the count needs no rows. */
async function pageOfAll(
  db: D1Database,
  { table, key, columns, where, sortBy, order, limit, offset }: PageQuery,
): Promise<Page> {
  const direction = sqlOf(order);
  const [page, counted] = await db.batch([
    db
      .prepare(
        `SELECT ${columns.join(", ")} FROM ${table} WHERE ${where.sql}
         ORDER BY ${sortBy} ${direction}, ${key} ${direction} LIMIT ? OFFSET ?`,
      )
      .bind(...where.params, limit, offset),
    countOf(db, table, where),
  ]);
  return {
    rows: page?.results ?? [],
    total: (counted?.results[0] as { total: number } | undefined)?.total ?? 0,
  };
}

/** Filters read the JSON of every row: once for both the page and the count. */
async function pageOfMatches(
  db: D1Database,
  { table, key, columns, where, sortBy, order, limit, offset }: PageQuery,
): Promise<Page> {
  const by = `ORDER BY found_at ${sqlOf(order)}, found_key ${sqlOf(order)}`;
  // Not materialized, the matches would be looked for twice; without CROSS JOIN SQLite goes through the table again.
  const { results } = await db
    .prepare(
      `WITH found AS MATERIALIZED (
         SELECT ${key} AS found_key, ${sortBy} AS found_at FROM ${table} WHERE ${where.sql}),
       page AS MATERIALIZED (SELECT found_key, found_at FROM found ${by} LIMIT ? OFFSET ?)
       SELECT ${columns.join(", ")}, (SELECT count(*) FROM found) AS found_total
       FROM page CROSS JOIN ${table} ON ${key} = found_key ${by}`,
    )
    .bind(...where.params, limit, offset)
    .all<{ found_total: number }>();
  // A page past the end has no row that could tell.
  const total = results[0]?.found_total ?? (offset === 0 ? 0 : await countRows(db, table, where));
  return { rows: results, total };
}

const sqlOf = (order: PageQuery["order"]): string => (order === "asc" ? "ASC" : "DESC");

/** How many rows match. */
export async function countRows(db: D1Database, table: string, where: Condition): Promise<number> {
  return (await countOf(db, table, where).first<number>("total")) ?? 0;
}

const countOf = (db: D1Database, table: string, where: Condition): D1PreparedStatement =>
  db.prepare(`SELECT count(*) AS total FROM ${table} WHERE ${where.sql}`).bind(...where.params);
