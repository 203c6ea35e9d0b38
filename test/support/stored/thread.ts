/** The storage of a thread object, as an earlier version of the server has left it. */
import { gunzipSync } from "node:zlib";
import schema1 from "./thread-schema-1.txt?raw";

interface StoredTable {
  sql: string;
  rows: Record<string, string | number | null | { base64: string }>[];
}

interface StoredObject {
  schema_version: number;
  [table: string]: StoredTable | number;
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

/** The thread in {@link schema1}, which has run the graph "agent" four times, once with a message of 17,000 characters. */
export const STORED_THREAD = "01a215d6-4415-73a9-b667-4f27e53b35c3";

/** Fills an empty object with the thread as schema version 1 of the thread object had it. */
export function restoreSchema1(storage: DurableObjectStorage): void {
  const json = new TextDecoder().decode(gunzipSync(bytesOf(schema1.replaceAll("\n", ""))));
  const { schema_version: version, ...tables } = JSON.parse(json) as StoredObject;
  storage.kv.put("schema_version", version);
  for (const [name, table] of Object.entries(tables)) {
    if (typeof table === "number") continue;
    storage.sql.exec(table.sql);
    for (const row of table.rows) {
      const values = Object.values(row).map((value) =>
        typeof value === "object" && value !== null ? bytesOf(value.base64) : value,
      );
      storage.sql.exec(
        `INSERT INTO ${name} (${Object.keys(row).join(", ")}) VALUES (${values.map(() => "?").join(", ")})`,
        ...values,
      );
    }
  }
}
