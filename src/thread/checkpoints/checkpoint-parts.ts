/**
 * The table `checkpoint_parts`: what belongs to a checkpoint but is not in its row, cut in chunks where it is
 * large. These are the writes of tasks, large channel values, and a checkpoint's body if it outgrew its row.
 *
 * Like `checkpoints` it leads with the thread id, because an object may hold several threads, and has neither
 * rowid nor further index, because every row and index entry written is billed.
 */

/** Longest blob put in one row. The platform's limit is 2 MB for a whole row. */
export const CHUNK_BYTES = 1_500_000;

/** What names one checkpoint. */
export interface CheckpointKey {
  threadId: string;
  ns: string;
  checkpointId: string;
}

/**
 * Something that belongs to a checkpoint. Two runs that write for one task of one checkpoint (the second
 * resumes the first) each get a layer, so that deleting the second brings back what it overrode.
 */
export interface CheckpointPart extends CheckpointKey {
  part: string;
  layer: number;
  runId: string | null;
  bytes: Uint8Array;
}

/** Name of the part with a checkpoint's body. */
export const BODY_PART = "body";

/** Name of the part with a large value of `channel`. */
export const valuePart = (channel: string) => `value:${channel}`;

/** Name of the part with the writes of a task. */
export const writesPart = (taskId: string) => `writes:${taskId}`;

/** Whether a part holds the writes of a task. */
export const isWrites = ({ part }: CheckpointPart) => part.startsWith("writes:");

/** The task whose writes a part named by `writesPart` holds. */
export const taskOfPart = (part: string) => part.slice("writes:".length);

/** Restricts a statement to one checkpoint, given `keyOf`. */
export const WHERE_KEY = "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?";

// ';' is the character after ':', so these are ranges of the primary key.
export const IS_VALUE = "part >= 'value:' AND part < 'value;'";
export const IS_WRITES = "part >= 'writes:' AND part < 'writes;'";

export const keyOf = ({ threadId, ns, checkpointId }: CheckpointKey) => [threadId, ns, checkpointId] as const;

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS checkpoint_parts (
  thread_id TEXT NOT NULL,
  checkpoint_ns TEXT NOT NULL,
  checkpoint_id TEXT NOT NULL,
  part TEXT NOT NULL, -- body, value:<channel>, writes:<task id>
  layer INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  run_id TEXT,
  bytes BLOB NOT NULL,
  PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, part, layer, chunk)
) WITHOUT ROWID`;

/**
 * Whether a table was created yet, which happens when a row is first written to it: creating a table is
 * billed as two rows, so readers do not, and a thread that has only small checkpoints has no parts table.
 */
export function hasTable(sql: SqlStorage, table: "checkpoints" | "checkpoint_parts"): boolean {
  return !sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", table).next().done;
}

/** Makes the table, if it is not there. */
export function createPartsTable(sql: SqlStorage): void {
  sql.exec(CREATE_TABLE);
}

/** Writes a part in as many chunks as it needs, replacing what was there. */
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

/** Reads the only layer of a part. Throws if it is not there. */
export function readPart(sql: SqlStorage, key: CheckpointKey, part: string): Uint8Array {
  const [found] = readParts(sql, key, "part = ?", part);
  if (!found) throw new Error(`Checkpoint ${key.checkpointId} of thread ${key.threadId} lacks its ${part}`);
  return found.bytes;
}

/** Reads the parts with the writes of one task or of all, older layers of a task first. */
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
