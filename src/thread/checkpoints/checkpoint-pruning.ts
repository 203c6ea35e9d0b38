/** Keeping of a thread only its latest state. */
import { CheckpointSaver } from "./checkpoint-saver";
import { hasTable, IS_VALUE } from "./checkpoint-parts";
import { deleteUnreferencedValues } from "./checkpoint-tables";

const LATEST = "SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ?1 GROUP BY checkpoint_ns";

/**
 * Deletes the checkpoints of a thread but the latest of each namespace. A thread whose latest state rests on earlier
 * checkpoints, as that of a delta channel does, is left as it is.
 */
export async function keepLatestState(storage: DurableObjectStorage, threadId: string): Promise<void> {
  const { sql } = storage;
  if (!hasTable(sql, "checkpoints")) return;
  const saver = new CheckpointSaver(storage);
  const namespaces = sql
    .exec<{ ns: string }>(
      "SELECT DISTINCT checkpoint_ns AS ns FROM checkpoints WHERE thread_id = ?",
      threadId,
    )
    .toArray();
  for (const { ns } of namespaces) {
    const tuple = await saver.getTuple({ configurable: { thread_id: threadId, checkpoint_ns: ns } });
    if (tuple?.metadata?.counters_since_delta_snapshot !== undefined) return;
  }
  storage.transactionSync(() => {
    sql.exec(`DELETE FROM checkpoints WHERE thread_id = ?1 AND checkpoint_id NOT IN (${LATEST})`, threadId);
    if (!hasTable(sql, "checkpoint_parts")) return;
    sql.exec(
      `DELETE FROM checkpoint_parts WHERE thread_id = ?1 AND NOT (${IS_VALUE}) AND checkpoint_id NOT IN (${LATEST})`,
      threadId,
    );
    deleteUnreferencedValues(sql, threadId);
  });
}
