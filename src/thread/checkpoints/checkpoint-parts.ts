/**
 * The table `checkpoint_parts`. It holds what belongs to a checkpoint and is not in its row: the writes of tasks, large channel
 * values, and the body of a checkpoint that is too large for one row. Each part is cut into chunks that fit a row.
 *
 * The primary key of this table and of `checkpoints` begins with the thread's id, because an object may hold several threads.
 * Neither table has a rowid or a further index, because each row and each index entry is billed.
 */

/** Bytes of the longest blob in one row. A whole row may have 2 MB. */
export const CHUNK_BYTES = 1_500_000;

/** The names by which a checkpoint is found. */
export interface CheckpointKey {
  threadId: string;
  ns: string;
  checkpointId: string;
}

/**
 * One part of a checkpoint. When a run resumes another one, both may write for the same task of the same checkpoint. Each then
 * has a layer of its own: when the second run is deleted, the writes of the first are visible again.
 */
export interface CheckpointPart extends CheckpointKey {
  /** The name of the part: `body`, `value:<channel>`, `writes:<task id>`, or `pack:<id>` of the thread. */
  part: string;
  layer: number;
  runId: string | null;
  bytes: Uint8Array;
}

/** The name of the part with a checkpoint's body. */
export const BODY_PART = "body";

/** The name of the part with a large value of `channel`. */
export const valuePart = (channel: string) => `value:${channel}`;

/** The name of the part with the writes of a task. */
export const writesPart = (taskId: string) => `writes:${taskId}`;

/** The name of the part with blocks of long lists. */
export const packPart = (id: string) => `pack:${id}`;

/** The key of all packs of a thread. A pack belongs to no single checkpoint: the checkpoints of a thread share it. */
export const packKey = (threadId: string): CheckpointKey => ({ threadId, ns: "", checkpointId: "" });

/** Whether a part holds the writes of a task. */
export const isWrites = ({ part }: CheckpointPart) => part.startsWith("writes:");

/** The id of the task whose writes the part holds. @param part a name that `writesPart` made */
export const taskOfPart = (part: string) => part.slice("writes:".length);

/** SQL: the row belongs to the checkpoint whose {@link keyOf} is bound to the three parameters. */
export const WHERE_KEY = "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?";

// ';' is the character after ':', so that these two conditions are ranges of the primary key.
/** SQL: the part holds a large channel value. */
export const IS_VALUE = "part >= 'value:' AND part < 'value;'";
/** SQL: the part holds the writes of a task. */
export const IS_WRITES = "part >= 'writes:' AND part < 'writes;'";

/** SQL: the part holds blocks of long lists. */
export const IS_PACK = "part >= 'pack:' AND part < 'pack;'";

/** A key as the parameters of {@link WHERE_KEY}. */
export const keyOf = ({ threadId, ns, checkpointId }: CheckpointKey) => [threadId, ns, checkpointId] as const;

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS checkpoint_parts (
  thread_id TEXT NOT NULL,
  checkpoint_ns TEXT NOT NULL,
  checkpoint_id TEXT NOT NULL,
  part TEXT NOT NULL, -- body, value:<channel>, writes:<task id>, pack:<id>
  layer INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  run_id TEXT,
  bytes BLOB NOT NULL,
  PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, part, layer, chunk)
) WITHOUT ROWID`;

/**
 * Whether a table exists. A table is made when its first row is written, because making it is billed as two rows. An object that
 * has only small checkpoints has no table of parts.
 */
export function hasTable(sql: SqlStorage, table: "checkpoints" | "checkpoint_parts"): boolean {
  return !sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", table).next().done;
}

/** Makes the table, if it does not exist. */
export function createPartsTable(sql: SqlStorage): void {
  sql.exec(CREATE_TABLE);
}

/** Stores a part, in as many chunks as it needs. It replaces a stored part with the same name and layer. */
export function writePart(sql: SqlStorage, part: CheckpointPart): void {
  createPartsTable(sql);
  const name = [...keyOf(part), part.part, part.layer] as const;
  const chunks = Math.max(1, Math.ceil(part.bytes.byteLength / CHUNK_BYTES));
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const bytes = part.bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES);
    sql.exec(
      "INSERT OR REPLACE INTO checkpoint_parts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      ...name,
      chunk,
      part.runId,
      bytes,
    );
  }
  sql.exec(
    `DELETE FROM checkpoint_parts ${WHERE_KEY} AND part = ? AND layer = ? AND chunk >= ?`,
    ...name,
    chunks,
  );
}

/** Reads a part that has one layer, as bodies and large values have. @throws when the part is not stored */
export function readPart(sql: SqlStorage, key: CheckpointKey, part: string): Uint8Array {
  const [found] = readParts(sql, key, "part = ?", part);
  if (!found) throw new Error(`Checkpoint ${key.checkpointId} of thread ${key.threadId} lacks its ${part}`);
  return found.bytes;
}

/** Reads packs of a thread. @returns their bytes by their ids; packs that are not stored are left out */
export function readPacks(sql: SqlStorage, threadId: string, ids: string[]): Map<string, Uint8Array> {
  const names = JSON.stringify(ids.map(packPart));
  const parts = readParts(sql, packKey(threadId), "part IN (SELECT value FROM json_each(?))", names);
  return new Map(parts.map(({ part, bytes }) => [part.slice("pack:".length), bytes]));
}

/** Reads the parts with the writes of one task, or of all tasks. Older layers of a task come first. */
export function readWritesParts(sql: SqlStorage, key: CheckpointKey, taskId?: string): CheckpointPart[] {
  if (taskId === undefined) return readParts(sql, key, IS_WRITES);
  return readParts(sql, key, "part = ?", writesPart(taskId));
}

function readParts(
  sql: SqlStorage,
  key: CheckpointKey,
  condition: string,
  ...values: string[]
): CheckpointPart[] {
  if (!hasTable(sql, "checkpoint_parts")) return [];
  const cursor = sql.exec<{ part: string; layer: number; run_id: string | null; bytes: ArrayBuffer }>(
    `SELECT part, layer, run_id, bytes FROM checkpoint_parts
     ${WHERE_KEY} AND ${condition} ORDER BY part, layer, chunk`,
    ...keyOf(key),
    ...values,
  );
  const parts: { name: Omit<CheckpointPart, "bytes">; chunks: ArrayBuffer[] }[] = [];
  for (const { part, layer, run_id, bytes } of cursor) {
    const last = parts.at(-1);
    if (last?.name.part === part && last.name.layer === layer) last.chunks.push(bytes);
    else parts.push({ name: { ...key, part, layer, runId: run_id }, chunks: [bytes] });
  }
  return parts.map(({ name, chunks }) => ({ ...name, bytes: joinChunks(chunks) }));
}

function joinChunks(chunks: ArrayBuffer[]): Uint8Array {
  const [first] = chunks;
  if (first && chunks.length === 1) return new Uint8Array(first);
  const joined = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(new Uint8Array(chunk), offset);
    offset += chunk.byteLength;
  }
  return joined;
}
