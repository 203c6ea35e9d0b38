/** What crons will use in the next 30 days, if they fire by their schedules and their runs go on to use what they used on average. */
import type { AccessFilter } from "../calls/access-filter";
import { slotsInMonth } from "../schedule/count";
import type { Forecast } from "../wire/crons/forecast";
import { visibleConditions } from "./metadata-filter";
import { rowsStatement } from "./page-sql";

/** So many schedules are counted at most: those whose crons use most. */
const MAX_SCHEDULES = 1_000;

const RUNS = ["success", "error", "timeout", "interrupted"]
  .map((status) => `coalesce(figures ->> '$.runs.${status}', 0)`)
  .join(" + ");
const TOKENS = "coalesce(figures ->> '$.tokens.input', 0) + coalesce(figures ->> '$.tokens.output', 0)";

/** The crons of one schedule. */
interface Row {
  schedule: string;
  timezone: string | null;
  /** In ms. */
  end_time: number | null;
  crons: number;
  crons_without_runs: number;
  /** What one firing of all of them uses on average. */
  tokens: number;
}

/** @param at the present instant (ms) @param visible only crons that pass this filter count */
export async function readForecast(db: D1Database, at: number, visible?: AccessFilter): Promise<Forecast> {
  const isOn = {
    sql: "+enabled = 1",
    params: [],
    indexed: { rank: 6, alternatives: [{ sql: "enabled = 1" }], params: [] },
  };
  const columns = `schedule, timezone, end_time, (${RUNS}) AS runs, (${TOKENS}) AS tokens`;
  const { sql, params } = rowsStatement("crons", columns, [isOn, ...visibleConditions(visible)]);
  const { results } = await db
    .prepare(
      `SELECT schedule, timezone, end_time, count(*) AS crons, sum(runs = 0) AS crons_without_runs,
         sum(iif(runs = 0, 0, CAST(tokens AS REAL) / runs)) AS tokens
       FROM (${sql}) GROUP BY 1, 2, 3 ORDER BY 6 DESC, 4 DESC LIMIT ${MAX_SCHEDULES}`,
    )
    .bind(...params)
    .all<Row>();
  const forecast = { crons: 0, crons_without_runs: 0, times_in_30_days: 0, tokens_in_30_days: 0 };
  for (const row of results) {
    const times = slotsInMonth({ expression: row.schedule, timezone: row.timezone }, row.end_time, at);
    forecast.crons += row.crons;
    forecast.crons_without_runs += row.crons_without_runs;
    forecast.times_in_30_days += times * row.crons;
    forecast.tokens_in_30_days += times * row.tokens;
  }
  return { ...forecast, tokens_in_30_days: Math.round(forecast.tokens_in_30_days) };
}
