/**
 * The sums that `GET /metrics` reads, by assistant, so that it reads neither each cron nor each run. Triggers of D1 keep those of
 * crons; see migrations/0008_metric_sums.sql. Those of runs are added up here, some minutes of runs at a time.
 */

/** The sums of the crons that an assistant has. */
export interface CronSums {
  assistant_id: string;
  enabled: number;
  paused: number;
  /** Crons whose last run failed. */
  failing: number;
  /** Slots. */
  skipped: number;
  missed: number;
  rolled_back: number;
}

/** The sums of the ended runs of one status that the crons of an assistant made. */
export interface RunSums {
  assistant_id: string;
  status: string;
  runs: number;
  input_tokens: number;
  output_tokens: number;
  duration_ms: number;
}

/** All sums, and how many runs of crons are under way for each assistant. */
export interface Sums {
  crons: CronSums[];
  runs: RunSums[];
  running: { assistant_id: string; runs: number }[];
}

/** Reads the sums. They have a row for each assistant, or for each assistant and status. */
export async function readSums(db: D1Database): Promise<Sums> {
  const [crons, runs, running] = await db.batch([
    db.prepare("SELECT * FROM cron_sums WHERE enabled + paused > 0 ORDER BY assistant_id"),
    db.prepare("SELECT * FROM run_sums ORDER BY assistant_id, status"),
    db.prepare(
      `SELECT assistant_id, count(*) AS runs FROM runs
       WHERE status IN ('pending', 'running') AND due_at >= 0 AND +cron_id IS NOT NULL GROUP BY +assistant_id ORDER BY 1`,
    ),
  ]);
  return {
    crons: (crons?.results ?? []) as CronSums[],
    runs: (runs?.results ?? []) as RunSums[],
    running: (running?.results ?? []) as Sums["running"],
  };
}

/** A run is counted when it is this many ms old: most have ended by then, so that one row is written for all of a minute. */
const COUNTED_AFTER_MS = 60_000;
/** How many runs are counted at a time, when many have not been counted yet. */
const RUNS_PER_COUNT = 10_000;

/**
 * Adds to the sums the ended runs that were created since the last count and are a minute old at the instant `at` (ms). The triggers
 * add the runs that end or arrive later. Writes nothing when there is no such run.
 */
export async function countRuns(db: D1Database, at: number): Promise<void> {
  const range = await db
    .prepare(
      `SELECT since, coalesce((SELECT created_at + 1 FROM runs WHERE created_at >= since AND created_at < ?1
           ORDER BY created_at LIMIT 1 OFFSET ${RUNS_PER_COUNT - 1}), ?1) AS until
       FROM (SELECT CAST(value AS INTEGER) AS since FROM settings WHERE name = 'runs_counted_until')
       WHERE EXISTS (SELECT 1 FROM runs WHERE created_at >= since AND created_at < ?1)`,
    )
    .bind(at - COUNTED_AFTER_MS)
    .first<{ since: number; until: number }>();
  if (range === null) return;
  const { since, until } = range;
  // Somebody else may have counted these runs in the meantime.
  const isUncounted = "(SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'runs_counted_until') = ?1";
  await db.batch([
    db
      .prepare(
        `INSERT INTO run_sums (assistant_id, status, runs, input_tokens, output_tokens, duration_ms)
         SELECT assistant_id, status, count(*), sum(coalesce(input_tokens, 0)),
           sum(coalesce(output_tokens, 0)), sum(max(updated_at - created_at, 0))
         FROM runs WHERE created_at >= ?1 AND created_at < ?2 AND +cron_id IS NOT NULL
           AND +status NOT IN ('pending', 'running') AND ${isUncounted} GROUP BY assistant_id, status
         ON CONFLICT (assistant_id, status) DO UPDATE SET runs = runs + excluded.runs,
           input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens,
           duration_ms = duration_ms + excluded.duration_ms`,
      )
      .bind(since, until),
    db
      .prepare(
        `UPDATE settings SET value = CAST(?2 AS TEXT) WHERE name = 'runs_counted_until' AND ${isUncounted}`,
      )
      .bind(since, until),
  ]);
}

const MINUTES_PER_DAY = 1_440;

/**
 * Works out the sums of crons again, once a day, from all crons. The triggers are exact, but whoever changes rows by hand, or restores
 * a part of a backup, goes past them.
 * @param at the instant for which the cron trigger was scheduled (ms)
 */
export async function rebuildCronSumsDaily(db: D1Database, at: number): Promise<void> {
  if (Math.floor(at / 60_000) % MINUTES_PER_DAY === 0) await rebuildCronSums(db);
}

/** Works out the sums of crons again. It reads every cron. */
export async function rebuildCronSums(db: D1Database): Promise<void> {
  await db.batch([
    db.prepare("DELETE FROM cron_sums"),
    db.prepare(
      `INSERT INTO cron_sums (assistant_id, enabled, paused, failing, skipped, missed, rolled_back)
       SELECT assistant_id, sum(enabled), sum(1 - enabled), sum(coalesce(figures ->> '$.failures_in_a_row', 0) > 0),
         sum(coalesce(figures ->> '$.slots.skipped', 0)), sum(coalesce(figures ->> '$.slots.missed', 0)),
         sum(coalesce(figures ->> '$.slots.rolled_back', 0))
       FROM crons GROUP BY assistant_id`,
    ),
  ]);
}
