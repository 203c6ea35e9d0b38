/**
 * LangGraph's checkpointer over the SQLite of a Durable Object. It writes few rows: a checkpoint is one row
 * with the small channel values in it, a large value is written once and then referred to for as long as it
 * stays the same, and the writes of a task share a row.
 *
 * Values are found through the parent checkpoint and not by their version alone, because the branches of a
 * forked thread count their versions up from the same number.
 */
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  ERROR,
  TASKS,
  copyCheckpoint,
  getCheckpointId,
  maxChannelVersion,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type DeltaChannelHistory,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";
import { addInline, assertSize, packBody, unpackBody, type VersionedValue } from "./checkpoint-body";
import { CheckpointBuffer } from "./checkpoint-buffer";
import { configOf, configurableOf, threadOf } from "./saver-arguments";
import {
  taskOfPart,
  valuePart,
  writesPart,
  type CheckpointKey,
  type CheckpointPart,
} from "./checkpoint-parts";
import type { CheckpointRow, LargeValue } from "./checkpoint-tables";
import type { Serialized } from "./packed-entries";
import { isLast } from "./last-checkpoint";
import { mergeWrites, orderWrites, writeIndex, type TaskWrite } from "./task-writes";

export { MAX_CHECKPOINT_BYTES } from "./checkpoint-body";

export interface CheckpointSaverOptions {
  /** The run that writes, see `latestOfRun` and `deleteRun`. */
  runId?: string | undefined;
  /** Stored with the metadata of each checkpoint, to find them by. */
  metadata?: Record<string, unknown> | undefined;
  /** Collect writes in memory until `flush`, which runs by itself as soon as the graph yields to I/O. */
  buffered?: boolean | undefined;
  /** Called in each transaction that writes rows, for what is to be kept with them. */
  onFlush?: (() => void) | undefined;
}

/** Saves the checkpoints of the threads of a Durable Object in its SQLite. */
export class CheckpointSaver extends BaseCheckpointSaver {
  readonly #rows: CheckpointBuffer;
  readonly #runId: string | null;
  readonly #metadata: Record<string, unknown>;

