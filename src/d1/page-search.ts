/** The one way of searching a table in D1: a page of the rows that match, and how many match. The SQL is made in `page-sql.ts`. */
import { DomainError } from "../platform/errors";
import { countStatement, MAX_PAGE_BYTES, searchStatement, type PageQuery } from "./page-sql";
import type { Condition } from "./json-filter";

/**
 * One page of the rows that match, and the number of all that match. The highest values of `orderBy` come first, unless `order` is
 * "asc". The number is exact as far as a bounded number of rows shows it. Beyond that it is a lower bound, and above the last
 * row of the page whenever more rows follow.
 * @throws request.too_large when the page takes more than {@link MAX_PAGE_BYTES}
 */
// Only the caller knows the type of the columns, and states it as Row.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export async function searchPage<Row>(
  db: D1Database,
  query: PageQuery,
): Promise<{ rows: Row[]; total: number }> {
  const { limit, offset } = query;
  const { sql, params } = searchStatement(query);
  const { results } = await db
    .prepare(sql)
    .bind(...params)
    .all<{ found_key: string | null; page_bytes: number | null; page_rows: number; counted_rows: number }>();
  const [first] = results;
  if ((first?.page_bytes ?? 0) > MAX_PAGE_BYTES) throw tooLarge();
  // A page without rows comes as one row without a key, which has the number of all that match.
  const rows = results.filter(({ found_key: key }) => key !== null);
  const { page_rows: pageRows = 0, counted_rows: counted = 0 } = first ?? {};
  let total = counted;
  if (pageRows > limit) total = Math.max(counted, offset + pageRows);
  else if (pageRows > 0) total = offset + pageRows;
  return { rows: rows as Row[], total };
}

/** The error that the rows of a page take too many bytes. */
export const tooLarge = (): DomainError =>
  new DomainError(
    "request.too_large",
    `limit: the rows of this page take more than ${MAX_PAGE_BYTES} bytes; ask for fewer, or select fewer fields`,
  );

/** How many rows of the table match the conditions. */
export async function countRows(db: D1Database, table: string, where: Condition[]): Promise<number> {
  const { sql, params } = countStatement(table, where);
  const total = await db
    .prepare(sql)
    .bind(...params)
    .first<number>("total");
  return total ?? 0;
}
