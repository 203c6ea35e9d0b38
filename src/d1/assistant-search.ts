/** Searching and counting assistants. */
import type { AccessFilter } from "../calls/access-filter";
import { pick } from "../platform/json";
import type { Assistant, AssistantFilters, AssistantSearch } from "../wire/assistants";
import { CONTENT, toAssistant, type AssistantRow } from "./assistant-row";
import { ensureDefaultAssistants } from "./default-assistants";
import type { Condition } from "./json-filter";
import { metadataConditions, visibleConditions } from "./metadata-filter";
import { countRows, searchPage } from "./page-search";

/** Each letter nests the SQL expression one level deeper, and SQLite takes at most 100 levels. */
const MAX_FOLDED_LETTERS = 40;

/** One page of the assistants that match, and the number of all that match. With `select`, each has only the selected fields. */
export async function searchAssistants(
  db: D1Database,
  search: AssistantSearch,
  visible?: AccessFilter,
): Promise<{ assistants: Partial<Assistant>[]; total: number }> {
  await ensureDefaultAssistants(db);
  const { rows, total } = await searchPage<AssistantRow>(db, {
    table: "assistants",
    key: "assistant_id",
    columns: ["assistant_id", ...CONTENT.split(", "), "version", "created_at", "updated_at"],
    select: search.select,
    where: [...conditionsOf(search), ...visibleConditions(visible)],
    orderBy: orderOf(search.sort_by ?? "created_at"),
    order: search.sort_order,
    limit: search.limit,
    offset: search.offset,
  });
  return { assistants: rows.map((row) => pick(toAssistant(row), search.select)), total };
}

/** How many assistants match. */
export async function countAssistants(
  db: D1Database,
  filters: AssistantFilters,
  visible?: AccessFilter,
): Promise<number> {
  await ensureDefaultAssistants(db);
  return countRows(db, "assistants", [...conditionsOf(filters), ...visibleConditions(visible)]);
}

/** The columns of an order. Assistants of one graph come in the order of their creation. */
function orderOf(sortBy: NonNullable<AssistantSearch["sort_by"]>): string[] {
  if (sortBy === "assistant_id") return [];
  return sortBy === "graph_id" ? ["graph_id", "created_at"] : [sortBy];
}

function conditionsOf(filters: AssistantFilters): Condition[] {
  const conditions: Condition[] = [];
  if (filters.graph_id !== undefined) {
    const params = [filters.graph_id];
    const indexed = { rank: 5, alternatives: [{ sql: "graph_id = ?" }], params };
    conditions.push({ sql: "+graph_id = ?", params, indexed });
  }
  if (filters.name !== undefined) conditions.push(nameContains(filters.name));
  if (filters.metadata !== undefined) conditions.push(...metadataConditions(filters.metadata));
  return conditions;
}

/**
 * The condition that the name contains `text`, in upper or lower case. It uses `instr` and not LIKE, because D1 limits the length
 * of a LIKE pattern, and its wildcards would have to be escaped. SQLite's `lower` changes ASCII letters only. So for each other
 * letter of `text` the condition has a `replace` that turns the upper case of that letter in the name into its lower case.
 */
function nameContains(text: string): Condition {
  let folded = "lower(name)";
  let letters = 0;
  for (const lower of new Set(text.toLowerCase())) {
    const upper = lower.toUpperCase();
    const [upperCode, lowerCode] = [upper.codePointAt(0), lower.codePointAt(0)];
    if (upperCode === undefined || lowerCode === undefined || lowerCode < 128 || upperCode === lowerCode)
      continue;
    // A letter whose upper case is several characters (ß, ŉ) is found in lower case only.
    if (String.fromCodePoint(upperCode) !== upper) continue;
    if (++letters > MAX_FOLDED_LETTERS) break;
    folded = `replace(${folded}, char(${upperCode}), char(${lowerCode}))`;
  }
  return { sql: `instr(name, ?) > 0 OR instr(${folded}, ?) > 0`, params: [text, text.toLowerCase()] };
}
