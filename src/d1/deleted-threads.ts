/**
 * The ids of threads that were deleted within the last hour. A write to D1 whose answer did not come in time may still arrive
 * after the deletion. The table `deleted_threads` keeps such a write from bringing the thread or its runs back.
 */

/** How long (ms) a deletion is remembered. No write to D1 is under way for longer. */
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
 * The SQL condition that a thread was not deleted after the row to be written was created. A new thread under the id of a deleted
 * one was created after the deletion, so the condition is true for it.
 * @param threadId SQL for the thread's id
 * @param createdAt SQL for the instant (ms) at which the thread or the run was created
 */
export function isNotDeleted(threadId: string, createdAt: string): string {
  return `NOT EXISTS (SELECT 1 FROM deleted_threads WHERE thread_id = ${threadId} AND deleted_at > ${createdAt})`;
}

/** Forgets the deletions that are more than an hour old at the instant `at` (ms). */
export async function forgetOldDeletions(db: D1Database, at: number): Promise<void> {
  await db
    .prepare("DELETE FROM deleted_threads WHERE deleted_at < ?")
    .bind(at - REMEMBERED_MS)
    .run();
}
