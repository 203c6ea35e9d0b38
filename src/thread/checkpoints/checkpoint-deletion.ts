/** Deletes checkpoints: those of a thread, those of a run, or all but the latest state of a thread. */
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { hasTable, IS_PACK, IS_VALUE, IS_WRITES, keyOf, valuePart, WHERE_KEY } from "./checkpoint-parts";
import { findCheckpoints, largeValuesOf } from "./checkpoint-tables";
import { deleteUnreferencedPacks } from "./pack-deletion";

/** Deletes all checkpoints of a thread. */
export function deleteCheckpointsOfThread(sql: SqlStorage, threadId: string): void {
  for (const table of ["checkpoints", "checkpoint_parts"] as const) {
    if (hasTable(sql, table)) sql.exec(`DELETE FROM ${table} WHERE thread_id = ?`, threadId);
  }
}

/** Deletes the checkpoints and writes of a run, and its large values that checkpoints of other runs do not refer to. */
export function deleteCheckpointsOfRun(sql: SqlStorage, threadId: string, runId: string): void {
  const keys = findCheckpoints(sql, { threadId, runId });
  for (const key of keys) sql.exec(`DELETE FROM checkpoints ${WHERE_KEY}`, ...keyOf(key));
  if (!hasTable(sql, "checkpoint_parts")) return;
  // Other runs may have added writes to the deleted checkpoints. These are deleted, too.
  for (const key of keys) {
    sql.exec(`DELETE FROM checkpoint_parts ${WHERE_KEY} AND NOT (${IS_VALUE})`, ...keyOf(key));
  }
  sql.exec(
    `DELETE FROM checkpoint_parts WHERE thread_id = ? AND run_id = ? AND ${IS_WRITES}`,
    threadId,
    runId,
  );
  if (!hasTable(sql, "checkpoints")) return;
  deleteUnreferencedValues(sql, threadId);
  deleteUnreferencedPacks(sql, threadId);
}

/** Deletes the large values that no checkpoint of the thread refers to. */
function deleteUnreferencedValues(sql: SqlStorage, threadId: string): void {
  const idOf = (...names: string[]) => JSON.stringify(names);
  const referenced = new Set<string>();
  const referring = sql.exec<{ checkpoint_ns: string; large_values: string }>(
    "SELECT checkpoint_ns, large_values FROM checkpoints WHERE thread_id = ? AND large_values IS NOT NULL",
    threadId,
  );
  for (const { checkpoint_ns, large_values } of referring) {
    for (const [channel, { origin }] of largeValuesOf(large_values)) {
      referenced.add(idOf(checkpoint_ns, origin, valuePart(channel)));
    }
  }
  const stored = sql
    .exec<{ checkpoint_ns: string; checkpoint_id: string; part: string }>(
      `SELECT checkpoint_ns, checkpoint_id, part FROM checkpoint_parts
       WHERE thread_id = ? AND chunk = 0 AND ${IS_VALUE}`,
      threadId,
    )
    .toArray();
  for (const { checkpoint_ns: ns, checkpoint_id: checkpointId, part } of stored) {
    if (referenced.has(idOf(ns, checkpointId, part))) continue;
    sql.exec(
      `DELETE FROM checkpoint_parts ${WHERE_KEY} AND part = ?`,
      ...keyOf({ threadId, ns, checkpointId }),
      part,
    );
  }
}

/** SQL: the ids of the latest checkpoints of the thread `?1`, one of each namespace. */
const LATEST = "SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ?1 GROUP BY checkpoint_ns";

/**
 * Deletes the checkpoints of a thread, except for the latest one of each namespace. Deletes nothing when the latest state is
 * computed from earlier checkpoints, as that of a delta channel is.
 * @param saver reads the checkpoints of the thread
 */
export async function keepLatestState(
  storage: DurableObjectStorage,
  saver: BaseCheckpointSaver,
  threadId: string,
): Promise<void> {
  const { sql } = storage;
  if (!hasTable(sql, "checkpoints")) return;
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
      `DELETE FROM checkpoint_parts WHERE thread_id = ?1 AND NOT (${IS_VALUE}) AND NOT (${IS_PACK})
         AND checkpoint_id NOT IN (${LATEST})`,
      threadId,
    );
    deleteUnreferencedValues(sql, threadId);
    deleteUnreferencedPacks(sql, threadId);
  });
}
