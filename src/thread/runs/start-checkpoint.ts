/** The checkpoint from which a run is asked to start. */
import type { NewRun } from "../../calls/run";
import { findCheckpoints } from "../checkpoints/checkpoint-tables";
import { noCheckpoint } from "../state/thread-state";

/**
 * Checks that the checkpoint that a run names exists. LangGraph would start from an empty state without it.
 * @param sql the storage of the run's thread
 * @throws thread.not_found
 */
export function requireStartCheckpoint(sql: SqlStorage, { threadId, kwargs }: NewRun): void {
  const { checkpoint_id: checkpointId, checkpoint_ns: ns = "" } = kwargs.config.configurable;
  if (typeof checkpointId !== "string") return;
  const query = { threadId, ns: String(ns), checkpointId, limit: 1 };
  if (findCheckpoints(sql, query).length === 0) throw noCheckpoint(checkpointId);
}
