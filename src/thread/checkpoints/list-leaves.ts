/**
 * The leaves of a list: consecutive items that are stored together, once, for all checkpoints whose list has them. When a list is
 * saved again, the leaves that it still has are found by comparing items, and only the other items are serialized.
 */
import { equalsSnapshot, type Snapshot } from "./item-snapshot";

/** A leaf that is stored, or is about to be. */
export interface Leaf {
  ref: string;
  items: readonly unknown[];
  /** What the items looked like when they were stored. */
  snapshots: readonly Snapshot[];
  /** Bytes of the serialized items. */
  size: number;
}

/** An item that belongs to no leaf yet. */
export interface LooseItem {
  item: unknown;
}

export const isLeaf = (piece: Leaf | LooseItem): piece is Leaf => "ref" in piece;

/** The list as leaves that it has in common with an earlier list, and the items between them. */
export function cutAlong(leaves: readonly Leaf[], list: readonly unknown[]): (Leaf | LooseItem)[] {
  const pieces: (Leaf | LooseItem)[] = [];
  let byFirstItem: Map<unknown, number> | undefined;
  let next = 0;
  for (let at = 0; at < list.length;) {
    // Usually the list has grown at its end, and its leaves follow each other as before.
    let leaf = leaves[next];
    if (leaf !== undefined && !hasLeafAt(list, at, leaf)) {
      byFirstItem ??= new Map(leaves.map(({ items }, index) => [identityOf(items[0]), index]));
      const index = byFirstItem.get(identityOf(list[at])) ?? -1;
      leaf = leaves[index];
      if (leaf !== undefined && hasLeafAt(list, at, leaf)) next = index;
      else leaf = undefined;
    }
    if (leaf === undefined) {
      pieces.push({ item: list[at] });
      at += 1;
      continue;
    }
    pieces.push(leaf);
    at += leaf.items.length;
    next += 1;
  }
  return pieces;
}

/** Whether the items of a leaf are still what was stored. */
export const isUnchanged = ({ items, snapshots }: Leaf): boolean =>
  items.every((item, i) => equalsSnapshot(item, snapshots[i]));

function hasLeafAt(list: readonly unknown[], at: number, { snapshots }: Leaf): boolean {
  if (at + snapshots.length > list.length) return false;
  return snapshots.every((snapshot, i) => equalsSnapshot(list[at + i], snapshot));
}

/** What an item is recognised by when it has moved: its `id` if it has one, as messages do. */
function identityOf(item: unknown): unknown {
  if (typeof item !== "object" || item === null) return item;
  return "id" in item && typeof item.id === "string" ? item.id : item;
}
