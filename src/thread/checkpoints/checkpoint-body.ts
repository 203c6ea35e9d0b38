/**
 * The body of a checkpoint, as its row holds it: the head (the checkpoint without its values), the metadata, and the channel
 * values that are small enough for the row. Also the limits of size for checkpoints and for the writes of tasks.
 */
import { packEntries, unpackEntries, type Serialized } from "./packed-entries";
import { LIST_TYPE } from "./stored-list";

/** Bytes of the largest checkpoint, serialized with all its values, and of the largest writes of one task. */
export const MAX_CHECKPOINT_BYTES = 64 * 1024 * 1024;

/** A channel value with more bytes is not stored in the row of its checkpoint. */
export const INLINE_VALUE_BYTES = 16 * 1024;

/** Bytes of all channel values in one row. Further values are not stored in the row. */
const INLINE_TOTAL_BYTES = 128 * 1024;

/** A serialized channel value, and the version of the channel when it was saved. */
export interface VersionedValue extends Serialized {
  version: string | number | null;
}

/** The body of a checkpoint, with each of its pieces serialized. */
export interface CheckpointBody {
  head: Serialized;
  metadata: Serialized;
  /** By channel. */
  values: Map<string, VersionedValue>;
}

/** Packs a body into one blob, which is done when its checkpoint is stored. That of a temporary thread mostly never is. */
export function packBody({ head, metadata, values }: CheckpointBody): Uint8Array {
  const entries = Array.from(values, ([channel, { version, ...value }]) => ({
    label: [channel, version],
    ...value,
  }));
  return packEntries([{ label: [], ...head }, { label: [], ...metadata }, ...entries]);
}

/** Bytes of all that is serialized in a body. */
export function bodyBytes({ head, metadata, values }: CheckpointBody): number {
  return [head, metadata, ...values.values()].reduce((total, { bytes }) => total + bytes.byteLength, 0);
}

/** The body that {@link packBody} packed. @throws when the blob is damaged */
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

/**
 * Adds `value` to the values of a body, if it is small and the row has room for it. A long list is always added: it has only
 * references and its last items.
 * @returns whether it was added
 */
export function addInline(
  values: Map<string, VersionedValue>,
  channel: string,
  value: VersionedValue,
): boolean {
  const size = value.bytes.byteLength;
  if (value.type !== LIST_TYPE) {
    if (size > INLINE_VALUE_BYTES) return false;
    const taken = [...values.values()].reduce((total, { bytes }) => total + bytes.byteLength, 0);
    if (taken + size > INLINE_TOTAL_BYTES) return false;
  }
  values.set(channel, value);
  return true;
}

/** @throws when `size` bytes are more than may be saved. `what` names the thing at the beginning of the message */
export function assertSize(size: number, what: string): void {
  if (size <= MAX_CHECKPOINT_BYTES) return;
  const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  throw new Error(
    `${what} is ${mebibytes(size)} when serialized, above the limit of ${mebibytes(MAX_CHECKPOINT_BYTES)}. ` +
      "Keep large data outside the state, for instance in the store, and only a reference to it in the state.",
  );
}
