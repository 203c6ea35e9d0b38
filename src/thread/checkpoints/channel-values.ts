/**
 * Which channel values of a new checkpoint have to be stored. A value that has not changed since the parent checkpoint is taken
 * over from it: a small one is copied into the new row, a large one is referred to.
 */
import type { ChannelVersions, Checkpoint } from "@langchain/langgraph-checkpoint";
import type { VersionedValue } from "./checkpoint-body";
import { findCheckpoints, readCheckpoint, type CheckpointRow, type LargeValue } from "./checkpoint-tables";
import { LIST_TYPE, unpackList } from "./stored-list";

/** The channels of a new checkpoint, divided by where their values are. */
export interface DividedChannels {
  /** Values that were taken over from the row of the parent checkpoint, by channel. */
  inline: Map<string, VersionedValue>;
  /** References to large values that were taken over from the parent checkpoint, by channel. */
  large: Map<string, LargeValue>;
  /** The channels whose values are to be serialized and stored. */
  changed: string[];
}

/**
 * Divides the channels of a new checkpoint.
 * @param newVersions the channels that have changed since the parent checkpoint
 * @param parent the stored parent checkpoint; undefined when there is none
 * @param isFork whether the checkpoint is a copy of another one. The copy has the same parent as the original, so the parent
 *   lacks the values that the original changed
 */
export function divideChannels(
  { channel_values: values, channel_versions: versions }: Checkpoint,
  newVersions: ChannelVersions,
  parent: CheckpointRow | undefined,
  isFork: boolean,
): DividedChannels {
  const divided: DividedChannels = { inline: new Map(), large: new Map(), changed: [] };
  for (const channel of Object.keys(values)) {
    const version = versions[channel] ?? null;
    const inline = parent?.body.values.get(channel);
    const large = parent?.largeValues.get(channel);
    if (Object.hasOwn(newVersions, channel)) divided.changed.push(channel);
    else if (inline?.version === version) divided.inline.set(channel, inline);
    else if (large?.version === version) divided.large.set(channel, large);
    else if (isFork && version !== null) divided.changed.push(channel);
  }
  return divided;
}

/** Bytes of the values that are not in the row of their checkpoint: large values, and the items of long lists. */
export function bytesBeside(
  inline: ReadonlyMap<string, VersionedValue>,
  large: ReadonlyMap<string, LargeValue>,
): number {
  const lists = [...inline.values()].filter(({ type }) => type === LIST_TYPE);
  const ofLists = lists.reduce((total, { bytes }) => total + unpackList(bytes).size, 0);
  return [...large.values()].reduce((total, { size }) => total + size, ofLists);
}

/** Bytes of all channel values of a checkpoint, serialized. */
export function stateBytes(
  inline: ReadonlyMap<string, VersionedValue>,
  large: ReadonlyMap<string, LargeValue>,
): number {
  const inRow = [...inline.values()].reduce((total, { bytes }) => total + bytes.byteLength, 0);
  return inRow + bytesBeside(inline, large);
}

/** Bytes of all channel values of a thread's latest checkpoint as they are stored; 0 when it has none. Reads only the one row. */
export function latestStateBytes(sql: SqlStorage, threadId: string): number {
  const [key] = findCheckpoints(sql, { threadId, ns: "", limit: 1 });
  const row = key && readCheckpoint(sql, key);
  return row === undefined ? 0 : stateBytes(row.body.values, row.largeValues);
}
