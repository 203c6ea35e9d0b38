/** Checkpoints of LangGraph before version 0.4, which keep the sends that wait for the next superstep in another place. */
import { maxChannelVersion, TASKS, type Checkpoint } from "@langchain/langgraph-checkpoint";

/** The format of checkpoints since LangGraph 0.4. */
const NEW_FORMAT = 4;

export const isOldFormat = ({ v }: Checkpoint): boolean => v < NEW_FORMAT;

/**
 * Adds the sends to a checkpoint of the old format: where the LangGraph that wrote the checkpoint looks for them, and where a newer
 * one does.
 * @param sends the writes of sends to the parent; undefined when there is no parent
 * @param firstVersion the version of a channel that is the first of its checkpoint
 */
export function addPendingSends(
  checkpoint: Checkpoint,
  sends: unknown[] | undefined,
  firstVersion: () => number,
): void {
  Object.assign(checkpoint, { pending_sends: sends ?? [] });
  if (sends === undefined) return;
  checkpoint.channel_values[TASKS] = sends;
  const versions = Object.values(checkpoint.channel_versions);
  checkpoint.channel_versions[TASKS] = versions.length > 0 ? maxChannelVersion(...versions) : firstVersion();
}
