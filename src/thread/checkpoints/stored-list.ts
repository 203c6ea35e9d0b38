/**
 * How a long list is written in the body of a checkpoint: the references of its leaves, and the items at its end that do not fill
 * a leaf. Leaves and nodes are blocks. The new blocks of one checkpoint are packed together into one part of the thread, a pack.
 */
import { now } from "../../platform/clock";
import type { Levels } from "./list-tree";
import { compressPacked, packEntries, unpackEntries } from "./packed-entries";

/** The type of a channel value that is a long list. Other types are those of LangGraph's serializer. */
export const LIST_TYPE = "list";

export interface StoredList {
  /** Bytes of the items when serialized. */
  size: number;
  levels: Levels;
  /** The last items, as the JSON of an array. */
  tail: Uint8Array;
}

export function packList({ size, levels, tail }: StoredList): Uint8Array {
  return packEntries([
    { label: [size], type: "levels", bytes: toJson(levels) },
    { label: [], type: "json", bytes: tail },
  ]);
}

/** The list that {@link packList} packed. @throws when the bytes are damaged */
export function unpackList(packed: Uint8Array): StoredList {
  const [levels, tail] = unpackEntries(packed);
  if (!levels || !tail) throw new Error("A stored list is damaged");
  return { size: Number(levels.label[0]), levels: fromJson(levels.bytes) as Levels, tail: tail.bytes };
}

/** The new blocks of one checkpoint. */
export class Pack {
  readonly id = newPackId();
  readonly #blocks: Uint8Array[] = [];

  /** Adds a leaf: the JSON of an array of items. @returns its reference */
  addLeaf(items: Uint8Array): string {
    return `${this.id}.${this.#blocks.push(items) - 1}`;
  }

  /** Adds a node: references of blocks. @returns its reference */
  addNode(refs: string[]): string {
    return this.addLeaf(toJson(refs));
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  toBytes(): Uint8Array {
    return compressPacked(packEntries(this.#blocks.map((bytes) => ({ label: [], type: "", bytes }))));
  }
}

/** The id of the pack that holds the block with the reference `ref`. */
export const packOf = (ref: string): string => ref.slice(0, ref.indexOf("."));

/** The blocks with the given references, from their packs. @throws when a pack lacks a block */
export function blocksOf(refs: string[], packs: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  const unpacked = new Map(Array.from(packs, ([id, bytes]) => [id, unpackEntries(bytes)]));
  return refs.map((ref) => {
    const id = packOf(ref);
    const block = unpacked.get(id)?.[Number(ref.slice(id.length + 1))];
    if (block === undefined) throw new Error(`A stored list lacks its block ${ref}`);
    return block.bytes;
  });
}

/** The references in a node. */
export const refsOf = (node: Uint8Array): string[] => fromJson(node) as string[];

let lastPackId = 0;

/**
 * An id that no other pack of the thread has: microseconds since the epoch as text, at least one more than the last id. The ids of
 * a thread rise, which keeps their rows together, and have much in common, which compresses well. The platform's clock has
 * milliseconds; the rest is random, so that hosts whose clocks differ do not make the same id.
 */
function newPackId(): string {
  lastPackId = Math.max(lastPackId + 1, now() * 1000 + Math.floor(Math.random() * 1000));
  return lastPackId.toString(36);
}

const toJson = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const fromJson = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
