/**
 * How the writes of a task share one row, and in which order they are read back. Pure; the rules are those
 * of LangGraph's own savers: a task's ordinary write is never replaced, so that a task that is repeated
 * keeps what it wrote first, while a special one (error, interrupt, resume) always is.
 */
import { WRITES_IDX_MAP, compareWritesSortKeys, writesSortKey } from "@langchain/langgraph-checkpoint";
import type { CheckpointPart } from "./checkpoint-parts";
import { packEntries, unpackEntries, type Serialized } from "./packed-entries";

/** One serialized write. `idx` identifies it within its task; special channels have negative ones. */
export interface TaskWrite extends Serialized {
  channel: string;
  idx: number;
  taskPath: string;
}

/** The `idx` of the write that a task made to `channel` at `position` of its writes. */
export function writeIndex(channel: string, position: number): number {
  return WRITES_IDX_MAP[channel] ?? position;
}

const pack = (writes: TaskWrite[]) =>
  packEntries(
    writes.map(({ channel, idx, taskPath, type, bytes }) => ({
      label: [channel, idx, taskPath],
      type,
      bytes,
    })),
  );

const unpack = (packed: Uint8Array) =>
  unpackEntries(packed).map(({ label, type, bytes }): TaskWrite => {
    const [channel, idx, taskPath] = label as [string, number, string];
    return { channel, idx, taskPath, type, bytes };
  });

/**
 * Adds writes of `runId` to the layers that a task has. Returns the layer to store, which is the topmost
 * one if the run made it and a new one otherwise, or nothing if every write was there already.
 */
export function mergeWrites(
  layers: CheckpointPart[],
  incoming: TaskWrite[],
  runId: string | null,
): { layer: number; bytes: Uint8Array } | undefined {
  const known = new Set(layers.flatMap(({ bytes }) => unpack(bytes).map(({ idx }) => idx)));
  const accepted = incoming.filter(({ idx }) => idx < 0 || !known.has(idx));
  if (accepted.length === 0) return undefined;
  const top = layers.at(-1);
  const own = top?.runId === runId ? top : undefined;
  const writes = byIndex([...(own ? unpack(own.bytes) : []), ...accepted]);
  return { layer: own?.layer ?? (top ? top.layer + 1 : 0), bytes: pack([...writes.values()]) };
}

/** The writes to a checkpoint with their tasks, in the order in which a superstep applies them. */
export function orderWrites(
  parts: CheckpointPart[],
  taskOf: (part: string) => string,
): [string, TaskWrite][] {
  const tasks = Map.groupBy(parts, ({ part }) => taskOf(part));
  const writes = Array.from(tasks, ([taskId, layers]) => {
    const visible = byIndex(layers.flatMap(({ bytes }) => unpack(bytes)));
    return Array.from(visible.values(), (write): [string, TaskWrite] => [taskId, write]);
  }).flat();
  const sortKey = ([taskId, { taskPath, idx }]: [string, TaskWrite]) => writesSortKey(taskPath, taskId, idx);
  return writes.sort((a, b) => compareWritesSortKeys(sortKey(a), sortKey(b)));
}

/** The last one of each index. */
const byIndex = (writes: TaskWrite[]) => new Map(writes.map((write) => [write.idx, write]));
