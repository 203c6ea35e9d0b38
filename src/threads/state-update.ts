/** Changing a thread's state from outside a run. */
import type { RunnableConfig } from "@langchain/core/runnables";
import { toCommand } from "../runs/command";
import type { JsonObject } from "../json";
import type { StateUpdate, Superstep } from "./state-schemas";
import type { ThreadRecord } from "./thread";
import { configOf, readable, requireGraph } from "./thread-state";
import { toWireCheckpoint, type WireCheckpoint } from "./wire-state";

/**
 * Writes values as if a node had just returned them. @returns the checkpoint that holds the new state
 * @throws thread.invalid when the thread has no graph yet, or its graph refuses the update
 */
export async function updateState(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  { values, as_node: asNode, checkpoint, checkpoint_id: checkpointId }: StateUpdate,
): Promise<WireCheckpoint> {
  return readable(async () => {
    const graph = await requireGraph(storage, thread);
    const config = configOf(thread, checkpoint?.checkpoint_id ?? checkpointId, checkpoint?.checkpoint_ns);
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
  await readable(async () => {
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
