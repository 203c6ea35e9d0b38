/**
 * The layout of a checkpoint's own row: its head (the checkpoint without values), its metadata, and the
 * channel values that are small enough to be there. And how large anything may get.
 */
import { packEntries, unpackEntries, type Serialized } from "./packed-entries";

/** Largest serialized size of a checkpoint with all its values, and of the writes of one task. */
export const MAX_CHECKPOINT_BYTES = 64 * 1024 * 1024;

/** A channel value above this size is kept out of the row of its checkpoint. */
export const INLINE_VALUE_BYTES = 16 * 1024;

/** So are the values that no longer fit in this much of the row. */
const INLINE_TOTAL_BYTES = 128 * 1024;

/** A channel value with the version it was saved at. */
export interface VersionedValue extends Serialized {
  version: string | number | null;
}

/** What a checkpoint's row holds, serialized. */
export interface CheckpointBody {
  head: Serialized;
  metadata: Serialized;
  values: Map<string, VersionedValue>;
}

/** Packs a body for its row. */
export function packBody({ head, metadata, values }: CheckpointBody): Uint8Array {
  const entries = Array.from(values, ([channel, { version, ...value }]) => ({
    label: [channel, version],
    ...value,
  }));
  return packEntries([{ label: [], ...head }, { label: [], ...metadata }, ...entries]);
}

/** Reverses `packBody`. */
export function unpackBody(packed: Uint8Array): CheckpointBody {
  const [head, metadata, ...entries] = unpackEntries(packed);
  if (!head || !metadata) throw new Error("A stored checkpoint is damaged");
  const values = entries.map(
    ({ label: [channel, version = null], type, bytes }): [string, VersionedValue] => {
      return [String(channel), { version, type, bytes }];
    },
  );
  return { head, metadata, values: new Map(values) };
}

/** Moves `value` into the row of a body if it is small and the row has room for it; says whether it has. */
export function addInline(
  body: Map<string, VersionedValue>,
  channel: string,
  value: VersionedValue,
): boolean {
  const size = value.bytes.byteLength;
  if (size > INLINE_VALUE_BYTES) return false;
  const taken = [...body.values()].reduce((total, { bytes }) => total + bytes.byteLength, 0);
  if (taken + size > INLINE_TOTAL_BYTES) return false;
  body.set(channel, value);
  return true;
}

/** Throws if something of this serialized size may not be saved. `what` begins the message. */
export function assertSize(size: number, what: string): void {
  if (size <= MAX_CHECKPOINT_BYTES) return;
  const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  throw new Error(
    `${what} is ${mebibytes(size)} when serialized, above the limit of ${mebibytes(MAX_CHECKPOINT_BYTES)}. ` +
      "Keep large data outside the state, for instance in the store, and only a reference to it in the state.",
  );
}
