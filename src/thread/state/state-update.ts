/** Changes the state of a thread from outside a run. */
import type { RunnableConfig } from "@langchain/core/runnables";
import type { ThreadRecord } from "../../calls/thread";
import type { JsonObject } from "../../platform/json";
import type { StateUpdate, Superstep, WireCheckpoint } from "../../wire/threads/state";
import { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import { toCommand } from "../runs/command";
import type { Trace } from "../traces/traces";
import { configOf, noCheckpoint, orThreadInvalid, requireGraph } from "./thread-state";
import { toWireCheckpoint } from "./wire-state";

const REFUSED = "the state cannot be updated";

/**
 * Writes values to the state as if a node had returned them.
 * @returns the checkpoint that holds the new state
 * @throws thread.invalid when the thread has no graph yet, or when its graph refuses the update; thread.not_found when the
 *   checkpoint to start from does not exist
 */
export async function updateState(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  { values, as_node: asNode, checkpoint, checkpoint_id: checkpointId }: StateUpdate,
  trace: Trace,
): Promise<WireCheckpoint> {
  return orThreadInvalid(REFUSED, async () => {
    const graph = await requireGraph(storage, thread);
    const startId = checkpoint?.checkpoint_id ?? checkpointId;
    const config = configOf(thread, startId, checkpoint?.checkpoint_ns);
    // Without this checkpoint the graph would start from an empty state, and replace the state of the thread.
    if (startId !== undefined && (await new CheckpointSaver(storage).getTuple(config)) === undefined) {
      throw noCheckpoint(startId);
    }
    const updated = await graph.updateState({ ...config, callbacks: trace.handlers }, values, asNode);
    return checkpointOf(thread, updated);
  });
}

/**
 * Writes supersteps of updates to the state, one after the other. The updates of a superstep are written together.
 * @throws thread.invalid when the thread has no graph, or when its graph refuses an update
 */
export async function applySupersteps(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  supersteps: Superstep[],
  trace: Trace,
): Promise<void> {
  await orThreadInvalid(REFUSED, async () => {
    const graph = await requireGraph(storage, thread);
    await graph.bulkUpdateState(
      { ...configOf(thread), callbacks: trace.handlers },
      supersteps.map(({ updates }) => ({
        updates: updates.map(({ values, command, as_node: asNode }) => ({
          values: (command === undefined ? values : toCommand(command)) as JsonObject,
          asNode,
        })),
      })),
    );
  });
}

const checkpointOf = (thread: ThreadRecord, config: RunnableConfig): WireCheckpoint =>
  toWireCheckpoint(thread.threadId, config.configurable);
