/**
 * The chains of crons: which crons come from one another by the runs that made them. D1 executes one statement after the other, so a
 * chain that has room for one more cron gets one, however many runs ask at once.
 */

/** A row is older than this when its cron was not made because the host died. */
const MAKING_MS = 600_000;

/**
 * Adds a cron that is about to be made to a chain. A cron that is in it already stays in it.
 * @param most how many crons the chain may have
 * @param at the present instant (ms)
 * @returns false when the chain is full
 */
export async function joinChain(
  db: D1Database,
  { cronId, chainId }: { cronId: string; chainId: string },
  most: number,
  at: number,
): Promise<boolean> {
  const [, , found] = await db.batch<{ n: number }>([
    db
      .prepare(
        `DELETE FROM cron_chains WHERE chain_id = ?1 AND joined_at < ?2
           AND NOT EXISTS (SELECT 1 FROM crons WHERE crons.cron_id = cron_chains.cron_id)`,
      )
      .bind(chainId, at - MAKING_MS),
    db
      .prepare(
        `INSERT INTO cron_chains (cron_id, chain_id, joined_at)
           SELECT ?1, ?2, ?3 WHERE (SELECT count(*) FROM cron_chains WHERE chain_id = ?2) < ?4
           ON CONFLICT (cron_id) DO NOTHING`,
      )
      .bind(cronId, chainId, at, most),
    db
      .prepare("SELECT count(*) AS n FROM cron_chains WHERE cron_id = ?1 AND chain_id = ?2")
      .bind(cronId, chainId),
  ]);
  return found?.results[0]?.n === 1;
}

/** Takes a cron out of its chain: it was not made, or is removed. */
export async function leaveChain(db: D1Database, cronId: string): Promise<void> {
  await db.prepare("DELETE FROM cron_chains WHERE cron_id = ?").bind(cronId).run();
}
