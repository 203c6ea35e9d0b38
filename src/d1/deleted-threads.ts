/**
 * Threads that were deleted a short while ago. A write to D1 whose answer did not come in time may still arrive, after the
 * deletion; this keeps it from bringing the thread or its runs back.
 */

/** No write is under way for longer than this. */
const REMEMBERED_MS = 3_600_000;

/** The statement that notes the deletion of a thread at the instant `at` (ms). */
export const insertDeletedThread = (db: D1Database, threadId: string, at: number): D1PreparedStatement =>
  db
    .prepare(
      `INSERT INTO deleted_threads (thread_id, deleted_at) VALUES (?1, ?2)
       ON CONFLICT (thread_id) DO UPDATE SET deleted_at = max(deleted_at, excluded.deleted_at)`,
    )
    .bind(threadId, at);

/**
 * The condition that a thread was not deleted after something of it was made. A thread that is made again under the same id
 * is made after the deletion.
 * @param threadId SQL for the thread's id
 * @param createdAt SQL for the instant (ms) at which the thread or the run was made
 */
export function isNotDeleted(threadId: string, createdAt: string): string {
  return `NOT EXISTS (SELECT 1 FROM deleted_threads WHERE thread_id = ${threadId} AND deleted_at > ${createdAt})`;
}

/** Forgets the deletions of which no write can be under way any more. */
export async function forgetOldDeletions(db: D1Database, at: number): Promise<void> {
  await db
    .prepare("DELETE FROM deleted_threads WHERE deleted_at < ?")
    .bind(at - REMEMBERED_MS)
    .run();
}
