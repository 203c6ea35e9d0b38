/**
 * Removes the records of old runs from D1, so that D1 does not fill up. The cron trigger calls it every minute; see
 * docs/decisions/0020-records-of-old-runs-are-removed.md.
 */
import { now } from "../platform/clock";
import { runRecordMs, type Env } from "../platform/config";
import { within } from "../platform/deadline";
import { logWarning } from "../platform/log";
import { D1_CALL_MS } from "../platform/time-limits";
import { addRemovals, useOf, type D1Use } from "./d1-use";
import { REMOVED_BEFORE } from "./runs-table";

/**
 * A record stays for at least this many ms after the end of its run. A cron that has lost the answer to enqueuing the run looks for
 * the record, and its deliveries of a slot take twelve minutes at most while D1 and the thread object answer. When they did not answer
 * for longer, the cron learns from `findRunOfCron` that the record may have been removed.
 */
const SHORTEST_STAY_MS = 15 * 60_000;

/** How many statements one call sends at most for each reason to remove records. That is up to 10,000 records a minute. */
const MAX_STATEMENTS = 20;
/** How many records one statement removes at most. D1 executes nothing else meanwhile. */
const RECORDS_PER_STATEMENT = 500;
/** How many bytes of records one statement removes. One record may take 1.8 MB. */
const BYTES_PER_STATEMENT = 16_000_000;

/**
 * Which records may be removed: the run has ended, its webhook is not to be called any more, and the run has not changed since the
 * instant ?1.
 */
const IS_REMOVABLE = `created_at < ?1 AND updated_at < ?1 AND status NOT IN ('pending', 'running')
  AND json_extract(webhook, '$.status') IS NOT 'pending'`;

/** The bytes of a record without its short columns. SQLite knows the length of a value without reading the value. */
const BYTES = "octet_length(kwargs) + octet_length(metadata) + coalesce(octet_length(error), 0)";

/** Removes the oldest records. An SQL index has them in this order. The last one is the one that reaches ?2 bytes. */
const DELETE_OLDEST = `DELETE FROM runs WHERE run_id IN (
  SELECT run_id FROM (
    SELECT run_id, sum(bytes) OVER (ORDER BY created_at, run_id ROWS UNBOUNDED PRECEDING) - bytes AS bytes_before
    FROM (SELECT run_id, created_at, ${BYTES} AS bytes FROM runs WHERE ${IS_REMOVABLE}
      ORDER BY created_at, run_id LIMIT ${RECORDS_PER_STATEMENT}))
  WHERE bytes_before < ?2)`;

/**
 * Notes, before records are removed, that no record of a run that was created before ?1 can be relied upon to be there. Writes nothing
 * when no record is to be removed.
 */
const NOTE_REMOVED_BEFORE = `INSERT INTO settings (name, value)
  SELECT '${REMOVED_BEFORE}', CAST(?1 AS INTEGER) WHERE EXISTS (SELECT 1 FROM runs WHERE ${IS_REMOVABLE})
  ON CONFLICT (name) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(?1 AS INTEGER))`;

/**
 * Removes the records of runs that have been over for as long as `RUN_RECORD_DAYS` says. After that, as long as D1 is short of
 * space, removes the oldest records of ended runs. Runs that have not ended stay, and so do threads.
 * @throws DeadlineError; whatever D1 throws. What is left is removed a minute later
 */
export async function removeOldRuns(env: Env): Promise<void> {
  const keptMs = runRecordMs(env);
  const byAge = await removeUntil(() => false, env, {
    endedBefore: keptMs === null ? 0 : now() - keptMs,
    maxBytes: BYTES_PER_STATEMENT,
  });
  const { isShortOfSpace, limit } = byAge.use;
  const bySize = isShortOfSpace
    ? await removeUntil((use) => !use.isShortOfSpace, env, {
        endedBefore: now() - SHORTEST_STAY_MS,
        // In a small D1 the steps are small, so that no more is removed than is necessary.
        maxBytes: Math.min(BYTES_PER_STATEMENT, limit / 100),
      })
    : undefined;
  const removed = { age: byAge.removed, size: bySize?.removed ?? 0 };
  if (removed.age + removed.size > 0 || isShortOfSpace) await addRemovals(env.DB, removed, isShortOfSpace);
  if (bySize !== undefined) {
    logWarning(
      bySize.removed > 0
        ? "D1 is short of space, so the oldest records of ended runs were removed"
        : "D1 is short of space, and there is no record of an ended run to remove",
      { removed: bySize.removed, size_before: byAge.use.size, size: bySize.use.size, limit },
    );
  }
}

/**
 * Removes the oldest records, statement by statement, until `isEnough`, until none is left that may be removed, or until
 * {@link MAX_STATEMENTS} were sent.
 * @param endedBefore records of runs that have changed since this instant (ms) stay
 * @param maxBytes how many bytes of records one statement removes
 */
async function removeUntil(
  isEnough: (use: D1Use) => boolean,
  env: Env,
  { endedBefore, maxBytes }: { endedBefore: number; maxBytes: number },
): Promise<{ removed: number; use: D1Use }> {
  const note = env.DB.prepare(NOTE_REMOVED_BEFORE).bind(endedBefore);
  const removal = env.DB.prepare(DELETE_OLDEST).bind(endedBefore, maxBytes);
  for (let removed = 0, statements = 1; ; statements++) {
    const batch = statements === 1 ? [note, removal] : [removal];
    const answer = (await within(D1_CALL_MS, "D1", env.DB.batch(batch))).at(-1) as D1Result;
    const use = useOf(env, answer);
    removed += answer.meta.changes;
    if (answer.meta.changes === 0 || statements === MAX_STATEMENTS || isEnough(use)) return { removed, use };
  }
}
