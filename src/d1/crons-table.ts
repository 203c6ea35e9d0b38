/** The index of crons in D1: searches, counts, and the crons that the watchdog looks for. */
import type { AccessFilter } from "../calls/access-filter";
import { toWireCron, type CronDefinition } from "../calls/cron-definition";
import { figuresOfEntry, readStoredFigures, storedFigures, type CronEntry } from "../calls/cron-entry";
import { slotsInMonth } from "../schedule/count";
import { describeSchedule } from "../schedule/words";
import { now } from "../platform/clock";
import { parseInstant } from "../platform/instant";
import { parseJson, pick } from "../platform/json";
import type { Cron, CronFilters, CronSearch, FoundCron, SelectableFields } from "../wire/crons/cron";
import type { Figures } from "../wire/crons/figures";
import { DEFAULT_POLICY, type CronPolicy } from "../wire/crons/policy";
import { assistantIdOf } from "./assistants-table";
import type { Condition } from "./json-filter";
import { metadataConditions, visibleConditions } from "./metadata-filter";
import { countRows, searchPage } from "./page-search";

type Row = {
  cron_id: string;
  assistant_id: string;
  thread_id: string | null;
  schedule: string;
  timezone: string | null;
  end_time: number | null;
  enabled: number;
  on_run_completed: "delete" | "keep" | null;
  payload: string;
  metadata: string;
  next_run_date: number | null;
  created_at: number;
  updated_at: number;
  policy: string;
  note: string | null;
  figures: string;
  revision: number;
  /** The identity of the cron's owner. */
  user_id: string | null;
};

const COLUMNS = [
  "cron_id",
  "assistant_id",
  "thread_id",
  "schedule",
  "timezone",
  "end_time",
  "enabled",
  "on_run_completed",
  "payload",
  "metadata",
  "next_run_date",
  "created_at",
  "updated_at",
  "policy",
  "note",
  "figures",
  "revision",
  "user_id",
] as const satisfies (keyof Row)[];

/** These columns never change. The upsert does not name them, since a column that it names is written again in each SQL index. */
const NEVER_UPDATED: readonly string[] = ["cron_id", "assistant_id", "thread_id", "created_at", "user_id"];

/** These columns have SQL indexes and seldom change, while the row is written all the time. A statement of their own writes them. */
const SELDOM_UPDATED = ["enabled", "end_time", "updated_at", "metadata"] as const;
const NOT_UPSERTED = [...NEVER_UPDATED, ...SELDOM_UPDATED];

const UPSERT = `INSERT INTO crons (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})
  ON CONFLICT (cron_id) DO UPDATE SET ${COLUMNS.filter((column) => !NOT_UPSERTED.includes(column))
    .map((column) => `${column} = excluded.${column}`)
    .join(", ")}
  WHERE excluded.revision > crons.revision`;

/** Writes the columns that seldom change, if they have changed. */
const UPDATE_SELDOM = `UPDATE crons SET (${SELDOM_UPDATED.join(", ")}) = (?3, ?4, ?5, ?6)
  WHERE cron_id = ?1 AND revision < ?2 AND (${SELDOM_UPDATED.join(", ")}) IS NOT (?3, ?4, ?5, ?6)`;

/** A cron as its object hands it to the index. */
export interface IndexedCron {
  definition: CronDefinition;
  /** Ms since the epoch; null when no slot is to come. */
  nextRunAt: number | null;
  /** Grows with each change of the cron. The index keeps the row with the highest revision. */
  revision: number;
}

/** Writes the cron to the index, unless the index has a later revision. */
export async function indexCron(
  db: D1Database,
  { definition, nextRunAt, revision }: IndexedCron,
  figures: Figures,
): Promise<void> {
  const row: Row = {
    cron_id: definition.cronId,
    assistant_id: definition.assistantId,
    thread_id: definition.threadId,
    schedule: definition.schedule,
    timezone: definition.timezone,
    end_time: definition.endTime,
    enabled: definition.enabled ? 1 : 0,
    on_run_completed: definition.onRunCompleted,
    payload: JSON.stringify(definition.payload),
    metadata: JSON.stringify(definition.metadata),
    next_run_date: nextRunAt,
    created_at: definition.createdAt,
    updated_at: definition.updatedAt,
    policy: JSON.stringify(definition.policy),
    note: definition.note,
    figures: storedFigures(figures, now()),
    revision,
    user_id: definition.owner?.identity ?? null,
  };
  await db.batch([
    db.prepare(UPDATE_SELDOM).bind(row.cron_id, row.revision, ...SELDOM_UPDATED.map((column) => row[column])),
    db.prepare(UPSERT).bind(...COLUMNS.map((column) => row[column])),
  ]);
}

