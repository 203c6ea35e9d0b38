/**
 * Packs several serialized values into one blob, so that a checkpoint or the writes of a task take one row. Each value can be
 * deserialized alone.
 *
 * Layout: length of the index (uint32, little endian), the index as JSON, then the bytes of each value.
 */

/** Identifies a value within its blob. The caller decides what it means. */
export type EntryLabel = (string | number | null)[];

/** A value as a LangGraph serializer wrote it. `type` is the type that its `loadsTyped` needs to read the bytes. */
export interface Serialized {
  type: string;
  bytes: Uint8Array;
}

export interface PackedEntry extends Serialized {
  label: EntryLabel;
}

type IndexLine = [label: EntryLabel, type: string, length: number];

const INDEX_LENGTH_BYTES = 4;

/** Packs `entries`, keeping their order. */
export function packEntries(entries: PackedEntry[]): Uint8Array {
  const lines = entries.map(({ label, type, bytes }): IndexLine => [label, type, bytes.byteLength]);
  const index = new TextEncoder().encode(JSON.stringify(lines));
  const start = INDEX_LENGTH_BYTES + index.byteLength;
  const packed = new Uint8Array(entries.reduce((size, entry) => size + entry.bytes.byteLength, start));
  new DataView(packed.buffer).setUint32(0, index.byteLength, true);
  packed.set(index, INDEX_LENGTH_BYTES);
  let offset = start;
  for (const { bytes } of entries) {
    packed.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return packed;
}

/** The entries that {@link packEntries} packed. Their bytes are views on `packed`. */
export function unpackEntries(packed: Uint8Array): PackedEntry[] {
  const indexLength = new DataView(packed.buffer, packed.byteOffset).getUint32(0, true);
  let offset = INDEX_LENGTH_BYTES + indexLength;
  const index = new TextDecoder().decode(packed.subarray(INDEX_LENGTH_BYTES, offset));
  return (JSON.parse(index) as IndexLine[]).map(([label, type, length]) => {
    const bytes = packed.subarray(offset, offset + length);
    offset += length;
    return { label, type, bytes };
  });
}
