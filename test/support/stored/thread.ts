/** The storage of thread objects, as earlier versions of the server have left it. */
import { runInDurableObject } from "cloudflare:test";
import { gunzipSync } from "node:zlib";
import { threadStub } from "../crons";
import schema1 from "./thread-schema-1.txt?raw";
import schema2 from "./thread-schema-2.txt?raw";
import schema3 from "./thread-schema-3.txt?raw";
import schema4 from "./thread-schema-4.txt?raw";

interface StoredTable {
  sql: string;
  rows: Record<string, string | number | null | { base64: string }>[];
}

interface StoredObject {
  schema_version: number;
  [table: string]: StoredTable | number;
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

/**
 * The stored threads, by the version of their schema: their ids and their objects. Each has run the graph "agent" four times, once with a
 * message of 17,000 characters.
 */
export const STORED_THREADS = new Map([
  [1, { id: "01a215d6-4415-73a9-b667-4f27e53b35c3", stored: schema1 }],
  [2, { id: "01a215d6-4415-73a9-b667-4f27e53b35c4", stored: schema2 }],
  [3, { id: "01a215d6-4415-73a9-b667-4f27e53b35c5", stored: schema3 }],
  [4, { id: "01a215d6-4415-73a9-b667-4f27e53b35c6", stored: schema4 }],
]);

/** Has an empty object store the thread as it was in this version of the schema. @returns the id of the thread */
export async function restoreThread(version: number): Promise<string> {
  const thread = STORED_THREADS.get(version);
  if (thread === undefined) throw new Error(`no thread of schema version ${version} is stored`);
  await runInDurableObject(threadStub(thread.id) as DurableObjectStub, (_object, { storage }) => {
    restore(storage, thread.stored);
  });
  return thread.id;
}

function restore(storage: DurableObjectStorage, stored: string): void {
  const json = new TextDecoder().decode(gunzipSync(bytesOf(stored.replaceAll("\n", ""))));
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
