/**
 * What the crons did, hour by hour. The runs of an hour are added up once, when all of them have ended, and the hours since then from the
 * runs themselves. So no firing writes a row for it, and nobody who looks reads more than the runs of some hours.
 */
import type { AccessFilter } from "../calls/access-filter";
import type { Activity, ActivityQuery } from "../wire/crons/activity";
import { rowsStatement } from "./page-sql";
import { visibleRuns } from "./run-search";
import { UNFINISHED } from "./runs-table";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A run that has not ended by then does not keep its hour from being added up: it counts as one that is under way. */
const WAIT_MS = 25 * HOUR_MS;
/** So many hours are added up at a time, when some are left from a time without a server. */
const HOURS_PER_CALL = 12;
/** Older hours are removed. */
const KEPT_MS = 400 * DAY_MS;
/** At most so many runs are read that are not added up yet: the newest. */
const MAX_RUNS_READ = 100_000;

const UNTIL = "(SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'run_hours_until')";

/** The sums of these runs, which is a query, by hour and status. `cron_id` is no term of an SQL index that would help. */
const sumsOf = (runs: string): string =>
  `SELECT created_at - created_at % ${HOUR_MS} AS hour, status, count(*) AS runs, sum(coalesce(input_tokens, 0)) AS input_tokens,
     sum(coalesce(output_tokens, 0)) AS output_tokens FROM (${runs}) GROUP BY 1, 2`;
const COLUMNS = "created_at, status, input_tokens, output_tokens";

/** Adds up the runs of the hours that are over at the instant `at` (ms) and whose runs have ended. */
export async function sumRunHours(db: D1Database, at: number): Promise<void> {
  for (let hours = 0; hours < HOURS_PER_CALL; hours++) {
    if (!(await sumNextHour(db, at))) return;
  }
}

/** @returns whether there was an hour to add up */
async function sumNextHour(db: D1Database, at: number): Promise<boolean> {
  const next = await db
    .prepare(
      `SELECT first, ${UNFINISHED_BEFORE} AS has_unfinished FROM (
         SELECT created_at - created_at % ${HOUR_MS} AS first FROM runs WHERE created_at >= ${UNTIL} ORDER BY created_at LIMIT 1)`,
    )
    .first<{ first: number; has_unfinished: number }>();
  if (next === null) return false;
  const end = next.first + HOUR_MS;
  if (end > at || (next.has_unfinished === 1 && end + WAIT_MS > at)) return false;
  await db.batch([
    // Whoever does this at the same time comes to the same sums.
    db
      .prepare(
        `INSERT INTO run_hours (hour, status, runs, input_tokens, output_tokens)
         ${sumsOf(`SELECT ${COLUMNS} FROM runs WHERE created_at >= ?1 AND created_at < ?2 AND +cron_id IS NOT NULL`)}
         ON CONFLICT (hour, status) DO UPDATE SET runs = excluded.runs, input_tokens = excluded.input_tokens,
           output_tokens = excluded.output_tokens`,
      )
      .bind(next.first, end),
    db.prepare("DELETE FROM run_hours WHERE hour < ?").bind(next.first - KEPT_MS),
    db
      .prepare(
        "UPDATE settings SET value = CAST(?1 AS TEXT) WHERE name = 'run_hours_until' AND CAST(value AS INTEGER) < ?1",
      )
      .bind(end),
  ]);
  return true;
}

/** Whether a run is under way that was made before the end of the hour `first`. Only runs that have not ended are looked at. */
const UNFINISHED_BEFORE = `EXISTS (SELECT 1 FROM runs WHERE ${UNFINISHED} AND +created_at < first + ${HOUR_MS})`;

interface Row {
  start: number;
  status: string;
  runs: number;
  input_tokens: number;
  output_tokens: number;
}

/**
 * The last periods at the instant `at` (ms), oldest first; the last is the one that `at` is in. Days are days of UTC.
 * @param visible only runs that pass this filter are counted
 */
export async function readActivity(
  db: D1Database,
  { unit, count }: ActivityQuery,
  at: number,
  visible?: AccessFilter,
): Promise<Activity> {
  const length = unit === "day" ? DAY_MS : HOUR_MS;
  const last = at - (at % length);
  const first = last - (count - 1) * length;
  const rows =
    visible === undefined
      ? await readSums(db, first, length)
      : await sumVisibleRuns(db, first, length, visible);
  const byStart = Map.groupBy(rows, ({ start }) => start);
  return Array.from({ length: count }, (_, index) => {
    const start = first + index * length;
    return periodOf(start, byStart.get(start) ?? []);
  });
}

/** The sums of all runs since the instant `first`. */
async function readSums(db: D1Database, first: number, length: number): Promise<Row[]> {
  const { results } = await db
    .prepare(
      `SELECT hour - hour % ?2 AS start, status, sum(runs) AS runs, sum(input_tokens) AS input_tokens,
         sum(output_tokens) AS output_tokens
       FROM (
         SELECT hour, status, runs, input_tokens, output_tokens FROM run_hours WHERE hour >= ?1 AND hour < ${UNTIL}
         UNION ALL
         ${sumsOf(
           `SELECT ${COLUMNS} FROM runs WHERE created_at >= max(?1, ${UNTIL}) AND +cron_id IS NOT NULL
            ORDER BY created_at DESC LIMIT ${MAX_RUNS_READ}`,
         )}
       ) GROUP BY 1, 2`,
    )
    .bind(first, length)
    .all<Row>();
  return results;
}

/** The sums of the runs since the instant `first` that pass the filter. Nobody adds these up beforehand, so each run is read. */
async function sumVisibleRuns(
  db: D1Database,
  first: number,
  length: number,
  visible: AccessFilter,
): Promise<Row[]> {
  const since = { sql: "created_at >= ?", params: [first] };
  const isOfCron = { sql: "+cron_id IS NOT NULL", params: [] };
  const { sql, params } = rowsStatement("runs", COLUMNS, [since, isOfCron, ...visibleRuns(visible)]);
  const { results } = await db
    .prepare(
      `SELECT created_at - created_at % ${length} AS start, status, count(*) AS runs, sum(coalesce(input_tokens, 0)) AS input_tokens,
         sum(coalesce(output_tokens, 0)) AS output_tokens
       FROM (${sql} ORDER BY created_at DESC LIMIT ${MAX_RUNS_READ}) GROUP BY 1, 2`,
    )
    .bind(...params)
    .all<Row>();
  return results;
}

function periodOf(start: number, rows: readonly Row[]): Activity[number] {
  const runsOf = (...statuses: string[]): number =>
    sumOf(rows.filter(({ status }) => statuses.includes(status)).map(({ runs }) => runs));
  return {
    start: new Date(start).toISOString(),
    runs: {
      running: runsOf("pending", "running"),
      success: runsOf("success"),
      error: runsOf("error"),
      timeout: runsOf("timeout"),
      interrupted: runsOf("interrupted"),
    },
    tokens: {
      input: sumOf(rows.map((row) => row.input_tokens)),
      output: sumOf(rows.map((row) => row.output_tokens)),
    },
  };
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
