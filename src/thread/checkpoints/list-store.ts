/**
 * Saves and loads the lists of a checkpoint saver. A short list is one value like any other. A long list is cut into leaves, and
 * those that the list had before are referred to and not stored again. So a list that grows costs what was added to it.
 *
 * What the saver has loaded or saved is remembered: only leaves that are certainly stored may be referred to, and loaded items are
 * compared with what they were.
 */
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { CheckpointBuffer } from "./checkpoint-buffer";
import type { CheckpointKey } from "./checkpoint-parts";
import { snapshotOf, type Snapshot } from "./item-snapshot";
import { cutAlong, isLeaf, isUnchanged, type Leaf, type LooseItem } from "./list-leaves";
import type { ListMemory, RememberedList } from "./list-memory";
import { hasLevels, levelsOf, nodesOf, readTree, treeOf, type Levels, type ListTree } from "./list-tree";
import type { Serialized } from "./packed-entries";
import { blocksOf, LIST_TYPE, packList, packOf, refsOf, unpackList, type Pack } from "./stored-list";

/** A list with fewer bytes is stored whole in its checkpoint. */
export const LONG_LIST_BYTES = 8 * 1024;
/** A leaf is closed when it has at least so many bytes. */
const LEAF_BYTES = 1024;

/** Where a list is: its checkpoint and its channel. */
export interface ListPlace extends CheckpointKey {
  channel: string;
}

/** A list as it was loaded or saved last, of its channel and namespace. */
interface KnownList extends RememberedList {
  /** The checkpoint that has the list. While it exists, so do the leaves and the nodes. */
  checkpointId: string;
}

/** A list as it is stored in its checkpoint, and its bytes in all. */
export interface SerializedList extends Serialized {
  size: number;
}

interface SerializedItem {
  item: unknown;
  snapshot: Snapshot;
  bytes: Uint8Array;
}

/** Names a channel in a namespace of a thread. */
const keyOf = ({ threadId, ns, channel }: ListPlace): string => JSON.stringify([threadId, ns, channel]);

export class ListStore {
  readonly #known = new Map<string, KnownList>();

  /** @param memory remembers lists from one saver to the next */
  constructor(
    private readonly serde: SerializerProtocol,
    private readonly rows: CheckpointBuffer,
    private readonly memory?: ListMemory,
  ) {}

  /**
   * Serializes a list. The items are read before this returns, so that the graph may change them afterwards.
   * @param pack gets the blocks that are not stored yet
   */
  serialize(place: ListPlace, list: readonly unknown[], pack: Pack): Promise<SerializedList> {
    const known = this.#storedList(place);
    const pieces = cutAlong(known?.leaves ?? [], list);
    const loose = pieces.filter((piece): piece is LooseItem => !isLeaf(piece));
    const items = Promise.all(loose.map(({ item }) => this.#serializeItem(item)));
    return this.#join(place, pieces, items, pack, known);
  }

  /** Loads a long list. */
  async load(place: ListPlace, packed: Uint8Array): Promise<unknown[]> {
    const stored = unpackList(packed);
    const remembered = this.#known.get(keyOf(place)) ?? this.memory?.get(keyOf(place));
    const tree = this.#treeOf(place.threadId, stored.levels, remembered?.tree ?? []);
    const refs = tree[0]?.refs ?? [];
    const unchanged = new Map(
      remembered?.leaves.filter(isUnchanged).map((leaf): [string, Leaf] => [leaf.ref, leaf]),
    );
    const missing = refs.filter((ref) => !unchanged.has(ref));
    const blocks = this.#readBlocks(place.threadId, missing);
    const loading = missing.map((ref, i) => this.#loadLeaf(ref, blocks[i] as Uint8Array));
    const loaded = new Map((await Promise.all(loading)).map((leaf) => [leaf.ref, leaf]));
    const leaves = refs.map((ref) => (unchanged.get(ref) ?? loaded.get(ref)) as Leaf);
    this.#remember(place, { leaves, tree }, stored.size);
    const tail = (await this.serde.loadsTyped("json", stored.tail)) as unknown[];
    return [...leaves.flatMap(({ items }) => items), ...tail];
  }

  /** Forgets what was loaded and saved, because what was saved will not be stored. */
  clear(): void {
    for (const key of this.#known.keys()) this.memory?.delete(key);
    this.#known.clear();
  }

  /** The list that the channel had last, if all of it is certainly stored or in the buffer. */
  #storedList(place: ListPlace): KnownList | undefined {
    const known = this.#known.get(keyOf(place));
    return known && this.rows.has({ ...place, checkpointId: known.checkpointId }) ? known : undefined;
  }

  async #join(
    place: ListPlace,
    pieces: readonly (Leaf | LooseItem)[],
    loose: Promise<SerializedItem[]>,
    pack: Pack,
    known: KnownList | undefined,
  ): Promise<SerializedList> {
    const items = await loose;
    let next = 0;
    const serialized = pieces.map((piece) => (isLeaf(piece) ? piece : (items[next++] as SerializedItem)));
    const size = serialized.reduce(
      (total, piece) => total + ("ref" in piece ? piece.size : piece.bytes.byteLength + 1),
      1,
    );
    if (size < LONG_LIST_BYTES && items.length === serialized.length) {
      this.#known.delete(keyOf(place));
      const bytes = arrayOf(items);
      return { type: "json", bytes, size: bytes.byteLength };
    }
    const leaves: Leaf[] = [];
    let open: SerializedItem[] = [];
    let openBytes = 0;
    const close = (): void => {
      if (open.length > 0) leaves.push(newLeaf(open, pack));
      open = [];
      openBytes = 0;
    };
    for (const piece of serialized) {
      if ("ref" in piece) {
        close();
        leaves.push(piece);
        continue;
      }
      open.push(piece);
      openBytes += piece.bytes.byteLength;
      if (openBytes >= LEAF_BYTES) close();
    }
    const tree = treeOf(
      leaves.map(({ ref }) => ref),
      known?.tree ?? [],
      nodeWriter(known?.tree ?? [], pack),
    );
    this.#remember(place, { leaves, tree }, size);
    return { type: LIST_TYPE, bytes: packList({ size, levels: levelsOf(tree), tail: arrayOf(open) }), size };
  }

  /** The tree that a checkpoint names. @param remembered a tree whose nodes need not be read */
  #treeOf(threadId: string, levels: Levels, remembered: ListTree): ListTree {
    if (hasLevels(remembered, levels)) return remembered;
    const known = new Map(nodesOf(remembered));
    return readTree(levels, (nodes) => {
      const missing = nodes.filter((node) => !known.has(node));
      const blocks = this.#readBlocks(threadId, missing);
      for (const [i, block] of blocks.entries()) known.set(missing[i] as string, refsOf(block));
      return nodes.map((node) => [...(known.get(node) as readonly string[])]);
    });
  }

  #readBlocks(threadId: string, refs: string[]): Uint8Array[] {
    if (refs.length === 0) return [];
    return blocksOf(refs, this.rows.packs(threadId, [...new Set(refs.map(packOf))]));
  }

