/** The index of crons in D1: searches, counts, and the watchdog's question. */
import { toWireCron, type CronDefinition } from "../calls/cron-definition";
import type { CronEntry } from "../calls/cron-entry";
import { parseJson, pick } from "../platform/json";
import type { Cron, CronFilters, CronSearch } from "../wire/crons/cron";
import type { Figures } from "../wire/crons/slot";
import { DEFAULT_POLICY, type CronPolicy } from "../wire/crons/policy";
import { assistantIdOf } from "./assistants-table";
import { allOf, jsonContains, type Condition } from "./json-filter";
import { countRows, searchPage } from "./page-search";
import { storedFigures } from "./stored-figures";

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
] as const satisfies (keyof Row)[];

/** Written once: an update that names a column rewrites the indexes that it is in. */
const NEVER_UPDATED: readonly string[] = ["cron_id", "assistant_id", "thread_id", "created_at"];

const UPSERT = `INSERT INTO crons (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})
  ON CONFLICT (cron_id) DO UPDATE SET ${COLUMNS.filter((column) => !NEVER_UPDATED.includes(column))
    .map((column) => `${column} = excluded.${column}`)
    .join(", ")}
  WHERE excluded.revision > crons.revision`;

/** A cron as its object hands it to the index. */
export interface IndexedCron {
  definition: CronDefinition;
  /** Ms since the epoch; null when no slot is to come. */
  nextRunAt: number | null;
  /** Orders the writes: the index keeps the latest. */
  revision: number;
}

/** Writes the cron to the index, unless the index knows a later revision. */
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
    figures: JSON.stringify(figures),
    revision,
  };
  await db
    .prepare(UPSERT)
    .bind(...COLUMNS.map((column) => row[column]))
    .run();
}

/** Writes what a firing changes of a cron whose definition the index knows, unless it knows a later revision. */
export const updateCronEntry = (
  db: D1Database,
  { cronId, nextRunAt, figures, revision }: CronEntry,
): D1PreparedStatement =>
  db
    .prepare(
      "UPDATE crons SET next_run_date = ?1, figures = ?2, revision = ?3 WHERE cron_id = ?4 AND revision < ?3",
    )
    .bind(nextRunAt, JSON.stringify(figures), revision, cronId);

/** Takes the cron out of the index, unless that knows a later one of the same id. */
export async function unindexCron(db: D1Database, cronId: string, revision: number): Promise<void> {
  await db.prepare("DELETE FROM crons WHERE cron_id = ? AND revision <= ?").bind(cronId, revision).run();
}

/** The crons that match, with the number of all that do. */
export async function searchCrons(
  db: D1Database,
  query: CronSearch,
): Promise<{ crons: Partial<Cron>[]; total: number }> {
  const { rows, total } = await searchPage<Row>(db, {
    table: "crons",
    key: "cron_id",
    columns: COLUMNS,
    select: query.select?.map(columnOf),
    where: conditionOf(query),
    sortBy: query.sort_by ?? "created_at",
    order: query.sort_order,
    limit: query.limit,
    offset: query.offset,
  });
  return { crons: rows.map((row) => pick(toCron(row), query.select)), total };
}

/** The column that holds a field of a cron: its policy is one column. */
const columnOf = (field: string): string => (field in DEFAULT_POLICY ? "policy" : field);

/** How many crons match. */
export const countCrons = (db: D1Database, filters: CronFilters): Promise<number> =>
  countRows(db, "crons", conditionOf(filters));

/** Crons whose next time lay before `before` (ms) and is still to come: their alarm is late or lost. */
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

/** What the index has of a cron's figures: those of its last firing or the end of its last run. */
export interface IndexedFigures {
  cronId: string;
  assistantId: string;
  enabled: boolean;
  nextRunAt: number | null;
  figures: Figures;
}

/** A page of all crons by their ids, those after the id `after`. */
export async function cronFigures(db: D1Database, after: string, limit: number): Promise<IndexedFigures[]> {
  const { results } = await db
    .prepare(
      `SELECT cron_id, assistant_id, enabled, next_run_date, figures FROM crons
       WHERE cron_id > ? AND figures <> '{}' ORDER BY cron_id LIMIT ?`,
    )
    .bind(after, limit)
    .all<Pick<Row, "cron_id" | "assistant_id" | "enabled" | "next_run_date" | "figures">>();
  return results.map((row) => ({
    cronId: row.cron_id,
    assistantId: row.assistant_id,
    enabled: row.enabled === 1,
    nextRunAt: row.next_run_date,
    figures: storedFigures(row.figures),
  }));
}

/** Ids of the crons that fire an assistant, or on a thread. */
export async function cronsOf(
  db: D1Database,
  owner: { assistant_id: string } | { thread_id: string },
): Promise<string[]> {
  const where = conditionOf({ ...owner, enabled: true });
  const { results } = await db
    .prepare(`SELECT cron_id FROM crons WHERE ${where.sql}`)
    .bind(...where.params)
    .all<{ cron_id: string }>();
  return results.map((row) => row.cron_id);
}

function conditionOf(filters: CronFilters): Condition {
  const conditions: Condition[] = [];
  if (filters.assistant_id !== undefined) {
    conditions.push({ sql: "assistant_id = ?", params: [assistantIdOf(filters.assistant_id)] });
  }
  if (filters.thread_id !== undefined) conditions.push({ sql: "thread_id = ?", params: [filters.thread_id] });
  if (filters.enabled !== undefined)
    conditions.push({ sql: "enabled = ?", params: [filters.enabled ? 1 : 0] });
  if (filters.metadata !== undefined) conditions.push(jsonContains("metadata", filters.metadata));
  return allOf(conditions);
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
      note: row.note,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    },
    nextRunAt: row.next_run_date,
  });
}
