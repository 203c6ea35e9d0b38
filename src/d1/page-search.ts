/** A page of a table in D1, with the number of all rows that match. */
import { DomainError } from "../platform/errors";
import type { ExtraColumn } from "../wire/threads/thread-part";
import type { Condition } from "./json-filter";

/** Of one page as stored: the isolate has 128 MB of memory, and a row is in it several times on its way out. */
export const MAX_PAGE_BYTES = 10_000_000;

/** A search that has been checked: names of tables and columns come from the code, and only parameters from the client. */
export interface PageQuery {
  table: string;
  /** The primary key, which orders what is otherwise equal. */
  key: string;
  columns: readonly string[];
  /** Fields that are asked for, all without it: other columns are not read, and null in the rows. */
  select: readonly string[] | undefined;
  /** What is read of columns besides. */
  extraColumns?: readonly ExtraColumn[];
  where: Condition;
  sortBy: string;
  order: "asc" | "desc" | undefined;
  limit: number;
  offset: number;
}

/**
 * The page, newest or highest first unless asked otherwise, and the number of all that match.
 * @throws request.too_large when the page is
 */
// Row says what the columns are, which only the caller knows.
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
  // A page without rows still tells how many there are elsewhere.
  const rows = results.filter(({ found_key: key }) => key !== null);
  return { rows: rows as Row[], total: first?.found_total ?? 0 };
}

export const tooLarge = (): DomainError =>
  new DomainError(
    "request.too_large",
    `limit: the rows of this page take more than ${MAX_PAGE_BYTES} bytes; ask for fewer, or select fewer fields`,
  );

/** The bytes that columns take of a row; to measure them SQLite need not read them. */
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
    // After the parameters of the filters, the limit and the offset.
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
  // Of a whole table an index gives the page, and the count needs no rows. Filters read the JSON of every row: once for both,
  // since not materialized, the matches would be looked for twice.
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
  // Without CROSS JOIN SQLite goes through the table again.
  return `WITH ${ctes},
    size AS MATERIALIZED (
      SELECT sum(${[bytesIn([key, ...read]), ...parts.map((part) => bytesIn([part]))].join(" + ")}) AS page_bytes
      FROM page CROSS JOIN ${table} ON ${key} = found_key)
    SELECT ${shown.join(", ")}, found_key, page_bytes, ${total} AS found_total
    FROM size LEFT JOIN page ON page_bytes <= ${MAX_PAGE_BYTES} LEFT JOIN ${table} ON ${key} = found_key ${by}`;
}

/** How many rows match. */
export async function countRows(db: D1Database, table: string, where: Condition): Promise<number> {
  const total = await db
    .prepare(`SELECT count(*) AS total FROM ${table} WHERE ${where.sql}`)
    .bind(...where.params)
    .first<number>("total");
  return total ?? 0;
}
