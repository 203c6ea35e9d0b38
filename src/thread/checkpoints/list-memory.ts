/**
 * The long lists that the last run of each thread of an object has left in memory, so that the next run need not deserialize
 * them anew. A leaf's reference names its content for good. So it does no harm when checkpoints have been deleted since.
 */
import type { Leaf } from "./list-leaves";

/** Serialized bytes of all lists that are remembered. In memory they take about five times as much. */
const MAX_BYTES = 4 * 1024 * 1024;

export class ListMemory {
  readonly #lists = new Map<string, { leaves: readonly Leaf[]; size: number }>();
  #bytes = 0;

  get(key: string): readonly Leaf[] | undefined {
    return this.#lists.get(key)?.leaves;
  }

  /** Remembers a list. The lists that were saved longest ago give way to it. */
  set(key: string, leaves: readonly Leaf[], size: number): void {
    this.delete(key);
    this.#lists.set(key, { leaves, size });
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
