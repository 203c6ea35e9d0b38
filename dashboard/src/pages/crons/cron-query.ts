/** What the list of crons shows, as its address says it: so that it can be shared, and the browser's "back" goes back. */
import { useSearchParams } from "wouter";
import { aDayAgo, type CronSearch } from "../../api/crons";
import { readMetadataFilter } from "../../format/metadata-filter";

export const STATUSES = ["all", "on", "paused", "failing", "missed"] as const;
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
  const { text, status, assistant, sort, order, offset } = query;
  const { filter: metadata } = readMetadataFilter(query.metadata);
  return {
    ...(text.trim() !== "" && { query: text.trim() }),
    ...(status === "failing" && { failing: true }),
    ...(status === "missed" && { missed_since: aDayAgo() }),
    ...((status === "on" || status === "paused") && { enabled: status === "on" }),
    ...(assistant !== "" && { assistant_id: assistant }),
    ...(metadata && { metadata }),
    sort_by: sort,
    sort_order: order,
    offset,
  };
}