  async #loadLeaf(ref: string, bytes: Uint8Array): Promise<Leaf> {
    const items = (await this.serde.loadsTyped("json", bytes)) as unknown[];
    return { ref, items, snapshots: items.map(snapshotOf), size: bytes.byteLength - 1 };
  }

  /** Serializes one item as it is serialized within an array. */
  async #serializeItem(item: unknown): Promise<SerializedItem> {
    const snapshot = snapshotOf(item);
    if (isJsonPrimitive(item))
      return { item, snapshot, bytes: new TextEncoder().encode(JSON.stringify(item)) };
    const [, bytes] = await this.serde.dumpsTyped([item]);
    return { item, snapshot, bytes: bytes.subarray(1, -1) };
  }

  #remember(place: ListPlace, list: RememberedList, size: number): void {
    this.#known.set(keyOf(place), { checkpointId: place.checkpointId, ...list });
    this.memory?.set(keyOf(place), list, size);
  }
}

/** Stores nodes that the tree does not have, in a pack. A list that has lost its first items has most of its nodes from before. */
function nodeWriter(tree: ListTree, pack: Pack): (refs: string[]) => string {
  let known: Map<string, string> | undefined;
  return (refs) => {
    const isNew = refs.some((ref) => packOf(ref) === pack.id);
    if (isNew) return pack.addNode(refs);
    known ??= new Map(Array.from(nodesOf(tree), ([node, children]) => [children.join(), node]));
    return known.get(refs.join()) ?? pack.addNode(refs);
  };
}

function newLeaf(items: SerializedItem[], pack: Pack): Leaf {
  const bytes = arrayOf(items);
  return {
    ref: pack.addLeaf(bytes),
    items: items.map(({ item }) => item),
    snapshots: items.map(({ snapshot }) => snapshot),
    size: bytes.byteLength - 1,
  };
}

const COMMA = 0x2c;

/** The JSON of an array of items that are serialized already. */
function arrayOf(items: SerializedItem[]): Uint8Array {
  const bytes = new Uint8Array(
    items.reduce((size, item) => size + item.bytes.byteLength + 1, 1) + (items.length === 0 ? 1 : 0),
  );
  let offset = 0;
  bytes[offset++] = "[".charCodeAt(0);
  for (const [i, item] of items.entries()) {
    if (i > 0) bytes[offset++] = COMMA;
    bytes.set(item.bytes, offset);
    offset += item.bytes.byteLength;
  }
  bytes[offset] = "]".charCodeAt(0);
  return bytes;
}

const isJsonPrimitive = (item: unknown): boolean =>
  item === null || typeof item === "string" || typeof item === "number" || typeof item === "boolean";