  constructor(storage: DurableObjectStorage, options: CheckpointSaverOptions = {}) {
    super();
    this.#rows = new CheckpointBuffer(storage, options.buffered ?? false, options.onFlush);
    this.#runId = options.runId ?? null;
    this.#metadata = options.metadata ?? {};
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const { channel_values: values, ...head } = copyCheckpoint(checkpoint);
    const key = { ...threadOf(config), checkpointId: checkpoint.id };
    const parentId = configurableOf(config).checkpoint_id || null;
    const parent = this.#parentOf({ ...key, parentId });
    const parentValues = parent && unpackBody(parent.body).values;

    const inline = new Map<string, VersionedValue>();
    const large = new Map<string, LargeValue>();
    const changed: string[] = [];
    for (const channel of Object.keys(values)) {
      const version = head.channel_versions[channel] ?? null;
      const inlineBefore = parentValues?.get(channel);
      const largeBefore = parent?.largeValues.get(channel);
      if (Object.hasOwn(newVersions, channel)) changed.push(channel);
      else if (inlineBefore?.version === version) inline.set(channel, inlineBefore);
      else if (largeBefore?.version === version) large.set(channel, largeBefore);
      // A fork is a copy beside its original: its parent lacks what the original changed.
      else if (metadata.source === "fork" && version !== null) changed.push(channel);
    }
    // Every serialization starts before the first await: after it, nodes may change the values in place.
    const [headBytes, metadataBytes, ...serialized] = await Promise.all([
      this.#dump({ ...head, channel_values: {} }),
      this.#dump({ ...this.#metadata, ...metadata }),
      ...changed.map(async (channel) => ({ channel, ...(await this.#dump(values[channel])) })),
    ]);
    const parts: CheckpointPart[] = [];
    for (const { channel, type, bytes } of serialized) {
      const version = head.channel_versions[channel] ?? null;
      if (addInline(inline, channel, { version, type, bytes })) continue;
      large.set(channel, { version, origin: key.checkpointId, type, size: bytes.byteLength });
      parts.push({ ...key, part: valuePart(channel), layer: 0, runId: this.#runId, bytes });
    }
    const body = packBody({ head: headBytes, metadata: metadataBytes, values: inline });
    const largeBytes = [...large.values()].reduce((total, { size }) => total + size, 0);
    assertSize(body.byteLength + largeBytes, `A checkpoint of thread ${key.threadId}`);
    this.#rows.add(parts, { ...key, parentId, runId: this.#runId, largeValues: large, body });
    // Before the next node does anything that costs: the superstep that has just ended must not be repeated.
    if (metadata.source === "loop" && metadata.step > 0 && !isLast(checkpoint)) this.flush();
    return configOf(key);
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const { checkpoint_id: checkpointId } = configurableOf(config);
    if (!checkpointId) throw new Error('Cannot save writes: the config names no "checkpoint_id"');
    const key = { ...threadOf(config), checkpointId };
    const incoming = await Promise.all(
      writes.map(async ([channel, value], position): Promise<TaskWrite> => {
        return { channel, idx: writeIndex(channel, position), taskPath, ...(await this.#dump(value)) };
      }),
    );
    const merged = mergeWrites(this.#rows.writesOfTask(key, taskId), incoming, this.#runId);
    if (!merged) return;
    assertSize(merged.bytes.byteLength, `The writes of a task of thread ${key.threadId}`);
    this.#rows.add([{ ...key, part: writesPart(taskId), runId: this.#runId, ...merged }]);
    // A graph that fails drops what it has streamed and nobody has read yet, but waits for this before it does.
    if (incoming.some(({ channel }) => channel === ERROR)) await new Promise((done) => setTimeout(done, 0));
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const row = this.#resolve(config);
    return row && this.#toTuple(row);
  }

  override async *list(
    config: RunnableConfig,
    { before, limit, filter }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    if (limit !== undefined && limit <= 0) return;
    const { thread_id, checkpoint_ns, checkpoint_id } = configurableOf(config);
    const keys = this.#rows.find({
      threadId: thread_id,
      ns: checkpoint_ns,
      checkpointId: checkpoint_id,
      before: before && getCheckpointId(before),
      limit: filter ? undefined : limit,
    });
    let found = 0;
    for (const key of keys) {
      // One by one: a thread can be larger than memory, and a checkpoint can be deleted meanwhile.
      const row = this.#rows.checkpoint(key);
      if (!row) continue;
      if (filter && !contains(await this.#load(unpackBody(row.body).metadata), filter)) continue;
      yield await this.#toTuple(row);
      found += 1;
      if (found === limit) return;
    }
  }

  /** As the base class does it, but without loading the values of every checkpoint on the way. */
  override async getDeltaChannelHistory(options: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>> {
    const histories = new Map(
      options.channels.map((channel): [string, DeltaChannelHistory] => [channel, { writes: [] }]),
    );
    const unseeded = new Map(histories);
    const target = this.#resolve(options.config);
    for (let row = target && this.#parentOf(target); row && unseeded.size > 0; row = this.#parentOf(row)) {
      const values = this.#valuesOf(row);
      const writes = this.#writesTo(row).reverse();
      for (const [channel, history] of [...unseeded]) {
        history.writes.push(
          ...(await this.#loadWrites(writes.filter(([, write]) => write.channel === channel))),
        );
        const stored = values.get(channel);
        const seed = stored && (await this.#load<unknown>(stored()));
        if (seed === undefined) continue;
        history.seed = seed;
        unseeded.delete(channel);
      }
    }
    for (const { writes } of histories.values()) writes.reverse();
    return Object.fromEntries(histories);
  }

  override async deleteThread(threadId: string): Promise<void> {
    this.#rows.deleteThread(threadId);
  }

  /** The newest checkpoint that a run wrote in the root namespace of a thread. */
  latestOfRun(threadId: string, runId: string): string | undefined {
    return this.#rows.find({ threadId, ns: "", runId, limit: 1 })[0]?.checkpointId;
  }

  /**
   * Deletes the checkpoints of a run, the writes that it made (also to checkpoints of earlier runs) and the
   * large values that no other checkpoint refers to. The thread is then as it was before the run. Close the
   * run's saver first: what it saves afterwards stays.
   */
  deleteRun(threadId: string, runId: string): void {
    this.#rows.deleteRun(threadId, runId);
  }

  /** Writes what is buffered, in one transaction. If that fails it throws and keeps the buffer. */
  flush(): void {
    this.#rows.flush();
  }

  /** Drops what is buffered. */
  discard(): void {
    this.#rows.discard();
  }

  /** Drops what is buffered and lets no further put succeed: an abandoned graph may still be executing. */
  close(): void {
    this.#rows.close();
  }

  async #dump(value: unknown): Promise<Serialized> {
    // The serializer hands bytes back as they are, and their owner may change them.
    const [type, bytes] = await this.serde.dumpsTyped(value instanceof Uint8Array ? value.slice() : value);
    return { type, bytes };
  }

  #load<T>({ type, bytes }: Serialized): Promise<T> {
    // Bytes are handed out as they are, so they get a copy of their own instead of a view on the row.
    return this.serde.loadsTyped(type, type === "json" ? bytes : bytes.slice()) as Promise<T>;
  }

  /** The checkpoint that a config names, or else the latest of its thread and namespace. */
  #resolve(config: RunnableConfig): CheckpointRow | undefined {
    const { thread_id: threadId, checkpoint_ns: ns = "" } = configurableOf(config);
    if (threadId === undefined) return undefined;
    const [key] = this.#rows.find({ threadId, ns, checkpointId: getCheckpointId(config), limit: 1 });
    return key && this.#rows.checkpoint(key);
  }

  #parentOf(row: CheckpointKey & { parentId: string | null }): CheckpointRow | undefined {
    return row.parentId === null ? undefined : this.#rows.checkpoint({ ...row, checkpointId: row.parentId });
  }

  async #toTuple(row: CheckpointRow): Promise<CheckpointTuple> {
    const { head, metadata } = unpackBody(row.body);
    const checkpoint = await this.#load<Checkpoint>(head);
    const values: [string, unknown][] = [];
    for (const [channel, stored] of this.#valuesOf(row)) values.push([channel, await this.#load(stored())]);
    checkpoint.channel_values = Object.fromEntries(values);
    const parent = row.parentId === null ? undefined : { ...row, checkpointId: row.parentId };
    if (checkpoint.v < 4 && parent) await this.#migratePendingSends(checkpoint, parent);
    return {
      config: configOf(row),
      checkpoint,
      metadata: await this.#load<CheckpointMetadata>(metadata),
      pendingWrites: await this.#loadWrites(this.#writesTo(row)),
      ...(parent && { parentConfig: configOf(parent) }),
    };
  }

  /** The channel values of a checkpoint, each to be fetched when it is wanted. */
  #valuesOf(row: CheckpointRow): Map<string, () => Serialized> {
    const values = new Map<string, () => Serialized>();
    for (const [channel, value] of unpackBody(row.body).values) values.set(channel, () => value);
    for (const [channel, { origin, type }] of row.largeValues) {
      const key = { ...row, checkpointId: origin };
      values.set(channel, () => ({ type, bytes: this.#rows.value(key, valuePart(channel)) }));
    }
    return values;
  }

  #writesTo(key: CheckpointKey): [taskId: string, TaskWrite][] {
    return orderWrites(this.#rows.writes(key), taskOfPart);
  }

  #loadWrites(writes: [taskId: string, TaskWrite][]): Promise<CheckpointPendingWrite[]> {
    return Promise.all(
      writes.map(async ([taskId, write]): Promise<CheckpointPendingWrite> => {
        return [taskId, write.channel, await this.#load(write)];
      }),
    );
  }

  /** Checkpoints before version 4 kept the sends of a superstep with the writes to their parent. */
  async #migratePendingSends(checkpoint: Checkpoint, parent: CheckpointKey): Promise<void> {
    const sends = this.#writesTo(parent).filter(([, { channel }]) => channel === TASKS);
    checkpoint.channel_values[TASKS] = (await this.#loadWrites(sends)).map(([, , value]) => value);
    const versions = Object.values(checkpoint.channel_versions);
    checkpoint.channel_versions[TASKS] =
      versions.length > 0 ? maxChannelVersion(...versions) : this.getNextVersion(undefined);
  }
}

/** Whether `actual` contains `expected` in the sense of PostgreSQL's `@>`, as LangGraph's own saver filters. */
function contains(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null) return actual === expected;
  if (typeof actual !== "object" || actual === null) return false;
  if (Array.isArray(expected)) {
    return Array.isArray(actual) && expected.every((item) => actual.some((other) => contains(other, item)));
  }
  return Object.entries(expected).every(([key, value]) => {
    return Object.hasOwn(actual, key) && contains((actual as Record<string, unknown>)[key], value);
  });
}
