/**
 * Packs several serialized values into one blob, so that a checkpoint or the writes of a task take one row. Each value can be
 * deserialized alone.
 *
 * Layout: length of the index (uint32, little endian), the index as JSON, then the bytes of each value. In a blob that was
 * compressed, all of this is deflated and follows {@link COMPRESSED}. Blobs of before 0.2.0 are never compressed.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";

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
/** Stands in the place of the length of the index. No index is as long. */
const COMPRESSED = 0xffffffff;
/** A longer blob is not compressed, because that would hold up the object. */
const MAX_COMPRESSED_BYTES = 512 * 1024;

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

/**
 * Compresses what {@link packEntries} packed, if that makes it smaller and was not done before. SQLite puts what exceeds about 1,000 bytes of a row into
 * pages of 4,096 bytes of its own, and most checkpoints are only a little larger than that.
 */
export function compressPacked(packed: Uint8Array): Uint8Array {
  if (packed.byteLength > MAX_COMPRESSED_BYTES || indexLengthOf(packed) === COMPRESSED) return packed;
  const deflated = deflateRawSync(packed);
  if (deflated.byteLength + INDEX_LENGTH_BYTES >= packed.byteLength) return packed;
  const compressed = new Uint8Array(INDEX_LENGTH_BYTES + deflated.byteLength);
  new DataView(compressed.buffer).setUint32(0, COMPRESSED, true);
  compressed.set(deflated, INDEX_LENGTH_BYTES);
  return compressed;
}

/** The entries that {@link packEntries} packed, from the blob or its compressed form. Their bytes may be views on the blob. */
export function unpackEntries(blob: Uint8Array): PackedEntry[] {
  const indexLength = indexLengthOf(blob);
  if (indexLength !== COMPRESSED) return unpackPlain(blob, indexLength);
  // A Buffer would be taken for what the graph has stored: values of the type `bytes` are views on it.
  const { buffer, byteOffset, byteLength } = inflateRawSync(blob.subarray(INDEX_LENGTH_BYTES));
  const packed = new Uint8Array(buffer, byteOffset, byteLength);
  return unpackPlain(packed, indexLengthOf(packed));
}

const indexLengthOf = (blob: Uint8Array): number =>
  new DataView(blob.buffer, blob.byteOffset).getUint32(0, true);

function unpackPlain(packed: Uint8Array, indexLength: number): PackedEntry[] {
  let offset = INDEX_LENGTH_BYTES + indexLength;
  const index = new TextDecoder().decode(packed.subarray(INDEX_LENGTH_BYTES, offset));
  return (JSON.parse(index) as IndexLine[]).map(([label, type, length]) => {
    const bytes = packed.subarray(offset, offset + length);
    offset += length;
    return { label, type, bytes };
  });
}
