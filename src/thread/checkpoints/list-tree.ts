/**
 * The references of a list as a tree. A long list has many leaves (see `list-leaves.ts`), and a checkpoint must not name each
 * of them. So consecutive references are grouped in nodes, which are stored once, and the references of nodes are grouped in
 * turn. A checkpoint names only the references at the end of each level that do not fill a node yet.
 *
 * Where a node ends follows from the references alone. So a list that has lost its first items shares most of its nodes with the
 * list before.
 */

/** References that no node holds, by level: those of leaves first, those of the topmost nodes last. */
export type Levels = string[][];

/** A node has at least 2 references, 9 on average, and at most 32. */
const MIN_REFS = 2;
const MAX_REFS = 32;
/** One reference in so many ends a node. */
const END_ONE_IN = 8;

/** The levels over the references of leaves. @param storeNode stores a node and returns its reference */
export function levelsOf(leaves: string[], storeNode: (refs: string[]) => string): Levels {
  const levels: Levels = [];
  let refs = leaves;
  for (;;) {
    const { nodes, rest } = group(refs);
    levels.push(rest);
    if (nodes.length === 0) return levels;
    refs = nodes.map(storeNode);
  }
}

/**
 * The references of the leaves under `levels`, in the order of the list.
 * @param readNodes the references in each of some nodes
 */
export function leavesOf(levels: Levels, readNodes: (nodes: string[]) => string[][]): string[] {
  return levels.reduceRight<string[]>((nodes, rest) => [...readNodes(nodes).flat(), ...rest], []);
}

function group(refs: string[]): { nodes: string[][]; rest: string[] } {
  const nodes: string[][] = [];
  let rest: string[] = [];
  for (const ref of refs) {
    rest.push(ref);
    if (rest.length < MIN_REFS || (rest.length < MAX_REFS && hashOf(ref) % END_ONE_IN !== 0)) continue;
    nodes.push(rest);
    rest = [];
  }
  return { nodes, rest };
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
