/** Checkpoints to save, and the objects to save them in. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  emptyCheckpoint,
  uuid6,
  type Checkpoint,
  type CheckpointMetadata,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointSaver } from "../../src/thread/checkpoints/checkpoint-saver";

export const THREAD = { configurable: { thread_id: "t1" } };
export const LOOP: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

/** Runs `test` in an object of its own. */
export const inObject = (test: (storage: DurableObjectStorage) => Promise<void>) =>
  runInDurableObject(env.THREAD.get(env.THREAD.newUniqueId()), (_, { storage }) => test(storage));

/** A checkpoint whose channels all have version 1, or those given. */
export function checkpointOf(
  values: Record<string, unknown>,
  versions: Record<string, number> = {},
): Checkpoint {
  const channel_versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, 1]));
  return {
    ...emptyCheckpoint(),
    id: uuid6(0),
    channel_values: values,
    channel_versions: { ...channel_versions, ...versions },
  };
}

/** Saves a checkpoint all of whose values are new. */
export const putAll = (
  saver: CheckpointSaver,
  config: RunnableConfig,
  values: Record<string, unknown>,
  version = 1,
) => {
  const checkpoint = checkpointOf(
    values,
    Object.fromEntries(Object.keys(values).map((channel) => [channel, version])),
  );
  return saver.put(config, checkpoint, LOOP, checkpoint.channel_versions);
};

/** The channel values of the checkpoint that a config names. */
export const valuesOf = async (saver: CheckpointSaver, config: RunnableConfig) =>
  (await saver.getTuple(config))?.checkpoint.channel_values;

/** How many rows of a table match. */
export function count(storage: DurableObjectStorage, table: string, where = "1"): number {
  return storage.sql.exec<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`).one().n;
}

/** How many tables of checkpoints there are. */
export const tablesIn = (storage: DurableObjectStorage) =>
  count(storage, "sqlite_master", "name LIKE 'checkpoint%' AND type = 'table'");

/** `storage` as seen by a saver, with the statements it executes, the rows that they read, and a switch that makes its writes fail. */
export function observed(storage: DurableObjectStorage) {
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  const seen = {
    statements: [] as string[],
    failing: false,
    rowsRead: () => cursors.reduce((total, cursor) => total + cursor.rowsRead, 0),
  };
  const sql = {
    exec: (query: string, ...bindings: unknown[]) => {
      seen.statements.push(query);
      const cursor = storage.sql.exec(query, ...bindings);
      cursors.push(cursor);
      return cursor;
    },
  };
  const transactionSync = <T>(closure: () => T) => {
    if (seen.failing) throw new Error("disk full");
    return storage.transactionSync(closure);
  };
  return { seen, storage: { sql, transactionSync } as unknown as DurableObjectStorage };
}

/** Settles in a later macrotask. */
export const macrotask = () => new Promise((resolve) => setTimeout(resolve, 0));