/** The statement that writes an entry of a cron to the index, unless the index has a later revision or no row of the cron. */
export const updateCronEntry = (db: D1Database, entry: CronEntry): D1PreparedStatement =>
  db
    .prepare(
      "UPDATE crons SET next_run_date = ?1, figures = ?2, revision = ?3 WHERE cron_id = ?4 AND revision < ?3",
    )
    .bind(entry.nextRunAt, storedFigures(figuresOfEntry(entry, now()), now()), entry.revision, entry.cronId);

/** Removes the cron from the index, unless the index has a later revision: a new cron of the same id. */
export async function unindexCron(db: D1Database, cronId: string, revision: number): Promise<void> {
  await db.prepare("DELETE FROM crons WHERE cron_id = ? AND revision <= ?").bind(cronId, revision).run();
}

/** One page of the crons that match, and the number of all that match. */
export async function searchCrons(
  db: D1Database,
  query: CronSearch,
  visible?: AccessFilter,
): Promise<{ crons: Partial<FoundCron>[]; total: number }> {
  const { rows, total } = await searchPage<Row>(db, {
    table: "crons",
    key: "cron_id",
    columns: COLUMNS,
    select: query.select?.flatMap(columnsOf),
    where: [...conditionsOf(query), ...visibleConditions(visible)],
    orderBy: orderOf(query.sort_by ?? "created_at"),
    order: query.sort_order,
    limit: query.limit,
    offset: query.offset,
  });
  const at = now();
  const toFound = (row: Row): Partial<FoundCron> => ({
    ...pick(toCron(row), query.select),
    ...selectableOf(row, query.select ?? [], at),
  });
  return { crons: rows.map(toFound), total };
}

/** The columns that a field of a cron is made of. All fields of the policy are in one column. */
function columnsOf(field: string): readonly string[] {
  if (field === "schedule_description") return ["schedule"];
  if (field === "times_in_30_days") return ["schedule", "timezone", "end_time"];
  return [field in DEFAULT_POLICY ? "policy" : field];
}

/** The fields that are told only when they are selected. @param at the present instant in ms */
function selectableOf(row: Row, selected: readonly string[], at: number): Partial<SelectableFields> {
  return {
    ...(selected.includes("figures") && { figures: readStoredFigures(row.figures, at) }),
    ...(selected.includes("schedule_description") && {
      schedule_description: describeSchedule(row.schedule),
    }),
    ...(selected.includes("times_in_30_days") && {
      times_in_30_days: slotsInMonth({ expression: row.schedule, timezone: row.timezone }, row.end_time, at),
    }),
  };
}

/** How many crons match. Filters by assistant, and by whether the crons are enabled, are answered by the sums of the metrics. */
export async function countCrons(
  db: D1Database,
  filters: CronFilters,
  visible?: AccessFilter,
): Promise<number> {
  const { assistant_id: assistant, enabled, ...others } = filters;
  if ([...Object.values(others), visible].some((filter) => filter !== undefined)) {
    return countRows(db, "crons", [...conditionsOf(filters), ...visibleConditions(visible)]);
  }
  const counted = enabled === undefined ? "enabled + paused" : enabled ? "enabled" : "paused";
  const sum = `SELECT sum(${counted}) AS total FROM cron_sums`;
  const statement =
    assistant === undefined
      ? db.prepare(sum)
      : db.prepare(`${sum} WHERE assistant_id = ?`).bind(assistantIdOf(assistant));
  return (await statement.first<number | null>("total")) ?? 0;
}

