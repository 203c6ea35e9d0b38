/** Telling from a checkpoint whether its run goes on. */
import { TASKS, type Checkpoint } from "@langchain/langgraph-checkpoint";

/**
 * Whether a checkpoint is surely the last of its run: that of a state graph in which no node is triggered. Where that
 * cannot be told, it is not; a needless write does no harm.
 */
export function isLast({ channel_values: values, channel_versions: versions }: Checkpoint): boolean {
  const channels = Object.keys(versions);
  const isStateGraph = channels.some((channel) => channel.startsWith("branch:to:"));
  const triggers = channels.some(
    (channel) => channel.startsWith("join:") || (channel.startsWith("branch:to:") && channel in values),
  );
  const sends = values[TASKS];
  return isStateGraph && !triggers && (!Array.isArray(sends) || sends.length === 0);
}
