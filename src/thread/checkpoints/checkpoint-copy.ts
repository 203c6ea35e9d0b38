/** Copies the checkpoints of a thread to another object, in pieces that fit a call between objects. */
import { CHECKPOINT_TABLES, type CheckpointPiece, type PiecePosition } from "../../calls/thread-calls";
import { createPartsTable, hasTable } from "./checkpoint-parts";
import { createCheckpointsTable } from "./checkpoint-tables";

/** A piece ends when it has more bytes than this. A call between objects carries 32 MiB. */
const PIECE_BYTES = 8_000_000;

type Row = Record<string, SqlStorageValue>;

/** Reads as many rows of a thread as fit a piece. @param position where the piece begins */
export function readPiece(sql: SqlStorage, threadId: string, position: PiecePosition): CheckpointPiece {
  const table = CHECKPOINT_TABLES[position.table] ?? "checkpoint_parts";
  const following =
    position.table + 1 < CHECKPOINT_TABLES.length ? { table: position.table + 1, offset: 0 } : null;
  if (!hasTable(sql, table)) return { table, rows: [], next: following };
  const rows: Row[] = [];
  let bytes = 0;
  const cursor = sql.exec<Row>(
    `SELECT * FROM ${table} WHERE thread_id = ? ORDER BY checkpoint_ns, checkpoint_id LIMIT -1 OFFSET ?`,
    threadId,
    position.offset,
  );
  for (const row of cursor) {
    rows.push(row);
    bytes += Object.values(row).reduce<number>((sum, value) => sum + sizeOf(value), 0);
    if (bytes > PIECE_BYTES) {
      return { table, rows, next: { table: position.table, offset: position.offset + rows.length } };
    }
  }
  return { table, rows, next: following };
}

/** Stores a piece of another thread's checkpoints as checkpoints of the thread `threadId`. */
export function writePiece(
  storage: DurableObjectStorage,
  threadId: string,
  { table, rows }: CheckpointPiece,
): void {
  storage.transactionSync(() => {
    createTable(storage.sql, table);
    for (const row of rows) {
      const copy = { ...row, thread_id: threadId };
      const columns = Object.keys(copy);
      storage.sql.exec(
        `INSERT OR REPLACE INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
        ...Object.values(copy),
      );
    }
  });
}

function createTable(sql: SqlStorage, table: CheckpointPiece["table"]): void {
  if (table === "checkpoints") createCheckpointsTable(sql);
  else createPartsTable(sql);
}

function sizeOf(value: SqlStorageValue): number {
  if (value instanceof ArrayBuffer) return value.byteLength;
  return typeof value === "string" ? value.length : 8;
}
