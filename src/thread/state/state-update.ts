/** Changing a thread's state from outside a run. */
import type { RunnableConfig } from "@langchain/core/runnables";
import type { ThreadRecord } from "../../calls/thread";
import type { JsonObject } from "../../platform/json";
import type { StateUpdate, Superstep } from "../../wire/threads/state";
import { type WireCheckpoint } from "../../wire/threads/state";
import { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import { toCommand } from "../runs/command";
import { configOf, noCheckpoint, requireGraph, told } from "./thread-state";
import { toWireCheckpoint } from "./wire-state";

const REFUSED = "the state cannot be updated";

/**
 * Writes values as if a node had just returned them. @returns the checkpoint that holds the new state
 * @throws thread.invalid when the thread has no graph yet, or its graph refuses the update; thread.not_found when there is
 *   no such checkpoint to go on from
 */
export async function updateState(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  { values, as_node: asNode, checkpoint, checkpoint_id: checkpointId }: StateUpdate,
): Promise<WireCheckpoint> {
  return told(REFUSED, async () => {
    const graph = await requireGraph(storage, thread);
    const from = checkpoint?.checkpoint_id ?? checkpointId;
    const config = configOf(thread, from, checkpoint?.checkpoint_ns);
    // The graph would begin anew, and what the thread was would be lost.
    if (from !== undefined && (await new CheckpointSaver(storage).getTuple(config)) === undefined) {
      throw noCheckpoint(from);
    }
    const updated = await graph.updateState(config, values, asNode);
    return checkpointOf(thread, updated);
  });
}

/** Applies supersteps of updates, one after the other; like {@link updateState}. */
export async function applySupersteps(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  supersteps: Superstep[],
): Promise<void> {
  await told(REFUSED, async () => {
    const graph = await requireGraph(storage, thread);
    await graph.bulkUpdateState(
      configOf(thread),
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
