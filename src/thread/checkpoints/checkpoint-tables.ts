/**
 * The SQL under the checkpoint saver. `checkpoints` has one row for each checkpoint, with the small channel
 * values and the writes that were saved along with it; the rest is in `checkpoint_parts`.
 */
import {
  BODY_PART,
  CHUNK_BYTES,
  IS_VALUE,
  IS_WRITES,
  WHERE_KEY,
  hasTable,
  keyOf,
  readPart,
  readWritesParts,
  valuePart,
  writePart,
  writesPart,
  type CheckpointKey,
  type CheckpointPart,
} from "./checkpoint-parts";
import { packEntries, unpackEntries } from "./packed-entries";

/** Writes up to this size go in the row of their checkpoint if they are saved along with it. */
const EMBEDDED_WRITES_BYTES = 128 * 1024;

/** Where a channel value lives that is too large for the checkpoint's own row. */
export interface LargeValue {
  version: string | number | null;
  /** The checkpoint that wrote it; later ones refer to it for as long as the value stays the same. */
  origin: string;
  type: string;
  size: number;
}

/** One checkpoint; `checkpoint-body.ts` knows what is in `body`. */
export interface CheckpointRow extends CheckpointKey {
  parentId: string | null;
  runId: string | null;
  largeValues: Map<string, LargeValue>;
  body: Uint8Array;
}

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS checkpoints (
  thread_id TEXT NOT NULL,
  checkpoint_ns TEXT NOT NULL,
  checkpoint_id TEXT NOT NULL,
  parent_checkpoint_id TEXT,
  run_id TEXT,
  large_values TEXT, -- JSON [[channel, {version, origin, type, size}]]
  task_writes BLOB,  -- packed writes of tasks that were saved along with the checkpoint
  body BLOB,         -- NULL: in checkpoint_parts
  PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
) WITHOUT ROWID`;

/** Makes the table, if it is not there. */
export function createCheckpointsTable(sql: SqlStorage): void {
  sql.exec(CREATE_TABLE);
}

/** Writes a checkpoint and writes to it. It replaces the checkpoint of the same id, but not its writes. */
export function writeCheckpoint(sql: SqlStorage, row: CheckpointRow, writes: CheckpointPart[]): void {
  createCheckpointsTable(sql);
  const embeds = mayEmbed(sql, row, writes);
  const taskWrites = embeds
    ? packEntries(writes.map(({ part, bytes }) => ({ label: [part], type: "", bytes })))
    : null;
  const largeValues = row.largeValues.size > 0 ? JSON.stringify([...row.largeValues]) : null;
  const rowBytes = row.body.byteLength + (taskWrites?.byteLength ?? 0) + (largeValues?.length ?? 0);
  const fits = rowBytes <= CHUNK_BYTES;
  sql.exec(
    `INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       parent_checkpoint_id = excluded.parent_checkpoint_id, run_id = excluded.run_id,
       large_values = excluded.large_values, body = excluded.body`,
    ...keyOf(row),
    row.parentId,
    row.runId,
    largeValues,
    taskWrites,
    fits ? row.body : null,
  );
  if (!fits) writePart(sql, { ...row, part: BODY_PART, layer: 0, bytes: row.body });
  if (!embeds) for (const part of writes) writePart(sql, part);
}

/** Whether writes can be stored in the row of their checkpoint: they are small, and the first ones to it. */
function mayEmbed(sql: SqlStorage, key: CheckpointKey, writes: CheckpointPart[]): boolean {
  const size = writes.reduce((total, { bytes }) => total + bytes.byteLength, 0);
  if (writes.length === 0 || size > EMBEDDED_WRITES_BYTES) return false;
  const isStored = !sql.exec(`SELECT 1 FROM checkpoints ${WHERE_KEY}`, ...keyOf(key)).next().done;
  return !isStored && readWritesParts(sql, key).length === 0;
}

/** Reads a checkpoint without its large values and writes. */
export function readCheckpoint(sql: SqlStorage, key: CheckpointKey): CheckpointRow | undefined {
  if (!hasTable(sql, "checkpoints")) return undefined;
  const row = sql
    .exec<{
      parent_checkpoint_id: string | null;
      run_id: string | null;
      large_values: string | null;
      body: ArrayBuffer | null;
    }>(`SELECT parent_checkpoint_id, run_id, large_values, body FROM checkpoints ${WHERE_KEY}`, ...keyOf(key))
    .next().value;
  if (!row) return undefined;
  return {
    ...key,
    parentId: row.parent_checkpoint_id,
    runId: row.run_id,
    largeValues: new Map(JSON.parse(row.large_values ?? "[]") as [string, LargeValue][]),
    body: row.body === null ? readPart(sql, key, BODY_PART) : new Uint8Array(row.body),
  };
}

/** Reads the writes of the tasks of a checkpoint, or of one task, older layers of a task first. */
export function readWrites(sql: SqlStorage, key: CheckpointKey, taskId?: string): CheckpointPart[] {
  const stored = readWritesParts(sql, key, taskId);
  const embedded = readEmbeddedWrites(sql, key).filter((own) => {
    if (taskId !== undefined && own.part !== writesPart(taskId)) return false;
    // What its run added later is stored as the whole layer.
    return !stored.some(({ part, layer }) => part === own.part && layer === own.layer);
  });
  return [...embedded, ...stored];
}

function readEmbeddedWrites(sql: SqlStorage, key: CheckpointKey): CheckpointPart[] {
  if (!hasTable(sql, "checkpoints")) return [];
  const row = sql
    .exec<{ run_id: string | null; task_writes: ArrayBuffer | null }>(
      `SELECT run_id, task_writes FROM checkpoints ${WHERE_KEY}`,
      ...keyOf(key),
    )
    .next().value;
  if (!row?.task_writes) return [];
  return unpackEntries(new Uint8Array(row.task_writes)).map(({ label, bytes }) => {
    return { ...key, part: String(label[0]), layer: 0, runId: row.run_id, bytes };
  });
}

/** Which checkpoints `findCheckpoints` returns. What is left out or an empty id does not restrict. */
export interface CheckpointQuery {
  threadId?: string | undefined;
  ns?: string | undefined;
  checkpointId?: string | undefined;
  runId?: string | undefined;
  /** Only checkpoints older than this id. */
  before?: string | undefined;
  limit?: number | undefined;
}

/** The keys of the checkpoints that match, newest first. */
export function findCheckpoints(sql: SqlStorage, query: CheckpointQuery): CheckpointKey[] {
  if (!hasTable(sql, "checkpoints")) return [];
  const conditions: [condition: string, value: string | undefined][] = [
    ["thread_id = ?", query.threadId],
    ["checkpoint_ns = ?", query.ns],
    ["checkpoint_id = ?", query.checkpointId || undefined],
    ["run_id = ?", query.runId],
    ["checkpoint_id < ?", query.before || undefined],
  ];
  const given = conditions.filter(([, value]) => value !== undefined);
  const where = given.length > 0 ? `WHERE ${given.map(([condition]) => condition).join(" AND ")}` : "";
  const rows = sql.exec<{ thread_id: string; checkpoint_ns: string; checkpoint_id: string }>(
    `SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints ${where}
     ORDER BY checkpoint_id DESC LIMIT ?`,
    ...given.map(([, value]) => value),
    query.limit ?? -1, // a negative limit is none
  );
  return Array.from(rows, (row) => ({
    threadId: row.thread_id,
    ns: row.checkpoint_ns,
    checkpointId: row.checkpoint_id,
  }));
}

/** Deletes everything of a thread. */
export function deleteThreadRows(sql: SqlStorage, threadId: string): void {
  for (const table of ["checkpoints", "checkpoint_parts"] as const) {
    if (hasTable(sql, table)) sql.exec(`DELETE FROM ${table} WHERE thread_id = ?`, threadId);
  }
}

/** Deletes what a run wrote, but keeps its large values that checkpoints of other runs still refer to. */
export function deleteRunRows(sql: SqlStorage, threadId: string, runId: string): void {
  const keys = findCheckpoints(sql, { threadId, runId });
  for (const key of keys) sql.exec(`DELETE FROM checkpoints ${WHERE_KEY}`, ...keyOf(key));
  if (!hasTable(sql, "checkpoint_parts")) return;
  // With the checkpoints go the writes that other runs added to them.
  for (const key of keys) {
    sql.exec(`DELETE FROM checkpoint_parts ${WHERE_KEY} AND NOT (${IS_VALUE})`, ...keyOf(key));
  }
  sql.exec(
    `DELETE FROM checkpoint_parts WHERE thread_id = ? AND run_id = ? AND ${IS_WRITES}`,
    threadId,
    runId,
  );
  if (hasTable(sql, "checkpoints")) deleteUnreferencedValues(sql, threadId);
}

/** Deletes the large values that no checkpoint of the thread refers to. */
export function deleteUnreferencedValues(sql: SqlStorage, threadId: string): void {
  const idOf = (...names: string[]) => JSON.stringify(names);
  const referenced = new Set<string>();
  const referring = sql.exec<{ checkpoint_ns: string; large_values: string }>(
    "SELECT checkpoint_ns, large_values FROM checkpoints WHERE thread_id = ? AND large_values IS NOT NULL",
    threadId,
  );
  for (const { checkpoint_ns, large_values } of referring) {
    for (const [channel, { origin }] of JSON.parse(large_values) as [string, LargeValue][]) {
      referenced.add(idOf(checkpoint_ns, origin, valuePart(channel)));
    }
  }
  const stored = sql
    .exec<{ checkpoint_ns: string; checkpoint_id: string; part: string }>(
      `SELECT checkpoint_ns, checkpoint_id, part FROM checkpoint_parts
       WHERE thread_id = ? AND chunk = 0 AND ${IS_VALUE}`,
      threadId,
    )
    .toArray();
  for (const { checkpoint_ns: ns, checkpoint_id: checkpointId, part } of stored) {
    if (referenced.has(idOf(ns, checkpointId, part))) continue;
    sql.exec(
      `DELETE FROM checkpoint_parts ${WHERE_KEY} AND part = ?`,
      ...keyOf({ threadId, ns, checkpointId }),
      part,
    );
  }
}