/**
 * Crons whose next slot lay before the instant `before` (ms), so that their alarm is late or lost. Those that are late longest
 * come first.
 * @param limit the number of crons at most
 */
export async function overdueCrons(
  db: D1Database,
  before: number,
  limit: number,
): Promise<{ cronId: string; revision: number }[]> {
  const { results } = await db
    .prepare("SELECT cron_id, revision FROM crons WHERE next_run_date < ? ORDER BY next_run_date LIMIT ?")
    .bind(before, limit)
    .all<{ cron_id: string; revision: number }>();
  return results.map((row) => ({ cronId: row.cron_id, revision: row.revision }));
}

/** Ids of the enabled crons that use an assistant, or that fire on a thread. */
export async function enabledCronIdsOf(
  db: D1Database,
  owner: { assistant_id: string } | { thread_id: string },
): Promise<string[]> {
  const [column, id] =
    "thread_id" in owner ? ["thread_id", owner.thread_id] : ["assistant_id", owner.assistant_id];
  const { results } = await db
    .prepare(`SELECT cron_id FROM crons WHERE ${column} = ? AND +enabled = 1`)
    .bind(id)
    .all<{ cron_id: string }>();
  return results.map((row) => row.cron_id);
}

/** The columns of an order. Crons of one assistant or thread come in the order of their creation. */
function orderOf(sortBy: NonNullable<CronSearch["sort_by"]>): string[] {
  if (sortBy === "cron_id") return [];
  return sortBy === "assistant_id" || sortBy === "thread_id" ? [sortBy, "created_at"] : [sortBy];
}

/** What is searched for a text. */
const SEARCHED_TEXT =
  "cron_id || char(10) || schedule || char(10) || coalesce(note, '') || char(10) || metadata";

/** As the SQL index `crons_failing` has it. */
const IS_FAILING = "figures ->> '$.failures_in_a_row' > 0";

function conditionsOf(filters: CronFilters): Condition[] {
  const conditions: Condition[] = [];
  const equals = (rank: number, column: string, value: string | number): void => {
    const indexed = { rank, alternatives: [{ sql: `${column} = ?` }], params: [value] };
    conditions.push({ sql: `+${column} = ?`, params: [value], indexed });
  };
  if (filters.thread_id !== undefined) equals(0, "thread_id", filters.thread_id);
  if (filters.assistant_id !== undefined) equals(4, "assistant_id", assistantIdOf(filters.assistant_id));
  if (filters.enabled !== undefined) equals(6, "enabled", filters.enabled ? 1 : 0);
  if (filters.failing !== undefined) {
    const indexed = { rank: 2, alternatives: [{ sql: IS_FAILING }], params: [] };
    conditions.push(
      filters.failing
        ? { sql: `+(${IS_FAILING})`, params: [], indexed }
        : { sql: `(${IS_FAILING}) IS NOT TRUE`, params: [] },
    );
  }
  if (filters.missed_since !== undefined) {
    const sql = "last_missed >= ?";
    const params = [parseInstant(filters.missed_since)];
    conditions.push({
      sql: `+${sql}`,
      params,
      indexed: { rank: 3, alternatives: [{ sql, few: true }], params },
    });
  }
  if (filters.query !== undefined) {
    conditions.push({ sql: `instr(lower(${SEARCHED_TEXT}), lower(?)) > 0`, params: [filters.query] });
  }
  if (filters.metadata !== undefined) conditions.push(...metadataConditions(filters.metadata));
  return conditions;
}

function toCron(row: Row): Cron {
  return toWireCron({
    definition: {
      cronId: row.cron_id,
      assistantId: row.assistant_id,
      threadId: row.thread_id,
      schedule: row.schedule,
      timezone: row.timezone,
      endTime: row.end_time,
      enabled: row.enabled === 1,
      onRunCompleted: row.on_run_completed,
      payload: parseJson(row.payload),
      metadata: parseJson(row.metadata),
      policy: { ...DEFAULT_POLICY, ...parseJson<Partial<CronPolicy>>(row.policy) },
      owner: row.user_id === null ? null : { identity: row.user_id },
      note: row.note,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    },
    nextRunAt: row.next_run_date,
  });
}
