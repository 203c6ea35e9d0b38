/** The headers of a page of a list. */
import type { Context } from "hono";

/** Sets `X-Pagination-Total` (all that match) and, when more follow, `X-Pagination-Next` (the next offset). */
export function pageHeaders(
  c: Context,
  query: { limit: number; offset: number },
  returned: number,
  total: number,
): void {
  c.header("X-Pagination-Total", String(total));
  const next = query.offset + returned;
  if (returned > 0 && next < total) c.header("X-Pagination-Next", String(next));
}
