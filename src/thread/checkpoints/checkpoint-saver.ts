/**
 * LangGraph's checkpoint saver over the SQLite of a Durable Object. It writes few rows, because each row is billed. A checkpoint
 * is one row, which holds the small channel values. A large value is written once, and later checkpoints refer to it for as long
 * as it does not change. The writes of a task share one row.
 *
 * Whether a value has changed is decided by comparing it with the parent checkpoint. Its version alone would not tell, because
 * the branches of a forked thread count their versions up from the same number.
 */
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  ERROR,
  TASKS,
  copyCheckpoint,
  getCheckpointId,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type DeltaChannelHistory,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";
import { bytesBeside, divideChannels, stateBytes } from "./channel-values";
import { addInline, assertSize, bodyBytes } from "./checkpoint-body";
import { CheckpointBuffer } from "./checkpoint-buffer";
import {
  packKey,
  packPart,
  taskOfPart,
  valuePart,
  writesPart,
  type CheckpointKey,
  type CheckpointPart,
} from "./checkpoint-parts";
import type { CheckpointRow } from "./checkpoint-tables";
import { addPendingSends, isOldFormat } from "./pending-sends";
import { configOf, configurableOf, contains, isLastOfRun, threadOf } from "./saver-arguments";
import type { CheckpointSaverOptions } from "./saver-options";
import { Pack } from "./stored-list";
import { mergeWrites, orderWrites, writeIndex, type TaskWrite } from "./task-writes";
import { ValueCodec } from "./value-codec";

export { MAX_CHECKPOINT_BYTES } from "./checkpoint-body";
export type { CheckpointSaverOptions } from "./saver-options";

/** Saves the checkpoints of the threads of a Durable Object in its SQLite. */
export class CheckpointSaver extends BaseCheckpointSaver {
  readonly #rows: CheckpointBuffer;
  readonly #values: ValueCodec;
  readonly #runId: string | null;
  #hasOldFormat = false;
  readonly #metadata: Record<string, unknown>;
  #stateBytes = 0;

  constructor(storage: DurableObjectStorage, options: CheckpointSaverOptions = {}) {
    super();
    this.#rows = new CheckpointBuffer(storage, options.buffered ?? false, options);
    this.#values = new ValueCodec(this.serde, this.#rows, options.lists);
    this.#runId = options.runId ?? null;
    this.#metadata = options.metadata ?? {};
  }

