/** Searching and counting assistants. */
import { pick } from "../platform/json";
import type { Assistant, AssistantFilters, AssistantSearch } from "../wire/assistants";
import { CONTENT, toAssistant, type AssistantRow } from "./assistant-row";
import { ensureDefaultAssistants } from "./default-assistants";
import { allOf, jsonContains, type Condition } from "./json-filter";
import { countRows, searchPage } from "./page-search";

/** SQLite's expressions nest at most 100 deep. */
const MAX_FOLDED_LETTERS = 40;

/** One page of the assistants that match, with `select` narrowing each, and the number of all that match. */
export async function searchAssistants(
  db: D1Database,
  search: AssistantSearch,
): Promise<{ assistants: Partial<Assistant>[]; total: number }> {
  await ensureDefaultAssistants(db);
  const { rows, total } = await searchPage<AssistantRow>(db, {
    table: "assistants",
    key: "assistant_id",
    columns: ["assistant_id", ...CONTENT.split(", "), "version", "created_at", "updated_at"],
    select: search.select,
    where: matching(search),
    sortBy: search.sort_by ?? "created_at",
    order: search.sort_order,
    limit: search.limit,
    offset: search.offset,
  });
  return { assistants: rows.map((row) => pick(toAssistant(row), search.select)), total };
}

/** How many assistants match. */
export async function countAssistants(db: D1Database, filters: AssistantFilters): Promise<number> {
  await ensureDefaultAssistants(db);
  return countRows(db, "assistants", matching(filters));
}

function matching(filters: AssistantFilters): Condition {
  const conditions: Condition[] = [];
  if (filters.graph_id !== undefined) conditions.push({ sql: "graph_id = ?", params: [filters.graph_id] });
  if (filters.name !== undefined) conditions.push(nameContains(filters.name));
  if (filters.metadata !== undefined) conditions.push(jsonContains("metadata", filters.metadata));
  return allOf(conditions);
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
