/**
 * The long lists that the last run of each thread of an object has left in memory, so that the next run need not read and
 * deserialize them anew. The reference of a leaf or a node names its content for good. So it does no harm when checkpoints have
 * been deleted since.
 */
import type { Leaf } from "./list-leaves";
import type { ListTree } from "./list-tree";

/** Serialized bytes of all lists that are remembered. In memory they take about five times as much. */
const MAX_BYTES = 4 * 1024 * 1024;

export interface RememberedList {
  leaves: readonly Leaf[];
  /** The references of the leaves. */
  tree: ListTree;
}

export class ListMemory {
  readonly #lists = new Map<string, { list: RememberedList; size: number }>();
  #bytes = 0;

  get(key: string): RememberedList | undefined {
    return this.#lists.get(key)?.list;
  }

  /** Remembers a list. The lists that were saved longest ago give way to it. */
  set(key: string, { leaves, tree }: RememberedList, size: number): void {
    this.delete(key);
    this.#lists.set(key, { list: { leaves, tree }, size });
    this.#bytes += size;
    for (const oldest of this.#lists.keys()) {
      if (this.#bytes <= MAX_BYTES) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#lists.get(key)?.size ?? 0;
    this.#lists.delete(key);
  }
}