  /** Whether it has seen checkpoints of LangGraph before version 0.4. */
  get hasOldFormat(): boolean {
    return this.#hasOldFormat;
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const copied = copyCheckpoint(checkpoint);
    this.#hasOldFormat ||= isOldFormat(checkpoint);
    const { channel_values: values, ...head } = copied;
    const key = { ...threadOf(config), checkpointId: checkpoint.id };
    const parentId = configurableOf(config).checkpoint_id || null;
    const parent = this.#parentOf({ ...key, parentId });
    const isFork = metadata.source === "fork";
    const { inline, large, changed } = divideChannels(copied, newVersions, parent, isFork);
    const pack = new Pack();
    // All values are handed to the serializer before the first await, because nodes may change them in place afterwards.
    const [headBytes, metadataBytes, ...serialized] = await Promise.all([
      this.#values.dump({ ...head, channel_values: {} }),
      this.#values.dump({ ...this.#metadata, ...metadata }),
      ...changed.map(async (channel) => {
        return { channel, ...(await this.#values.dumpChannel({ ...key, channel }, values[channel], pack)) };
      }),
    ]);
    const parts: CheckpointPart[] = [];
    for (const { channel, type, bytes } of serialized) {
      const version = head.channel_versions[channel] ?? null;
      if (addInline(inline, channel, { version, type, bytes })) continue;
      large.set(channel, { version, origin: key.checkpointId, type, size: bytes.byteLength });
      parts.push({ ...key, part: valuePart(channel), layer: 0, runId: this.#runId, bytes });
    }
    if (!pack.isEmpty) {
      const bytes = pack.toBytes();
      parts.push({ ...packKey(key.threadId), part: packPart(pack.id), layer: 0, runId: null, bytes });
    }
    const body = { head: headBytes, metadata: metadataBytes, values: inline };
    try {
      assertSize(bodyBytes(body) + bytesBeside(inline, large), `A checkpoint of thread ${key.threadId}`);
      this.#rows.add(parts, { ...key, parentId, runId: this.#runId, largeValues: large, body });
      if (key.ns === "") this.#stateBytes = stateBytes(inline, large);
    } catch (error) {
      this.#values.forgetLists();
      throw error;
    }
    // A superstep has ended. It is stored before the nodes of the next one do anything that costs money or has an effect: when
    // the host dies in them, the superstep that has ended is not repeated.
    if (metadata.source === "loop" && metadata.step > 0 && !isLastOfRun(checkpoint)) this.flush();
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
        return { channel, idx: writeIndex(channel, position), taskPath, ...(await this.#values.dump(value)) };
      }),
    );
    const merged = mergeWrites(this.#rows.writesOfTask(key, taskId), incoming, this.#runId);
    if (!merged) return;
    assertSize(merged.bytes.byteLength, `The writes of a task of thread ${key.threadId}`);
    this.#rows.add([{ ...key, part: writesPart(taskId), runId: this.#runId, ...merged }]);
    // When a node fails, LangGraph drops the chunks of its stream that nobody has read yet. It waits for this call first, so
    // the reader of the stream gets the time to read them.
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
      // The checkpoints are read one by one, because those of a thread may not fit in memory together. A checkpoint may have
      // been deleted since its key was read.
      const row = this.#rows.checkpoint(key);
      if (!row) continue;
      if (filter && !contains(await this.#values.load(row.body.metadata), filter)) continue;
      yield await this.#toTuple(row);
      found += 1;
      if (found === limit) return;
    }
  }

  /** Does what the base class does, but loads no other values of the checkpoints that it passes. */
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
      const values = this.#values.channelsOf(row);
      const writes = this.#writesTo(row).reverse();
      for (const [channel, history] of [...unseeded]) {
        history.writes.push(
          ...(await this.#loadWrites(writes.filter(([, write]) => write.channel === channel))),
        );
        const seed = await values.get(channel)?.();
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

  /** The id of the newest checkpoint that a run wrote in the root namespace of a thread; undefined when it wrote none. */
  latestOfRun(threadId: string, runId: string): string | undefined {
    return this.#rows.find({ threadId, ns: "", runId, limit: 1 })[0]?.checkpointId;
  }

  /**
   * Deletes the checkpoints of a run, the writes of its tasks (also those to checkpoints of earlier runs), and the large values
   * that no other checkpoint refers to. The thread is then as it was before the run. The run's own saver must be closed before,
   * because checkpoints that it saves afterwards are not deleted.
   */
  deleteRun(threadId: string, runId: string): void {
    this.#rows.deleteRun(threadId, runId);
  }

  /** Bytes of the channel values of the root graph when they were saved last, serialized; 0 when they were not. */
  get stateBytes(): number {
    return this.#stateBytes;
  }

  /** Writes what is buffered, in one transaction. @throws when that fails; the buffer is then kept */
  flush(): void {
    this.#rows.flush();
  }

  /** Drops what is buffered. */
  discard(): void {
    this.#values.forgetLists();
    this.#rows.discard();
  }

  /** Drops what is buffered and refuses further checkpoints: a graph that was left behind may still be executing. */
  close(): void {
    this.#rows.close();
  }

  /** The checkpoint that a config names; without an id in the config, the latest one of its thread and namespace. */
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
    const { head, metadata } = row.body;
    const checkpoint = await this.#values.load<Checkpoint>(head);
    const values: [string, unknown][] = [];
    for (const [channel, load] of this.#values.channelsOf(row)) values.push([channel, await load()]);
    checkpoint.channel_values = Object.fromEntries(values);
    const parent = row.parentId === null ? undefined : { ...row, checkpointId: row.parentId };
    if (isOldFormat(checkpoint)) {
      this.#hasOldFormat = true;
      const sends = parent && (await this.#sendsTo(parent));
      addPendingSends(checkpoint, sends, () => this.getNextVersion(undefined));
    }
    return {
      config: configOf(row),
      checkpoint,
      metadata: await this.#values.load<CheckpointMetadata>(metadata),
      pendingWrites: await this.#loadWrites(this.#writesTo(row)),
      ...(parent && { parentConfig: configOf(parent) }),
    };
  }

  /** The writes to a checkpoint, with the ids of their tasks, in the order in which a superstep applies them. */
  #writesTo(key: CheckpointKey): [taskId: string, TaskWrite][] {
    return orderWrites(this.#rows.writes(key), taskOfPart);
  }

  #loadWrites(writes: [taskId: string, TaskWrite][]): Promise<CheckpointPendingWrite[]> {
    return Promise.all(
      writes.map(async ([taskId, write]): Promise<CheckpointPendingWrite> => {
        return [taskId, write.channel, await this.#values.load(write)];
      }),
    );
  }

  /** The sends that wait at a checkpoint of an old format, which stored them as writes to its parent. */
  async #sendsTo(parent: CheckpointKey): Promise<unknown[]> {
    const writes = this.#writesTo(parent).filter(([, { channel }]) => channel === TASKS);
    return (await this.#loadWrites(writes)).map(([, , value]) => value);
  }
}
