/**
 * The writes of tasks: how the writes of one task share a row, and in which order writes are read. The rules are those of
 * LangGraph's own savers. An ordinary write is never replaced, so that a task that is repeated keeps what it wrote first. A write
 * to a special channel (error, interrupt, resume) always replaces the earlier one. Nothing here reads or writes storage.
 */
import { WRITES_IDX_MAP, compareWritesSortKeys, writesSortKey } from "@langchain/langgraph-checkpoint";
import type { CheckpointPart } from "./checkpoint-parts";
import { packEntries, unpackEntries, type Serialized } from "./packed-entries";

/** One serialized write. `idx` identifies it among the writes of its task, and is negative for special channels. */
export interface TaskWrite extends Serialized {
  channel: string;
  idx: number;
  taskPath: string;
}

/** The `idx` of a write to `channel`. @param position the place of the write among those that the task made together */
export function writeIndex(channel: string, position: number): number {
  return WRITES_IDX_MAP[channel] ?? position;
}

/** Packs writes into one blob. It is compressed when it is stored, which that of a temporary thread mostly never is. */
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
 * Adds writes of the run `runId` to the layers that a task has.
 * @param layers the layers that are stored, oldest first
 * @returns the layer to store: the newest one if the run made it, else a new one. Undefined when all writes are stored already
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

/**
 * The writes to a checkpoint with the ids of their tasks, in the order in which a superstep applies them.
 * @param taskOf the id of the task whose writes a part holds, from the name of the part
 */
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

/** The writes by their index. A later write replaces an earlier one with the same index. */
const byIndex = (writes: TaskWrite[]) => new Map(writes.map((write) => [write.idx, write]));
