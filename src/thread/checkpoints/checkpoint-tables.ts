/**
 * The table `checkpoints`. It has one row for each checkpoint, with the small channel values, and with the writes of tasks that
 * were saved together with the checkpoint. Large values and other writes are in the table `checkpoint_parts`.
 */
import {
  BODY_PART,
  CHUNK_BYTES,
  WHERE_KEY,
  hasTable,
  keyOf,
  readPart,
  readWritesParts,
  writePart,
  writesPart,
  type CheckpointKey,
  type CheckpointPart,
} from "./checkpoint-parts";
import { packBody, unpackBody, type CheckpointBody } from "./checkpoint-body";
import { compressPacked, packEntries, unpackEntries } from "./packed-entries";

/** Writes of tasks up to this size in all are stored in the row of their checkpoint, if they are saved together with it. */
const EMBEDDED_WRITES_BYTES = 128 * 1024;

/** A reference to a channel value that is too large for the checkpoint's own row. */
export interface LargeValue {
  version: string | number | null;
  /** The id of the checkpoint that wrote the value. Later checkpoints refer to it for as long as the value does not change. */
  origin: string;
  /** The type that the serializer gave to the bytes. */
  type: string;
  /** Bytes of the serialized value. */
  size: number;
}

/** One checkpoint. */
export interface CheckpointRow extends CheckpointKey {
  parentId: string | null;
  /** The run that wrote the checkpoint; null when no run did. */
  runId: string | null;
  /** By channel. */
  largeValues: Map<string, LargeValue>;
  body: CheckpointBody;
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

/** Makes the table, if it does not exist. */
export function createCheckpointsTable(sql: SqlStorage): void {
  sql.exec(CREATE_TABLE);
}

/**
 * Stores a checkpoint. It replaces a stored checkpoint with the same id, but not the writes to that.
 * @param writes writes of tasks to the checkpoint, which are stored together with it
 */
export function writeCheckpoint(sql: SqlStorage, row: CheckpointRow, writes: CheckpointPart[]): void {
  createCheckpointsTable(sql);
  const embeds = mayEmbed(sql, row, writes);
  const taskWrites = embeds
    ? packEntries(writes.map(({ part, bytes }) => ({ label: [part], type: "", bytes })))
    : null;
  const body = compressPacked(packBody(row.body));
  const largeValues = row.largeValues.size > 0 ? JSON.stringify([...row.largeValues]) : null;
  const rowBytes = body.byteLength + (taskWrites?.byteLength ?? 0) + (largeValues?.length ?? 0);
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
    fits ? body : null,
  );
  if (!fits) writePart(sql, { ...row, part: BODY_PART, layer: 0, bytes: body });
  if (!embeds) for (const part of writes) writePart(sql, part);
}

/** Whether writes can be stored in the row of their checkpoint: they are small, and the checkpoint has no writes yet. */
function mayEmbed(sql: SqlStorage, key: CheckpointKey, writes: CheckpointPart[]): boolean {
  const size = writes.reduce((total, { bytes }) => total + bytes.byteLength, 0);
  if (writes.length === 0 || size > EMBEDDED_WRITES_BYTES) return false;
  const isStored = !sql.exec(`SELECT 1 FROM checkpoints ${WHERE_KEY}`, ...keyOf(key)).next().done;
  return !isStored && readWritesParts(sql, key).length === 0;
}

/** Reads a checkpoint without its large values and writes; undefined when it is not stored. */
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
    largeValues: new Map(largeValuesOf(row.large_values)),
    body: unpackBody(row.body === null ? readPart(sql, key, BODY_PART) : new Uint8Array(row.body)),
  };
}

/** The channels and large values in the column `large_values` of a checkpoint's row. */
export const largeValuesOf = (column: string | null): [channel: string, value: LargeValue][] =>
  column === null ? [] : (JSON.parse(column) as [string, LargeValue][]);

/** Reads the writes of one task to a checkpoint, or of all tasks. Older layers of a task come first. */
export function readWrites(sql: SqlStorage, key: CheckpointKey, taskId?: string): CheckpointPart[] {
  const stored = readWritesParts(sql, key, taskId);
  const embedded = readEmbeddedWrites(sql, key).filter((writes) => {
    if (taskId !== undefined && writes.part !== writesPart(taskId)) return false;
    // When a run adds writes later, its whole layer is stored again as a part, which replaces the embedded one.
    return !stored.some(({ part, layer }) => part === writes.part && layer === writes.layer);
  });
  return [...embedded, ...stored];
}

/** Reads the writes that are stored in the row of a checkpoint. */
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

/** Which checkpoints `findCheckpoints` returns. A field that is undefined, or an id that is empty, restricts nothing. */
export interface CheckpointQuery {
  threadId?: string | undefined;
  ns?: string | undefined;
  checkpointId?: string | undefined;
  runId?: string | undefined;
  /** Only checkpoints older than this id. */
  before?: string | undefined;
  limit?: number | undefined;
}

/** The keys of the checkpoints that match, with the runs that wrote them, newest first. */
export function findCheckpoints(
  sql: SqlStorage,
  query: CheckpointQuery,
): (CheckpointKey & Pick<CheckpointRow, "runId">)[] {
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
  const rows = sql.exec<{
    thread_id: string;
    checkpoint_ns: string;
    checkpoint_id: string;
    run_id: string | null;
  }>(
    `SELECT thread_id, checkpoint_ns, checkpoint_id, run_id FROM checkpoints ${where}
     ORDER BY checkpoint_id DESC LIMIT ?`,
    ...given.map(([, value]) => value),
    query.limit ?? -1, // a negative limit is none
  );
  return Array.from(rows, (row) => ({
    threadId: row.thread_id,
    ns: row.checkpoint_ns,
    checkpointId: row.checkpoint_id,
    runId: row.run_id,
  }));
}
