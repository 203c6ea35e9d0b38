/** What the list of crons shows, as its address says it: so that it can be shared, and the browser's "back" goes back. */
import { useSearchParams } from "wouter";
import type { CronSearch } from "../../api/crons";

export const STATUSES = ["all", "on", "paused", "failing"] as const;
export type StatusFilter = (typeof STATUSES)[number];

/** The orders that the API has an SQL index for. */
export const SORTS = ["created_at", "next_run_date", "updated_at"] as const;
export type Sort = (typeof SORTS)[number];

export interface CronQuery {
  readonly text: string;
  readonly status: StatusFilter;
  readonly assistant: string;
  /** As it was typed, such as `team=ops`. */
  readonly metadata: string;
  readonly sort: Sort;
  readonly order: "asc" | "desc";
  readonly offset: number;
  readonly isFiltered: boolean;
}

export type CronQueryChange = Partial<Omit<CronQuery, "isFiltered">>;

const DEFAULTS: Omit<CronQuery, "isFiltered"> = {
  text: "",
  status: "all",
  assistant: "",
  metadata: "",
  sort: "created_at",
  order: "desc",
  offset: 0,
};

export function useCronQuery(): { query: CronQuery; change: (change: CronQueryChange) => void } {
  const [params, setParams] = useSearchParams();
  const query = queryOf(params);
  const change = (changed: CronQueryChange): void => {
    // Other filters and another order begin with their first page.
    const next = { ...query, offset: 0, ...changed };
    const given = Object.entries(DEFAULTS)
      .map(([name, value]) => [name, String(next[name as keyof CronQuery]), String(value)] as const)
      .filter(([, value, usual]) => value !== usual);
    setParams(Object.fromEntries(given.map(([name, value]) => [name, value])), {
      replace: changed.text !== undefined || changed.metadata !== undefined,
    });
  };
  return { query, change };
}

/** Whatever the address has that means nothing counts as absent. */
function queryOf(params: URLSearchParams): CronQuery {
  const oneOf = <Value extends string>(name: string, values: readonly Value[], usual: Value): Value =>
    values.find((value) => value === params.get(name)) ?? usual;
  const offset = Number(params.get("offset") ?? 0);
  const query = {
    text: params.get("text") ?? "",
    status: oneOf("status", STATUSES, DEFAULTS.status),
    assistant: params.get("assistant") ?? "",
    metadata: params.get("metadata") ?? "",
    sort: oneOf("sort", SORTS, DEFAULTS.sort),
    order: oneOf("order", ["asc", "desc"], DEFAULTS.order),
    offset: Number.isInteger(offset) && offset > 0 ? offset : 0,
  };
  const { text, status, assistant, metadata } = query;
  return { ...query, isFiltered: text + assistant + metadata !== "" || status !== "all" };
}

/** The body of the search. */
export function searchOf(query: CronQuery): Omit<CronSearch, "limit"> {
  const { text, status, assistant, metadata, sort, order, offset } = query;
  return {
    ...(text.trim() !== "" && { query: text.trim() }),
    ...(status === "failing" && { failing: true }),
    ...((status === "on" || status === "paused") && { enabled: status === "on" }),
    ...(assistant !== "" && { assistant_id: assistant }),
    ...(metadata.trim() !== "" && { metadata: metadataOf(metadata) }),
    sort_by: sort,
    sort_order: order,
    offset,
  };
}

/**
 * Pairs such as `team=ops, tier=2`. A value that is JSON is taken as that, and any other as a text. A word without `=` is a key that has no
 * value yet, and finds nothing.
 */
export function metadataOf(typed: string): Record<string, unknown> {
  const pairs = typed.split(",").map((pair) => pair.trim());
  return Object.fromEntries(
    pairs
      .filter((pair) => pair !== "")
      .map((pair) => {
        const end = pair.indexOf("=");
        const [key, value] = end === -1 ? [pair, ""] : [pair.slice(0, end), pair.slice(end + 1)];
        return [key.trim(), valueOf(value.trim())];
      }),
  );
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
