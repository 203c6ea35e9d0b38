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

/** All references of one level, and the nodes that hold them: node `i` holds those before `ends[i]` that no earlier node holds. */
export interface TreeLevel {
  refs: readonly string[];
  nodes: readonly string[];
  ends: readonly number[];
}

/** The levels of a list. The first has the references of its leaves, and each other one those of the nodes below. */
export type ListTree = readonly TreeLevel[];

/** A node has at least 2 references, 9 on average, and at most 32. */
const MIN_REFS = 2;
const MAX_REFS = 32;
/** One reference in so many ends a node. */
const END_ONE_IN = 8;

/**
 * The tree over the references of leaves.
 * @param before the tree of an earlier list. Its nodes are taken over for as long as the references are the same
 * @param storeNode stores any other node and returns its reference
 */
export function treeOf(
  leaves: readonly string[],
  before: ListTree,
  storeNode: (refs: string[]) => string,
): ListTree {
  const tree: TreeLevel[] = [];
  let refs = leaves;
  for (;;) {
    const level = group(refs, before[tree.length], storeNode);
    tree.push(level);
    if (level.nodes.length === 0) return tree;
    refs = level.nodes;
  }
}

/** What a checkpoint names of a tree. */
export const levelsOf = (tree: ListTree): Levels =>
  tree.map(({ refs, ends }) => refs.slice(ends.at(-1) ?? 0));

/** Whether a checkpoint names the whole of a tree and nothing else. */
export const hasLevels = (tree: ListTree, levels: Levels): boolean =>
  JSON.stringify(levelsOf(tree)) === JSON.stringify(levels);

/**
 * The tree that a checkpoint names.
 * @param readNodes the references in each of some nodes
 */
export function readTree(levels: Levels, readNodes: (nodes: readonly string[]) => string[][]): ListTree {
  const tree: TreeLevel[] = [];
  let nodes: readonly string[] = [];
  for (const rest of levels.toReversed()) {
    const ends: number[] = [];
    const refs: string[] = [];
    for (const children of readNodes(nodes)) ends.push(refs.push(...children));
    tree.unshift({ refs: [...refs, ...rest], nodes, ends });
    nodes = tree[0]?.refs ?? [];
  }
  return tree;
}

/** The nodes of a tree, each with the references in it. */
export function* nodesOf(tree: ListTree): Generator<[node: string, refs: readonly string[]]> {
  for (const { refs, nodes, ends } of tree) {
    for (const [i, node] of nodes.entries()) yield [node, refs.slice(ends[i - 1] ?? 0, ends[i])];
  }
}

function group(
  refs: readonly string[],
  before: TreeLevel = { refs: [], nodes: [], ends: [] },
  storeNode: (refs: string[]) => string,
): TreeLevel {
  let same = 0;
  while (same < refs.length && refs[same] === before.refs[same]) same += 1;
  const kept = before.ends.findLastIndex((end) => end <= same) + 1;
  const nodes = before.nodes.slice(0, kept);
  const ends = before.ends.slice(0, kept);
  let begin = ends.at(-1) ?? 0;
  for (let end = begin + 1; end <= refs.length; end += 1) {
    const isFull = end - begin >= MAX_REFS || hashOf(refs[end - 1] as string) % END_ONE_IN === 0;
    if (end - begin < MIN_REFS || !isFull) continue;
    nodes.push(storeNode(refs.slice(begin, end)));
    ends.push(end);
    begin = end;
  }
  return { refs, nodes, ends };
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
