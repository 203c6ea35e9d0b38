/** How much of D1 is in use, and what was removed because of it: a row in `settings` that `GET /metrics` and `GET /ok` read. */
import { now, toIso } from "../platform/clock";
import { d1SizeLimit, type Env } from "../platform/config";
import { parseJson } from "../platform/json";

/** From this share of `D1_SIZE_LIMIT` on, D1 is short of space. */
const SHORT_OF_SPACE = 0.8;
/** Removals give D1 some space back each time. So for this many ms after a shortage D1 still counts as short of space. */
const SHORTAGE_MS = 3_600_000;

/** How much of D1 is in use. */
export interface D1Use {
  /**
   * Bytes in use, as D1 tells with each answer. Free pages do not count, so the size falls when a page has become empty; see
   * docs/decisions/0020-records-of-old-runs-are-removed.md.
   */
  size: number;
  /** Bytes at which D1 is full. */
  limit: number;
  isShortOfSpace: boolean;
}

/** Why the record of a run was removed: it was older than `RUN_RECORD_DAYS`, or D1 was short of space. */
export type RemovalReason = "age" | "size";

/** What was removed so far, as stored. */
interface Removals extends Record<RemovalReason, number> {
  /** When D1 was last found to be short of space, as ISO text; null when it never was. */
  shortage_at: string | null;
}

/** How much of D1 is in use, by the answer that D1 gave to a statement. */
export function useOf(env: Env, { meta }: Pick<D1Result, "meta">): D1Use {
  const size = meta.size_after;
  const limit = d1SizeLimit(env);
  return { size, limit, isShortOfSpace: size >= limit * SHORT_OF_SPACE };
}

/** How much of D1 is in use now, how many records of runs were removed so far, and whether D1 was short of space lately. */
export async function readUse(
  env: Env,
): Promise<{ use: D1Use; removed: Record<RemovalReason, number>; wasShortOfSpace: boolean }> {
  const answer = await env.DB.prepare("SELECT value FROM settings WHERE name = 'removed_runs'").run<{
    value: string;
  }>();
  const [row] = answer.results;
  const { age, size, shortage_at: shortageAt } = row ? parseJson<Removals>(row.value) : NOTHING_REMOVED;
  const use = useOf(env, answer);
  const isRecent = shortageAt !== null && now() - Date.parse(shortageAt) < SHORTAGE_MS;
  return { use, removed: { age, size }, wasShortOfSpace: use.isShortOfSpace || isRecent };
}

const NOTHING_REMOVED: Removals = { age: 0, size: 0, shortage_at: null };

/** Adds to what was removed so far. @param isShortOfSpace whether D1 was found to be short of space */
export async function addRemovals(
  db: D1Database,
  { age, size }: Record<RemovalReason, number>,
  isShortOfSpace: boolean,
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO settings (name, value)
         VALUES ('removed_runs', json_object('age', ?1, 'size', ?2, 'shortage_at', ?3))
       ON CONFLICT (name) DO UPDATE SET value = json_object(
         'age', (value ->> '$.age') + ?1, 'size', (value ->> '$.size') + ?2,
         'shortage_at', coalesce(?3, value ->> '$.shortage_at'))`,
    )
    .bind(age, size, isShortOfSpace ? toIso(now()) : null)
    .run();
}
