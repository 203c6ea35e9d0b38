/** The one way of searching a table in D1: a page of the rows that match, and the number of all that match. */
import { DomainError } from "../platform/errors";
import type { ExtraColumn } from "../wire/threads/thread-part";
import type { Condition } from "./json-filter";

/** The stored bytes of one page. The isolate has 128 MB of memory, and holds several copies of a row while it answers. */
export const MAX_PAGE_BYTES = 10_000_000;

/** A search. The names of tables and columns become SQL, so they come from the code; what the client sent is bound. */
export interface PageQuery {
  table: string;
  /** The primary key. It orders rows that are equal in `sortBy`. */
  key: string;
  columns: readonly string[];
  /** The columns to read; undefined for all. A column that is not read is null in the rows. */
  select: readonly string[] | undefined;
  /** Parts of JSON columns that are read in addition, each under a name of its own. */
  extraColumns?: readonly ExtraColumn[];
  where: Condition;
  sortBy: string;
  order: "asc" | "desc" | undefined;
  limit: number;
  offset: number;
}

/**
 * One page of the rows that match, and the number of all that match. The highest values of `sortBy` come first, unless `order` is
 * "asc".
 * @throws request.too_large when the page takes more than {@link MAX_PAGE_BYTES}
 */
// Only the caller knows the type of the columns, and states it as Row.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export async function searchPage<Row>(
  db: D1Database,
  query: PageQuery,
): Promise<{ rows: Row[]; total: number }> {
  const { where, extraColumns: extras = [], limit, offset } = query;
  const paths = extras.length === 0 ? [] : [JSON.stringify(extras.map(({ path }) => path))];
  const { results } = await db
    .prepare(sqlOf(query))
    .bind(...where.params, limit, offset, ...paths)
    .all<{ found_key: string | null; found_total: number; page_bytes: number | null }>();
  const [first] = results;
  if ((first?.page_bytes ?? 0) > MAX_PAGE_BYTES) throw tooLarge();
  // A page without rows comes as one row without a key, which has the number of all that match.
  const rows = results.filter(({ found_key: key }) => key !== null);
  return { rows: rows as Row[], total: first?.found_total ?? 0 };
}

/** The error that the rows of a page take too many bytes. */
export const tooLarge = (): DomainError =>
  new DomainError(
    "request.too_large",
    `limit: the rows of this page take more than ${MAX_PAGE_BYTES} bytes; ask for fewer, or select fewer fields`,
  );

/** SQL for the bytes that the columns of a row take. SQLite knows the length of a value without reading the value. */
export const bytesIn = (columns: readonly string[]): string =>
  columns.map((column) => `coalesce(octet_length(${column}), 0)`).join(" + ");

function sqlOf({
  table,
  key,
  columns,
  select,
  extraColumns: extras = [],
  where,
  sortBy,
  order,
}: PageQuery): string {
  const isRead = (column: string): boolean => select?.includes(column.replaceAll('"', "")) ?? true;
  const read = columns.filter(isRead);
  const parts = extras.map(({ column }, n) => {
    // The paths are bound after the parameters of the filters, the limit and the offset.
    return `${column} -> json_extract(?${where.params.length + 3}, '$[${n}]')`;
  });
  const shown = [
    ...columns.map((column) => (isRead(column) ? `${table}.${column}` : `NULL AS ${column}`)),
    ...parts.map((part, n) => `${part} AS ${extras[n]?.name}`),
  ];
  const direction = order === "asc" ? "ASC" : "DESC";
  const by = `ORDER BY found_at ${direction}, found_key ${direction}`;
  const found = `SELECT ${key} AS found_key, ${sortBy} AS found_at FROM ${table} WHERE ${where.sql}`;
  const inPage = `LIMIT ? OFFSET ?`;
  // Without filters an SQL index gives the page, and the count reads no rows. With filters the JSON of every row has to be read.
  // The matches are materialized, so that the page and the count use the same single pass.
  const [ctes, total] =
    where.params.length === 0
      ? [
          `page AS MATERIALIZED (${found} ORDER BY ${sortBy} ${direction}, ${key} ${direction} ${inPage})`,
          `(SELECT count(*) FROM ${table} WHERE ${where.sql})`,
        ]
      : [
          `found AS MATERIALIZED (${found}),
           page AS MATERIALIZED (SELECT found_key, found_at FROM found ${by} ${inPage})`,
          "(SELECT count(*) FROM found)",
        ];
  // CROSS JOIN fixes the order of the join. Otherwise SQLite goes through the whole table once more.
  return `WITH ${ctes},
    size AS MATERIALIZED (
      SELECT sum(${[bytesIn([key, ...read]), ...parts.map((part) => bytesIn([part]))].join(" + ")}) AS page_bytes
      FROM page CROSS JOIN ${table} ON ${key} = found_key)
    SELECT ${shown.join(", ")}, found_key, page_bytes, ${total} AS found_total
    FROM size LEFT JOIN page ON page_bytes <= ${MAX_PAGE_BYTES} LEFT JOIN ${table} ON ${key} = found_key ${by}`;
}

/** How many rows of the table match the condition. */
export async function countRows(db: D1Database, table: string, where: Condition): Promise<number> {
  const total = await db
    .prepare(`SELECT count(*) AS total FROM ${table} WHERE ${where.sql}`)
    .bind(...where.params)
    .first<number>("total");
  return total ?? 0;
}
