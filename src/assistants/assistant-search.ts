/** Searching and counting assistants. */
import { all, jsonContains, type Condition } from "../json-filter";
import { pick } from "../pages";
import { toAssistant, type Assistant, type AssistantRow } from "./assistant-row";
import { ensureDefaultAssistants } from "./default-assistants";
import type { AssistantFilters, AssistantSearch } from "./schemas";

/** SQLite's expressions nest at most 100 deep. */
const MAX_FOLDED_LETTERS = 40;

/** One page of the assistants that match, with `select` narrowing each, and the number of all that match. */
export async function searchAssistants(
  db: D1Database,
  search: AssistantSearch,
): Promise<{ assistants: Partial<Assistant>[]; total: number }> {
  await ensureDefaultAssistants(db);
  const where = matching(search);
  const direction = search.sort_order === "asc" ? "ASC" : "DESC";
  const [counted, page] = await db.batch<AssistantRow & { total: number }>([
    db.prepare(`SELECT count(*) AS total FROM assistants WHERE ${where.sql}`).bind(...where.params),
    db
      .prepare(
        `SELECT * FROM assistants WHERE ${where.sql}
         ORDER BY ${search.sort_by ?? "created_at"} ${direction}, assistant_id ${direction} LIMIT ? OFFSET ?`,
      )
      .bind(...where.params, search.limit, search.offset),
  ]);
  return {
    assistants: (page?.results ?? []).map((row) => pick(toAssistant(row), search.select)),
    total: counted?.results[0]?.total ?? 0,
  };
}

/** How many assistants match. */
export async function countAssistants(db: D1Database, filters: AssistantFilters): Promise<number> {
  await ensureDefaultAssistants(db);
  const where = matching(filters);
  const count = await db
    .prepare(`SELECT count(*) AS total FROM assistants WHERE ${where.sql}`)
    .bind(...where.params)
    .first<number>("total");
  return count ?? 0;
}

function matching(filters: AssistantFilters): Condition {
  const conditions: Condition[] = [];
  if (filters.graph_id !== undefined) conditions.push({ sql: "graph_id = ?", params: [filters.graph_id] });
  if (filters.name !== undefined) conditions.push(nameContains(filters.name));
  if (filters.metadata !== undefined) conditions.push(jsonContains("metadata", filters.metadata));
  return all(conditions);
}

/**
 * Whether the name contains `text` in any case. `instr` has no wildcards to escape and none of D1's limit on the
 * length of a LIKE pattern. SQLite's `lower` knows ASCII alone, so other letters of `text` are replaced one by one.
 */
function nameContains(text: string): Condition {
  let folded = "lower(name)";
  let letters = 0;
  for (const lower of new Set(text.toLowerCase())) {
    const upper = lower.toUpperCase();
    const [from, to] = [upper.codePointAt(0), lower.codePointAt(0)];
    if (from === undefined || to === undefined || to < 128 || from === to) continue;
    // A letter whose other case takes several characters (ß, ŉ) is matched in its own case only.
    if (String.fromCodePoint(from) !== upper) continue;
    if (++letters > MAX_FOLDED_LETTERS) break;
    folded = `replace(${folded}, char(${from}), char(${to}))`;
  }
  return { sql: `instr(name, ?) > 0 OR instr(${folded}, ?) > 0`, params: [text, text.toLowerCase()] };
}
