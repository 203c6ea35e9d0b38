/** The part of a LangGraph config that names threads and checkpoints. */
import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointKey } from "./checkpoint-parts";

/** What of `configurable` concerns a checkpointer. */
export interface Configurable {
  thread_id?: string;
  checkpoint_ns?: string;
  checkpoint_id?: string;
}

export function configurableOf(config: RunnableConfig): Configurable {
  return (config.configurable ?? {}) as Configurable;
}

/** The thread and namespace to write to. Throws if the config names no thread. */
export function threadOf(config: RunnableConfig): Omit<CheckpointKey, "checkpointId"> {
  const { thread_id: threadId, checkpoint_ns: ns = "" } = configurableOf(config);
  if (typeof threadId !== "string" || threadId === "") {
    throw new Error('Cannot save a checkpoint: the config names no "thread_id"');
  }
  return { threadId, ns };
}

/** The config that names a checkpoint. */
export function configOf({ threadId, ns, checkpointId }: CheckpointKey): RunnableConfig {
  return { configurable: { thread_id: threadId, checkpoint_ns: ns, checkpoint_id: checkpointId } };
}
