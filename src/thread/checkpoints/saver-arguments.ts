/** What LangGraph passes to a checkpoint saver: configs that name checkpoints, checkpoints, and filters of their metadata. */
import type { RunnableConfig } from "@langchain/core/runnables";
import { TASKS, type Checkpoint } from "@langchain/langgraph-checkpoint";
import type { CheckpointKey } from "./checkpoint-parts";

/** The keys of a config's `configurable` that name a thread, a namespace and a checkpoint. */
export interface Configurable {
  thread_id?: string;
  checkpoint_ns?: string;
  checkpoint_id?: string;
}

export function configurableOf(config: RunnableConfig): Configurable {
  return (config.configurable ?? {}) as Configurable;
}

/** The thread and the namespace that a config names. @throws when it names no thread */
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

/**
 * Whether a checkpoint is certainly the last one of its run: it is the checkpoint of a state graph, and it triggers no node.
 * False also when this cannot be told.
 */
export function isLastOfRun({ channel_values: values, channel_versions: versions }: Checkpoint): boolean {
  const channels = Object.keys(versions);
  const isStateGraph = channels.some((channel) => channel.startsWith("branch:to:"));
  const triggersNode = channels.some(
    (channel) => channel.startsWith("join:") || (channel.startsWith("branch:to:") && channel in values),
  );
  const sends = values[TASKS];
  return isStateGraph && !triggersNode && (!Array.isArray(sends) || sends.length === 0);
}

/**
 * Whether metadata matches a filter. `actual` must contain `expected` in the sense of PostgreSQL's `@>`, because LangGraph's own
 * saver for PostgreSQL filters so: objects may have further keys, and arrays further items in any order.
 */
export function contains(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null) return actual === expected;
  if (typeof actual !== "object" || actual === null) return false;
  if (Array.isArray(expected)) {
    return Array.isArray(actual) && expected.every((item) => actual.some((other) => contains(other, item)));
  }
  return Object.entries(expected).every(([key, value]) => {
    return Object.hasOwn(actual, key) && contains((actual as Record<string, unknown>)[key], value);
  });
}
